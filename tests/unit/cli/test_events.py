import json
from pathlib import Path

from monitor.core.cloudevent import told
from monitor.core.events import CollectorRecovered
from monitor.core.interval import Stamp
from monitor.notify.outbox import FILE, Letter, Outbox
from tests.unit.cli.conftest import CLOSED, Call


def test_without_a_daemon_nobody_can_be_followed(call: Call) -> None:
    said = call("events", "tail")
    assert (said.status, said.out) == (1, "")
    assert said.err.startswith("empreinte: no daemon answers at http://127.0.0.1:")
    assert said.err.endswith(": start one with `empreinte run`\n")


def test_a_type_that_there_is_not_is_refused_with_those_there_are(call: Call) -> None:
    said = call("events", "tail", "--type", "gap")
    assert said.status == 2
    assert "no event is of type 'gap': there are service_appeared, service_disappeared, gap_found" in said.err


def test_alone_it_says_what_there_is(call: Call) -> None:
    said = call("events")
    assert said.status == 0
    assert "tail" in said.out


def gave_up(place: Path) -> None:
    made = told(CollectorRecovered(at=Stamp(CLOSED, 1), collector="rapl"), "/ia-01")
    assert made is not None
    (place / "state").mkdir()
    with Outbox(place / "state" / FILE) as outbox:
        outbox.put([Letter("https://hooks.example.org/secret", made.id, made.as_json(), CLOSED)])
        letter = outbox.next("https://hooks.example.org/secret")
        assert letter is not None
        outbox.give_up(letter, "hooks.example.org answers with status 410", CLOSED + 60 * 10**9)


def test_what_could_not_be_told_is_shown_with_the_reason(call: Call, place: Path) -> None:
    gave_up(place)
    said = call("events", "dead")
    assert (said.status, said.err) == (0, "")
    assert said.out == (
        "on 2026-03-10 at 13:00:00  rapl can be read again\n"
        "  not told to https://hooks.example.org, given up on 2026-03-10 at 13:01:00 (attempts: 1):"
        " hooks.example.org answers with status 410\n"
    )
    content = json.loads(call("events", "dead", "--json").out)
    assert content["event"]["type"] == "eu.empreinte.collector_recovered.v1"
    assert (content["given_up_at"], content["attempts"]) == ("2026-03-10T12:01:00Z", 1)


def test_where_everything_was_told_that_is_the_answer(call: Call, place: Path) -> None:
    said = call("events", "dead")
    assert (said.status, said.out) == (1, "Nothing: everything was told, or waits to be.\n")
    assert call("events", "dead", "--json").out == ""
    assert not (place / "state").exists()


def test_a_queue_that_cannot_be_read_is_told(call: Call, place: Path) -> None:
    (place / "state").mkdir()
    (place / "state" / FILE).write_bytes(b"something else, and long enough to be looked at" * 30)
    said = call("events", "dead")
    assert said.status == 3
    assert "move it away" in said.err
