from dataclasses import replace

from collectors._drm import UNSEEN
from monitor.cli.rights_lines import right_for, rights_lines, rights_of
from monitor.cli.terminal import Terminal
from monitor.collector import Source
from monitor.core.rights import Right
from monitor.doctor import MeterFound, Unreadable
from tests.unit.cli.test_doctor_page import ENGLISH, NOTHING


def card(number: int, description: str) -> MeterFound:
    return MeterFound("amd", Source(f"gpu_amd{number}", f"card{number}", "counter", description, "+-10 %"), used=True)


def test_cards_whose_users_are_hidden_ask_for_one_right_together() -> None:
    two = replace(NOTHING, meters=(card(0, UNSEEN), card(1, UNSEEN)))
    (lacking,) = rights_of(two)
    assert (lacking.grant.right, lacking.collectors) == (Right.PROCESSES, ("amd",))
    assert rights_of(replace(NOTHING, meters=(card(0, "use by engine time"),))) == ()


def test_a_library_of_amd_that_refuses_may_lack_the_right_to_open_the_cards() -> None:
    refused = card(0, "use by engine time; energy counter not read, AMD's library refuses to start: 10")
    assert [one.grant.right for one in rights_of(replace(NOTHING, meters=(refused,)))] == [Right.CARDS]


def test_what_is_absent_lacks_no_right() -> None:
    cure = "a line in a file of /etc/tmpfiles.d"
    absent = Unreadable("rapl", "absent", "no zone", cure)
    assert rights_of(replace(NOTHING, unreadable=(absent,))) == ()
    forbidden = rights_of(replace(NOTHING, unreadable=(replace(absent, reason="forbidden"),)))
    assert right_for("rapl", cure, forbidden) is Right.COUNTERS
    assert right_for("rapl", "let the daemon's user read /sys", forbidden) is None
    assert right_for("hwmon", cure, forbidden) is None


def test_a_command_stands_whole_in_one_line_however_narrow_the_terminal() -> None:
    lacking = rights_of(replace(NOTHING, meters=(card(0, UNSEEN),)))
    lines = rights_lines(lacking, ENGLISH, Terminal(40, colours=False)).splitlines()
    assert [line.strip() for line in lines if line.startswith(" " * 6)] == list(lacking[0].grant.commands)
    assert rights_lines((), ENGLISH, Terminal(40, colours=False)) == ""
