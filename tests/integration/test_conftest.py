"""The rules of tests/conftest.py, tried on small test files of their own."""

import signal
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    # nothing of it is needed here, and each test starts pytest anew
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("CI", raising=False)
    pytester.makeini(
        "[pytest]\nmarkers =\n    long\n    real(part)\naddopts = --strict-markers -ra -p no:cacheprovider\n"
    )
    pytester.makeconftest((ROOT / "tests/conftest.py").read_text())
    return pytester


def run(suite: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return suite.runpytest_subprocess(*arguments)


ABSENT = """
    import pytest

    @pytest.mark.real("prometheus")
    def test_it():
        pass
"""


def test_an_absent_part_skips_its_test_and_says_the_cure(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.makepyfile(ABSENT)
    monkeypatch.setenv("PATH", "")
    result = run(suite)
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines("*prometheus is not here (prometheus, promtool): apt-get install prometheus")


def test_under_ci_an_absent_part_fails_its_test(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.makepyfile(ABSENT)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CI", "true")
    result = run(suite)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "skipped=" not in str(result.parseoutcomes())
    result.stdout.fnmatch_lines("*counts as failed with CI=true*prometheus is not here*")


@pytest.mark.parametrize(
    "source",
    [
        "import pytest\ndef test_it():\n    pytest.skip('for no good reason')\n",
        "import pytest\n@pytest.mark.skip(reason='for no good reason')\ndef test_it():\n    pass\n",
        "import pytest\npytest.importorskip('no_such_module')\ndef test_it():\n    pass\n",
    ],
    ids=["in the test", "by its mark", "of the whole file"],
)
def test_under_ci_no_skip_passes(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    suite.makepyfile(source)
    assert run(suite).ret in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    monkeypatch.setenv("CI", "true")
    assert run(suite).ret in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)


def test_an_expected_failure_is_no_skip(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.makepyfile("import pytest\n@pytest.mark.xfail(strict=True)\ndef test_it():\n    raise ValueError\n")
    monkeypatch.setenv("CI", "true")
    run(suite).assert_outcomes(xfailed=1)


def test_a_long_test_runs_only_when_asked_for(suite: pytest.Pytester) -> None:
    suite.makepyfile("import pytest\n@pytest.mark.long\ndef test_it():\n    pass\ndef test_short():\n    pass\n")
    run(suite).assert_outcomes(passed=1, deselected=1)
    run(suite, "--long").assert_outcomes(passed=2)


def test_files_that_take_longest_come_first(suite: pytest.Pytester) -> None:
    for folder in ("contract", "e2e", "integration", "unit"):
        suite.mkpydir(folder).joinpath("test_one.py").write_text("def test_b():\n    pass\ndef test_a():\n    pass\n")
    shown = run(suite, "--collect-only", "-q").outlines
    tests = [
        f"{folder}/test_one.py::{name}"
        for folder in ("e2e", "integration", "contract", "unit")
        for name in ("test_b", "test_a")
    ]
    assert [line for line in shown if "::" in line] == tests


def test_a_part_that_nobody_knows_is_refused(suite: pytest.Pytester) -> None:
    suite.makepyfile("import pytest\n@pytest.mark.real('prometeus')\ndef test_it():\n    pass\n")
    result = run(suite)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("*real('prometeus') is none of *prometheus*")


def test_a_program_that_is_started_heeds_ctrl_c(suite: pytest.Pytester) -> None:
    suite.makepyfile("""
        import signal, subprocess

        def test_it():
            child = subprocess.Popen(["sleep", "600"])
            child.send_signal(signal.SIGINT)
            assert child.wait() == -signal.SIGINT
    """)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        run(suite).assert_outcomes(passed=1)
    finally:
        signal.signal(signal.SIGINT, before)


def test_two_ports_are_free_and_on_loopback(suite: pytest.Pytester) -> None:
    suite.makepyfile("""
        import socket

        def test_it(free_port, port):
            with socket.create_server(("127.0.0.1", port)), socket.create_server(("127.0.0.1", free_port())):
                pass
    """)
    run(suite).assert_outcomes(passed=1)
