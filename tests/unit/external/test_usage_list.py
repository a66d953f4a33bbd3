"""A list of what was used of bought services."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from monitor.core.activity import Unit
from monitor.core.calendar import named_period
from monitor.external.bases import Bases
from monitor.external.usage_list import Reading, UsageList, UsageListError, read_usage
from monitor.factors.studies import Studies
from tests.unit.external.test_bases import MISTRAL, OTHERS, Answers

PARIS = ZoneInfo("Europe/Paris")
NOW = named_period("2026-11-25", 0, PARIS).start
HEAD = "date,provider,model,input_tokens,output_tokens,requests,external\n"


def read(text: str | bytes) -> UsageList:
    content = text if isinstance(text, bytes) else text.encode()
    return read_usage(content, Reading((MISTRAL, OTHERS), PARIS, NOW), Bases(Studies({}), Answers("gpt-4o")))


def test_days_and_months_are_those_of_the_ledgers_time_zone() -> None:
    found = read(HEAD + "2026-03,mistral,mistral-small-latest,9000,1000,12,\n2026-03-29,,gpt-4o,,50,,others\n")
    assert found.faults == ()
    month, day = found.rows
    assert [(one.series.external, one.series.unit, one.amount) for one in month.amounts] == [
        ("mistral-api", Unit.REQUESTS, 12),
        ("mistral-api", Unit.INPUT_TOKENS, 9000),
        ("mistral-api", Unit.OUTPUT_TOKENS, 1000),
    ]
    march = named_period("2026-03", 0, PARIS)
    assert {(one.since, one.until) for one in month.amounts} == {(march.start, march.end)}
    (only,) = day.amounts
    # the day on which clocks go forward has 23 hours
    assert (only.until - only.since, only.amount) == (23 * 3600 * 10**9, 50)
    assert (month.line, day.line) == (2, 3)


def test_what_is_wrong_is_told_by_its_line_and_the_rest_counts() -> None:
    lines = [
        "2026-13,,gpt-4o,1,1,1,",
        "2026,,gpt-4o,1,1,1,",
        "2026-11,,gpt-4o,1,1,1,",
        "2026-03,,,1,1,1,",
        "2026-03,,gpt-4o,-1,1,1,",
        "2026-03,,gpt-4o,1.5,1,1,",
        "2026-03,,gpt-4o,,,,",
        "2026-03,,gpt-4o,1,1,1,nobody",
        "2026-03,openai,mistral-small,1,1,1,",
        "2026-03,,gpt-4o,1",
        "2026-03,,gpt-4o,1,1,9999999999999999,",
        "2026-03,,gpt-4o,1,1,1,",
    ]
    found = read(HEAD + "\n".join(lines) + "\n")
    assert [row.line for row in found.rows] == [13]
    told = dict(found.faults)
    for line, words in {
        2: "there is no day or month 2026-13",
        3: "is neither a day nor a month: write 2026-03-14",
        4: "2026-11 has not ended",
        5: "names no model",
        6: "input_tokens is '-1'",
        7: "write digits only",
        8: "nothing is counted",
        9: "no [[external]] with the key nobody",
        10: "its provider is openai, and that of mistral-api is mistral",
        11: "it has 4 cells, and the headings are 7",
        12: "requests is '9999999999999999'",
    }.items():
        assert words in told[line], told[line]


def test_a_count_that_is_not_said_is_unknown_and_zero_is_zero() -> None:
    (row,) = read(HEAD + "2026-03,,gpt-4o,,0,,\n").rows
    assert [(one.series.unit, one.amount) for one in row.amounts] == [(Unit.OUTPUT_TOKENS, 0)]


def test_semicolons_marks_other_columns_and_other_headings_are_taken() -> None:
    (row,) = read("\ufeffMonth;Model;Output tokens;Cost\n\n2026-03;gpt-4o;70;1,50 EUR\n".encode()).rows
    assert (row.line, row.amounts[0].amount) == (3, 70)


def test_a_file_is_known_by_its_content() -> None:
    text = HEAD + "2026-03,,gpt-4o,1,1,1,\n"
    assert read(text) == read(text)
    assert read(text).digest != read(text + "\n").digest
    assert len(read(text).digest) == 32


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"date,model\n2026-03,gpt-4o\n", "the first line has to be date,model"),
        (b"date,model,output_tokens,output_tokens\n", "each once"),
        (b"PK\x03\x04\x00", "no text"),
    ],
)
def test_another_file_is_refused_with_the_cure(content: bytes, words: str) -> None:
    with pytest.raises(UsageListError, match=words):
        read(content)
