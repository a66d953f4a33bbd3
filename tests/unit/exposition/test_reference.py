from pathlib import Path

from monitor.exposition.catalogue import METRICS
from monitor.exposition.reference import LABELS, reference

DOCS = Path(__file__).parents[3] / "docs"


def test_the_reference_is_the_one_in_the_documentation() -> None:
    assert (DOCS / "metrics.md").read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_every_metric_is_in_it_with_its_labels() -> None:
    page = reference()
    for metric in METRICS:
        section = page.partition(f"## {metric.name}\n")[2].partition("\n## ")[0]
        assert metric.help in section
        assert f"Type: {metric.kind}" in section
        assert all(f"`{label}`" in section for label in metric.labels)


def test_every_label_is_explained_and_none_that_is_not_used() -> None:
    explained = {name for names in LABELS for name in names.split(", ")}
    assert explained == {label for metric in METRICS for label in metric.labels}
