import json
from dataclasses import replace

import pytest

from monitor.adapters.codecarbon import CodeCarbonFailed
from monitor.config import Config
from monitor.core.units import Duration
from monitor.doctor import Examination, Standing, State
from tests.unit.cli.conftest import Call
from tests.unit.cli.test_doctor_page import COMPARED, FOUND

GOOD = replace(FOUND, page=Standing(State.READY, "http://127.0.0.1:80/"))


def find(monkeypatch: pytest.MonkeyPatch, found: Examination) -> None:
    monkeypatch.setattr("monitor.cli.examination.examine", lambda _: found)


@pytest.mark.parametrize(("found", "status"), [(GOOD, 0), (replace(GOOD, meters=()), 1), (FOUND, 3)])
def test_the_status_is_the_answer(call: Call, monkeypatch: pytest.MonkeyPatch, found: Examination, status: int) -> None:
    find(monkeypatch, found)
    said = call("doctor")
    assert (said.status, said.err) == (status, "")
    assert call("doctor", "--json").status == status


def test_the_language_can_be_chosen(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    find(monkeypatch, GOOD)
    assert call("doctor", "--lang", "fr").out.startswith("Ce qu'Empreinte peut mesurer sur ia-01\n")


def test_the_comparison_is_part_of_both_outputs(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Duration] = []

    def compare(_: Config, elapsed: Duration) -> tuple[object, str]:
        asked.append(elapsed)
        return COMPARED.lines, COMPARED.version

    find(monkeypatch, GOOD)
    monkeypatch.setattr("monitor.cli.examination.compare", compare)
    assert "CodeCarbon 3.3.2 beside Empreinte, over 10 s" in call("doctor", "--compare", "10").out
    assert json.loads(call("doctor", "--compare", "10", "--json").out)["comparison"]["seconds"] == 10
    assert asked == [Duration.from_seconds(10)] * 2


def test_a_comparison_that_fails_is_told(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def compare(*_: object) -> None:
        message = "CodeCarbon did not answer within 60 s: try again later"
        raise CodeCarbonFailed(message)

    find(monkeypatch, GOOD)
    monkeypatch.setattr("monitor.cli.examination.compare", compare)
    said = call("doctor", "--compare", "10")
    assert (said.status, said.out) == (3, "")
    assert said.err == "empreinte: CodeCarbon did not answer within 60 s: try again later\n"


@pytest.mark.parametrize("seconds", ["4", "3601", "x"])
def test_a_time_that_makes_no_sense_is_refused(call: Call, seconds: str) -> None:
    assert call("doctor", "--compare", seconds).status == 2
