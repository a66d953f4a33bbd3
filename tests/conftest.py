"""What all tests share: which of them run here, ports that are free, and no proxy where one would be in the way.

A test marked `real("prometheus")` needs that real part: where it is absent the test is skipped with the cure. With
CI=true a skip, of whatever kind, is a failure: a part that can't be had there would otherwise be missed for ever.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import settings

from tests.parts.loopback import free_port
from tests.parts.presence import PARTS, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
FIRST = ("e2e", "integration")
"""Folders whose files take longest, mostly because they wait: begun last, they would be waited for alone."""


def pytest_configure() -> None:
    """Heed Ctrl-C; ask no property how long it takes.

    A runner in the background starts its programs with Ctrl-C ignored, and so would we start ours. How long one example
    takes depends on what else the machine does: each test has a time limit as a whole.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take `--long`."""
    parser.addoption("--long", action="store_true", help="run the tests marked `long` too: minutes or hours")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse a part that nobody knows; begin with FIRST; leave out the long tests unless they are asked for."""
    for item in items:
        for part in _parts(item):
            if part not in PARTS:
                raise pytest.UsageError(f"{item.nodeid}: real({part!r}) is none of {', '.join(PARTS)}")
    items.sort(key=_place)
    if config.getoption("--long"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("long")]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose real part is not here."""
    for part in _parts(item):
        if why := reason(part):
            pytest.skip(why)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI, take a skipped test for a failed one."""
    return _without_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Under CI, take a skipped file for a failed one."""
    return _without_skip((yield))


@pytest.fixture(name="free_port")
def give_free_port() -> Callable[[], int]:
    """Return the function that finds a free port of the loopback address."""
    return free_port


@pytest.fixture
def port() -> int:
    """Return a free port of the loopback address."""
    return free_port()


@pytest.fixture(scope="module")
def no_proxy() -> Iterator[None]:
    """Keep the surroundings' proxy from coming between what a test opens and its server on loopback."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)
        yield


def _place(item: pytest.Item) -> int:
    """Return where the folder of *item* comes in FIRST; what is in none of them comes after."""
    return next((place for place, folder in enumerate(FIRST) if folder in item.nodeid.split("/")), len(FIRST))


def _parts(item: pytest.Item) -> list[str]:
    return [str(part) for marker in item.iter_markers("real") for part in marker.args]


def _without_skip(report: Report) -> Report:
    if os.environ.get("CI") == "true" and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failed with CI=true: {report.longrepr}"
    return report
