import logging

import pytest

from monitor.cli.run import log_to_standard_error
from monitor.config import Config
from monitor.ledger.store import LedgerError
from monitor.web.server import WebError
from tests.unit.cli.conftest import Call


@pytest.fixture(autouse=True)
def _own_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take no handler that a test adds along into the next one."""
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.root.level)


def test_the_daemon_runs_with_the_configuration(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def run(config: Config) -> None:
        ran.append(config.host.name)

    monkeypatch.setattr("monitor.app.run", run)
    assert call("run").status == 0
    assert ran == ["ia-01"]


@pytest.mark.parametrize(
    "error", [LedgerError("the ledger is gone", "find it"), WebError("the port is taken: free it")]
)
def test_what_keeps_it_from_starting_is_one_sentence(
    call: Call, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def run(_: Config) -> None:
        raise error

    monkeypatch.setattr("monitor.app.run", run)
    said = call("run")
    assert (said.status, said.err) == (3, f"empreinte: {error}\n")


def logged(capsys: pytest.CaptureFixture[str], *, debug: bool, journal: bool) -> str:
    log_to_standard_error(debug=debug, journal=journal)
    logging.getLogger("x").debug("detail")
    logging.getLogger("x").warning("two\nlines")
    logging.getLogger("apscheduler").info("noise")
    return capsys.readouterr().err


def test_a_person_is_told_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    said = logged(capsys, debug=False, journal=False)
    assert said.endswith("WARNING two\nlines\n")
    assert "noise" not in said
    assert "detail" not in said


def test_the_journal_is_told_the_priority_of_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert logged(capsys, debug=True, journal=True) == "<7>detail\n<4>two\n<4>lines\n"
