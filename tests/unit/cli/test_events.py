from tests.unit.cli.conftest import Call


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
