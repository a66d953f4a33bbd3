"""Who was there when the books were last committed."""

from monitor.core.entries import MONITOR, OTHER, OpenBooks, SavedUsage, were_present
from monitor.core.interval import Stamp

AT = Stamp(1, 1)
BOOKS = OpenBooks(
    AT,
    "boot",
    0,
    usage=(
        SavedUsage("", "", 9, "run", AT),
        SavedUsage("assistant", "cgroup:/vllm.service", 8, "", AT),
        SavedUsage("assistant", "processes", 3, "run", AT),
        SavedUsage(OTHER, "processes", 7, "run", AT),
        SavedUsage(MONITOR, "processes", 1, "run", AT),
    ),
)


def test_services_whose_use_was_counted_were_present() -> None:
    assert were_present(BOOKS, "boot") == {"assistant"}


def test_after_a_reboot_or_at_the_first_start_none_was() -> None:
    assert were_present(BOOKS, "another") == frozenset()
    assert were_present(None, "boot") == frozenset()
