from monitor.core.activity import Authority, Unit
from monitor.simulation.townhall import townhall
from monitor.simulation.work import Telling, WorkSpec

SECOND = 10**9
WORK = WorkSpec(Telling.VLLM, "m", calls=300, each=((Unit.OUTPUT_TOKENS, 350),))


def test_calls_follow_the_busy_time_and_only_whole_ones_are_answered() -> None:
    assert [WORK.answered(worked * SECOND) for worked in (0, 3, 4, 1000)] == [0, 0, 1, 300]


def test_what_calls_come_to_has_the_requests_in_it() -> None:
    assert WORK.done(3) == {Unit.REQUESTS: 3, Unit.OUTPUT_TOKENS: 1050}


def test_who_sends_events_is_believed_as_such() -> None:
    assert Telling.EVENTS.authority is Authority.EVENTS
    assert Telling.TEI.authority is Authority.SERVER


def test_no_service_of_the_town_hall_is_faster_than_such_a_machine_can_be() -> None:
    """An L40S writes some thousand tokens a second with a model of 24 billion parameters, at most."""
    told = [spec.work for spec in townhall(1).services if spec.work is not None]
    assert len(told) == 5
    for work in told:
        for unit, amount in work.done(work.answered(1000 * SECOND)).items():
            if unit in {Unit.OUTPUT_TOKENS, Unit.INPUT_TOKENS} and work.telling is Telling.VLLM:
                assert 20 < amount / 1000 < 1000
            if unit is Unit.AUDIO_MILLISECONDS:
                assert 1 < amount / 1000 / 1000 < 50
