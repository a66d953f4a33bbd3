from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import Config, ConfigError, Surroundings, load
from monitor.config.intake import globs, rate
from monitor.config.quantities import WrongValueError
from monitor.core.interval import HOUR
from monitor.core.services import EventRule
from monitor.core.units import Duration

SERVICE = '[[service]]\nkey = "assistant"\nmatch = { systemd = "vllm.service" }\n'


def loaded(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "empreinte.toml"
    file.write_text(text)
    return load(Surroundings({"HOME": str(tmp_path)}, root=False, host_name="ia-01", time_zone="UTC"), file)


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, text)
    return str(refused.value)


def test_without_a_token_file_nothing_is_taken_in(tmp_path: Path) -> None:
    intake = loaded(tmp_path, "").intake
    assert intake.token_file is None
    assert (intake.events_per_second, intake.retention) == (1000, Duration(7 * 24 * HOUR.nanoseconds))


def test_the_table_is_read(tmp_path: Path) -> None:
    text = '[intake]\ntoken_file = "/etc/empreinte/intake.token"\nevents_per_second = 20\nretention = "2d"\n'
    intake = loaded(tmp_path, text).intake
    assert intake.token_file == Path("/etc/empreinte/intake.token")
    assert (intake.events_per_second, intake.retention) == (20, Duration(48 * HOUR.nanoseconds))


def test_a_service_says_which_events_are_its_own(tmp_path: Path) -> None:
    text = f'{SERVICE}events = {{ models = ["mistral-small*"], sources = ["litellm"] }}\n'
    (rule,) = loaded(tmp_path, text).services
    assert rule.events == EventRule(("mistral-small*",), ("litellm",))


def test_a_service_that_says_nothing_has_only_the_events_that_name_it(tmp_path: Path) -> None:
    (rule,) = loaded(tmp_path, SERVICE).services
    assert rule.events is None


def test_a_rule_that_says_nothing_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, f"{SERVICE}events = {{}}\n")
    assert 'service[0].events: which events are its own?: write { models = ["mistral-small*"] }' in said


@pytest.mark.parametrize("value", ["mistral-*", [], 3, [3], [""]])
def test_a_list_of_globs_is_one_and_not_empty(value: object) -> None:
    with pytest.raises(WrongValueError):
        globs(value)


@pytest.mark.parametrize("value", [0, -1, 100_001, True, "10", 1.5])
def test_a_rate_is_a_whole_number_within_bounds(value: object) -> None:
    with pytest.raises(WrongValueError):
        rate(value)


def test_what_is_kept_for_longer_than_forty_days_is_refused(tmp_path: Path) -> None:
    assert "41d is not between 1h and 40d" in refusal(tmp_path, '[intake]\nretention = "41d"\n')
