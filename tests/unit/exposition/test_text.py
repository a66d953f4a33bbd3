from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from monitor.exposition import catalogue
from monitor.exposition.text import openmetrics_head, series_name, text_head

# the library's parser ends a line at a carriage return as well
awkward = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=12) | st.sampled_from(
    ['"', "\\", "\n", '\\"\n', "%", "{}", ",", "="]
)


@given(awkward, awkward, awkward)
def test_any_label_is_read_as_it_was_written(resource: str, method: str, more: str) -> None:
    name = series_name(catalogue.HOST_ENERGY, (resource, method), [("job", more)])
    (family,) = read_text(f"{text_head(catalogue.HOST_ENERGY)}{name} 1.0\n")
    assert family.samples[0].labels == {"job": more, "method": method, "resource": resource}


def test_labels_are_sorted_and_none_leaves_no_braces() -> None:
    assert series_name(catalogue.HOST_ENERGY, ("package", "counter")) == (
        'empreinte_host_energy_joules_total{method="counter",resource="package"}'
    )
    assert series_name(catalogue.CONSERVATION_ERROR, ()) == "empreinte_conservation_error_joules"


def test_openmetrics_tells_the_unit_and_leaves_out_the_suffix() -> None:
    page = f"{openmetrics_head(catalogue.HOST_ENERGY)}{series_name(catalogue.HOST_ENERGY, ('a', 'b'))} 1.0\n# EOF\n"
    (family,) = read_openmetrics(page)  # type: ignore[no-untyped-call] # the library's has no annotations
    assert (family.name, family.type, family.unit) == ("empreinte_host_energy_joules", "counter", "joules")
    assert family.documentation == catalogue.HOST_ENERGY.help
