"""What is a page of metrics, what is tolerated of one, and what is refused in one sentence."""

import contextlib
import json
import math
from pathlib import Path

import pytest

from collectors._exposition import NoMetricsError, Sample, samples_of

WANTED = {"a", "a_total", "a_sum", "b:c"}


def read(text: str | bytes) -> dict[str, list[tuple[dict[str, str], float]]]:
    body = text if isinstance(text, bytes) else text.encode()
    found = samples_of(body, WANTED)
    return {name: [(dict(sample.labels), sample.value) for sample in series] for name, series in found.items()}


@pytest.mark.parametrize(
    ("line", "labels", "value"),
    [
        ("a 5", {}, 5),
        ("a 1.5e+06", {}, 1_500_000),
        ("a 1.5E6 1795462322696", {}, 1_500_000),
        ("a\t5\t1795462322.5", {}, 5),
        (" a  5 ", {}, 5),
        ("a{} 5", {}, 5),
        ("a {} 5", {}, 5),
        ('a{x="1"} 5', {"x": "1"}, 5),
        ('a{x="1",} 5', {"x": "1"}, 5),
        ('a{ x = "1" , y = "2" } 5', {"x": "1", "y": "2"}, 5),
        ('a{x="a,b}c{"} 5', {"x": "a,b}c{"}, 5),
        (r'a{x="q\"b\\n\n"} 5', {"x": 'q"b\\n\n'}, 5),
        ('a{x=""}5', {"x": ""}, 5),
        ('a{x="é"} .5', {"x": "é"}, 0.5),
        ("a 5.", {}, 5),
        ("a +5", {}, 5),
        ("a -5", {}, -5),
        ("a 5\r", {}, 5),
        ('a 5 # {trace_id="x"} 0.67 1795462322.5', {}, 5),
        ('a 5 1795462322 # {trace_id="x"} 0.67', {}, 5),
    ],
)
def test_a_line_is_read_in_every_form_that_it_may_have(line: str, labels: dict[str, str], value: float) -> None:
    assert read(f"{line}\n") == {"a": [(labels, value)]}


@pytest.mark.parametrize(
    "line",
    [
        "a",
        "a five",
        "a 5 6 7",
        "a 1_000",
        "a 0x10",
        "a 5e",
        "a 5 later",
        "a{x=1} 5",
        'a{x="1} 5',
        'a{x="1" y="2"} 5',
        'a{x="1"',
        'a{="1"} 5',
        "a{,} 5",
        "a=5",
    ],
)
def test_a_line_of_a_wanted_name_that_cannot_be_read_makes_the_page_unreadable(line: str) -> None:
    with pytest.raises(NoMetricsError, match="has a line of a that can't be read"):
        read(f"b:c 1\n{line}\n")


def test_lines_of_other_names_are_passed_over_unread() -> None:
    assert read('other{ 5\naa 1\nb:c 2\nb:cc{x="} 3\n{"utf8.name"} 4\n') == {"b:c": [({}, 2)]}


@pytest.mark.parametrize("value", ["NaN", "nan", "+Inf", "-Inf", "Inf", "inf", "1e999"])
def test_what_is_no_number_is_told_as_it_is(value: str) -> None:
    ((_, told),) = read(f"a {value}\n")["a"]
    assert not math.isfinite(told)


def test_what_is_announced_is_known_with_all_that_its_samples_may_be_called() -> None:
    assert read("# TYPE a histogram\nother 1\n") == {"a": [], "a_total": [], "a_sum": []}
    assert read("# HELP a about a\n# TYPEa counter\n#TYPE b:c counter\n") == {}


def test_openmetrics_ends_with_its_mark() -> None:
    assert read("a_total 5\n# EOF\n") == {"a_total": [({}, 5)]}
    assert read("a_total 5\n# EOF\na_total 6\nnonsense {\n") == {"a_total": [({}, 5)]}


def test_an_empty_page_says_nothing() -> None:
    assert read("") == read("\n\n") == read(b"\xef\xbb\xbf") == {}


def test_a_page_in_quotes_is_unpacked() -> None:
    """llama.cpp, builds 7010 to 7100, gave the page as JSON text."""
    page = (Path(__file__).parents[2] / "fixtures/activity/xllamacpp.txt").read_text()
    wanted = {"llamacpp:prompt_tokens_total"}
    found = samples_of(json.dumps(page).encode(), wanted)
    assert found == samples_of(page.encode(), wanted) == {"llamacpp:prompt_tokens_total": (Sample({}, 8606),)}


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<!DOCTYPE html><html>a 5</html>\n", "is HTML, and no page of metrics"),
        (b"\n  <html>\n", "is HTML, and no page of metrics"),
        (b'{"a": 5}\n', "is JSON, and no page of metrics"),
        (b"[1]\n", "is JSON, and no page of metrics"),
        (b'"a 5\\n', "is text in quotes that does not end"),
        (b'"\xff"', "is no text in UTF-8"),
        ("a 5\n".encode("utf-16"), "is no text in UTF-8"),
        ('a{x="é"} 5\n'.encode("latin-1"), "is no text in UTF-8"),
        (b"\x1f\x8b\x08\x00", "is no text in UTF-8"),
        (b"a 228", "breaks off in its last line"),
        (b"b:c 1\na 22814\na 22", "breaks off in its last line"),
        (b'b:c 1\na{x="', "breaks off in its last line"),
        (b"not found", "breaks off in its last line"),
        (b"404 !\n503 ?\n", "is no page of metrics"),
        (b"\x00\x00\n", "is no page of metrics"),
    ],
)
def test_what_is_no_page_is_refused_with_what_it_is(body: bytes, what: str) -> None:
    with pytest.raises(NoMetricsError, match=what) as caught:
        read(body)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b'a{x="' + b"\\\\" * 4_000_000,
        b'a{x="' + b"y" * 8_000_000 + b"\n",
        b"a " + b"1" * 8_000_000 + b"\n",
        b"a " + b" " * 8_000_000 + b"x\n",
        b'a{x="1",' * 1_000_000 + b"\n",
        b'a{x="1"} 5\n' * 500_000,
        b"other 5\n" * 1_000_000,
        b"#" * 8_000_000 + b"\n",
        b"\n" * 8_000_000,
    ],
    ids=range(9),
)
@pytest.mark.timeout(60)
def test_a_page_of_megabytes_is_read_or_refused(body: bytes) -> None:
    """Nothing in it makes reading slower than in step with its length: otherwise it takes hours."""
    with contextlib.suppress(NoMetricsError):
        assert set(read(body)) <= {"a"}
