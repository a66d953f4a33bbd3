from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from monitor.web.tokens import BURST, Allowance, Gate, TokenError, tokens_of

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO = "a" * 32, "b" * 16


def written(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "intake.token"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_tokens_stand_one_a_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path, f"# the gateway\n{ONE}\n\n  {TWO}  \r\n")
    assert tokens_of(path) == (ONE.encode(), TWO.encode())
    assert not caplog.records


@pytest.mark.parametrize("text", ["", "\n\n", "# none\n", "a" * 70_000, f"{ONE}\n" * 65])
def test_a_file_with_no_token_or_too_much_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(TokenError, match="openssl rand -hex 32"):
        tokens_of(written(tmp_path, text))


@pytest.mark.parametrize("token", ["short", "a" * 15, "é" * 20, "two words in one line"])
def test_a_token_that_is_none_is_refused_and_not_repeated(tmp_path: Path, token: str) -> None:
    with pytest.raises(TokenError) as refused:
        tokens_of(written(tmp_path, f"{ONE}\n{token}\n"))
    assert token not in str(refused.value)
    assert ONE not in str(refused.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match=r"see intake\.token_file"):
        tokens_of(tmp_path / "absent")


def test_a_file_that_everybody_reads_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert tokens_of(written(tmp_path, ONE, 0o644))
    assert "chmod 600" in caplog.text
    assert ONE not in caplog.text


def test_a_bearer_of_a_token_is_let_in_and_nobody_else() -> None:
    gate = Gate((ONE.encode(), TWO.encode()), 10)
    first, second = gate.allowance(f"Bearer {ONE}"), gate.allowance(f"bearer  {TWO} ")
    assert first is not None
    assert second is not None
    assert first is not second
    assert gate.allowance(f"BEARER {ONE}") is first
    for wrong in (
        "",
        "Bearer",
        "Bearer ",
        f"Basic {ONE}",
        ONE,
        f"Bearer {ONE[:-1]}",
        f"Bearer {ONE}{ONE}",
        "Bearer é",
        "Bearer \ud800",
    ):
        assert gate.allowance(wrong) is None


def test_an_allowance_is_spent_and_comes_back_with_time() -> None:
    allowance = Allowance(rate=2)
    assert allowance.wait(100.0) == 0
    allowance.spend(2 * BURST)
    assert allowance.wait(100.0) == pytest.approx(0.5)
    assert allowance.wait(100.4) == pytest.approx(0.1)
    assert allowance.wait(100.5) == 0
    allowance.spend(0)
    assert allowance.wait(100.5) == pytest.approx(0.5)


def test_what_one_request_brings_is_waited_for_afterwards() -> None:
    allowance = Allowance(rate=2)
    assert allowance.wait(0.0) == 0
    allowance.spend(2 * BURST + 20)
    assert allowance.wait(0.0) == pytest.approx(10.5)
    assert allowance.wait(10.5) == 0


def test_it_never_holds_more_than_a_burst_and_a_clock_that_goes_back_gives_nothing() -> None:
    allowance = Allowance(rate=2)
    allowance.wait(0.0)
    allowance.wait(1e9)
    allowance.spend(2 * BURST)
    assert allowance.wait(0.0) > 0
