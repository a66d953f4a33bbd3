from dataclasses import replace

from monitor.core.entries import SavedCounter
from monitor.core.interval import Stamp
from monitor.core.meters import Booking, Meters, Missed
from monitor.core.model import LoadModel
from monitor.core.readings import PLATFORM, CounterReading, LoadReading, Method, PowerReading, Reach, Reading
from monitor.core.units import Duration, Energy, Power

SECOND = 1_000_000_000
PATIENCE = Duration.from_seconds(60)
FLAT = LoadModel(Power.from_watts(100), idle=0.5, slope=0.5, exponent=1.0)


def _at(seconds: float) -> Stamp:
    return Stamp(round(seconds * SECOND), round(seconds * SECOND))


def _counter(joules: float, meter: str = "intel-rapl:0", epoch: str = "") -> CounterReading:
    reach = Energy.from_joules(262_143)
    return CounterReading("package", meter, Energy.from_joules(joules), Power.from_watts(500), reach, epoch)


def _load(busy: float) -> LoadReading:
    return LoadReading("package", "cpu", Duration.from_seconds(busy), 4, FLAT)


def _power(watts: float, hold: float = 30) -> PowerReading:
    return PowerReading("package", "hwmon0", Power.from_watts(watts), Duration.from_seconds(hold))


def _book(meters: Meters, seconds: float, **outcomes: tuple[Reading, ...]) -> list[Booking]:
    meters.take(_at(seconds), outcomes)
    return meters.book(_at(seconds))


def test_two_sockets_are_one_resource() -> None:
    meters = Meters(PATIENCE)
    assert _book(meters, 0, rapl=(_counter(10), _counter(20, "intel-rapl:1"))) == []
    (booking,) = _book(meters, 5, rapl=(_counter(110), _counter(320, "intel-rapl:1")))
    assert booking == Booking("package", Method.COUNTER, "rapl", _at(0), _at(5), Energy.from_joules(400), ())


def test_a_counter_that_missed_some_ticks_loses_nothing() -> None:
    meters = Meters(PATIENCE)
    _book(meters, 0, rapl=(_counter(0),), modelled_host=(_load(0),))
    assert _book(meters, 5, modelled_host=(_load(20),)) == []
    (booking,) = _book(meters, 10, rapl=(_counter(700),), modelled_host=(_load(40),))
    assert (booking.energy, booking.start, booking.method) == (Energy.from_joules(700), _at(0), Method.COUNTER)


def test_a_counter_that_is_gone_is_replaced_at_once_and_never_counted_twice() -> None:
    meters = Meters(PATIENCE)
    _book(meters, 0, rapl=(_counter(0),), modelled_host=(_load(0),))
    meters.forget("rapl")
    (modelled,) = _book(meters, 5, modelled_host=(_load(20),))
    assert (modelled.energy, modelled.method) == (Energy.from_joules(500), Method.MODELLED)
    (still,) = _book(meters, 10, rapl=(_counter(900),), modelled_host=(_load(40),))
    assert still.method is Method.MODELLED
    (back,) = _book(meters, 15, rapl=(_counter(1000),), modelled_host=(_load(60),))
    assert (back.energy, back.method) == (Energy.from_joules(100), Method.COUNTER)


def test_a_counter_is_waited_for_no_longer_than_the_patience() -> None:
    meters = Meters(PATIENCE)
    _book(meters, 0, rapl=(_counter(0),), modelled_host=(_load(0),))
    for seconds in range(5, 65, 5):
        assert _book(meters, seconds, modelled_host=(_load(4 * seconds),)) == []
    (modelled,) = _book(meters, 65, modelled_host=(_load(4 * 65),))
    assert (modelled.start, modelled.energy) == (_at(0), Energy.from_joules(6500))


def test_a_better_source_that_is_slow_takes_over_from_a_lesser_one() -> None:
    """Its readings never fall on the ticks at which the lesser one is booked."""
    meters = Meters(PATIENCE)
    bookings: list[Booking] = []
    for tick in range(5):
        bookings += _book(meters, 5 * tick, modelled_host=(_load(20 * tick),))
        bookings += _book(meters, 5 * tick + 1, hwmon=(_power(40),))
    assert {booking.method for booking in bookings if booking.energy > Energy.ZERO} == {Method.INTEGRATED}
    assert sum(booking.energy.joules for booking in bookings) == 4 * 5 * 40
    assert [missed for booking in bookings for missed in booking.missed] == [Missed(_at(0), _at(1), "unreadable")]
    assert bookings[-1].end == _at(21)


def test_a_slow_source_that_is_read_once_and_no_more_does_not_hold_up_a_lesser_one() -> None:
    meters = Meters(PATIENCE)
    _book(meters, 0, modelled_host=(_load(0),))
    _book(meters, 1, hwmon=(_power(40),))
    for tick in range(1, 13):
        assert _book(meters, 5 * tick, modelled_host=(_load(20 * tick),)) == []
    (modelled,) = _book(meters, 65, modelled_host=(_load(20 * 13),))
    assert (modelled.start, modelled.energy, modelled.missed) == (_at(0), Energy.from_joules(6500), ())


def test_a_slow_source_a_little_late_keeps_its_place_where_ticks_are_as_long_as_the_patience() -> None:
    meters = Meters(PATIENCE)
    bookings: list[Booking] = []
    for tick in range(5):
        bookings += _book(meters, 60 * tick + 0.005, modelled_host=(_load(240 * tick),))
        meters.take(_at(60 * tick + 0.01 * (tick % 2)), {"hwmon": (_power(40, hold=300),)})
    assert {booking.method for booking in bookings if booking.energy > Energy.ZERO} == {Method.INTEGRATED}


def test_a_counter_alone_is_waited_for_as_long_as_it_takes() -> None:
    meters = Meters(PATIENCE)
    _book(meters, 0, rapl=(_counter(0),))
    meters.forget("rapl")
    assert _book(meters, 300) == []
    (booking,) = _book(meters, 305, rapl=(_counter(30_500),))
    assert (booking.start, booking.energy, booking.missed) == (_at(0), Energy.from_joules(30_500), ())


def test_a_reset_is_a_gap_and_no_energy() -> None:
    meters = Meters(PATIENCE)
    _book(meters, 0, rapl=(_counter(200_000),))
    (booking,) = _book(meters, 5, rapl=(_counter(1),))
    assert booking.energy == Energy.ZERO
    assert booking.missed == (Missed(_at(0), _at(5), "counter_reset"),)


def test_power_is_integrated_between_its_readings() -> None:
    meters = Meters(PATIENCE)
    _book(meters, 0, hwmon=(_power(100),))
    (booking,) = _book(meters, 10, hwmon=(_power(200),))
    assert (booking.energy, booking.method) == (Energy.from_joules(1500), Method.INTEGRATED)


def test_a_power_stands_no_longer_than_its_hold() -> None:
    meters = Meters(PATIENCE)
    _book(meters, 0, hwmon=(_power(100, hold=30),))
    (booking,) = _book(meters, 50, hwmon=(_power(100, hold=30),))
    assert booking.energy == Energy.from_joules(3000)
    assert booking.missed == (Missed(_at(30), _at(50), "hold_exceeded"),)


def test_a_model_turns_load_into_energy() -> None:
    meters = Meters(PATIENCE)
    _book(meters, 0, modelled_host=(_load(0),))
    (booking,) = _book(meters, 10, modelled_host=(_load(20),))
    assert booking.energy == Energy.from_joules(10 * (50 + 25))


def test_a_machine_that_sleeps_draws_nothing_that_a_model_knows_of() -> None:
    meters = Meters(PATIENCE)
    _book(meters, 0, modelled_host=(_load(0),))
    asleep = 3600 * SECOND
    awake = Stamp(asleep + 10 * SECOND, asleep + 10 * SECOND, asleep)
    meters.take(awake, {"modelled_host": (_load(20),)})
    (booking,) = meters.book(awake)
    assert booking.energy == Energy.from_joules(10 * (50 + 25))


def test_one_socket_that_stays_away_is_a_gap_until_it_is_back() -> None:
    meters = Meters(PATIENCE)
    _book(meters, 0, rapl=(_counter(0), _counter(0, "intel-rapl:1")))
    assert _book(meters, 30, rapl=(_counter(300),)) == []
    (booking,) = _book(meters, 65, rapl=(_counter(650),))
    assert booking.energy == Energy.from_joules(650)
    assert [missed.cause for missed in booking.missed] == ["unreadable"]
    (late,) = _book(meters, 70, rapl=(_counter(700), _counter(1400, "intel-rapl:1")))
    assert late.energy == Energy.from_joules(50 + 1400)


def _saved(joules: float, at: float) -> tuple[SavedCounter, ...]:
    return (SavedCounter("rapl", "package", "intel-rapl:0", Energy.from_joules(joules).microjoules, "", _at(at)),)


def test_a_counter_counts_on_across_a_stop_of_the_daemon() -> None:
    meters = Meters(PATIENCE, _saved(100, 10), {"package": _at(10)})
    (booking,) = _book(meters, 190, rapl=(_counter(9100),))
    assert (booking.start, booking.energy) == (_at(10), Energy.from_joules(9000))


def test_a_stop_in_which_the_counter_may_have_wrapped_is_a_gap() -> None:
    meters = Meters(PATIENCE, _saved(100, 0), {"package": _at(0)})
    (booking,) = _book(meters, 3600, rapl=(_counter(9100),))
    assert booking.energy == Energy.ZERO
    assert booking.missed == (Missed(_at(0), _at(3600), "may_have_wrapped"),)


def test_a_stop_with_nothing_that_counts_is_a_gap() -> None:
    meters = Meters(PATIENCE, (), {"package": _at(0)})
    (gap,) = _book(meters, 60, modelled_host=(_load(0),))
    assert (gap.energy, gap.missed) == (Energy.ZERO, (Missed(_at(0), _at(60), "daemon_down"),))
    (booking,) = _book(meters, 65, modelled_host=(_load(20),))
    assert booking.start == _at(60)


def test_what_is_saved_is_the_counter_at_its_last_booking() -> None:
    """What was read but not booked yet must not be lost by a crash."""
    meters = Meters(PATIENCE)
    _book(meters, 0, rapl=(_counter(10),), modelled_host=(_load(0),))
    _book(meters, 5, rapl=(_counter(20),), modelled_host=(_load(0),))
    meters.take(_at(10), {"rapl": (_counter(30),)})
    assert [(one.microjoules, one.at) for one in meters.saved()] == [(20_000_000, _at(5))]


def test_the_first_reading_is_saved_once_it_is_a_baseline() -> None:
    meters = Meters(PATIENCE)
    _book(meters, 0, rapl=(_counter(10),))
    assert [one.microjoules for one in meters.saved()] == [10_000_000]


def test_the_best_source_is_said_to_be_used() -> None:
    meters = Meters(PATIENCE)
    _book(meters, 0, rapl=(_counter(10),), modelled_host=(_load(0),))
    assert meters.used() == frozenset({("rapl", "package")})


def _socket(number: int, joules: float, at: float) -> SavedCounter:
    microjoules = Energy.from_joules(joules).microjoules
    return SavedCounter("rapl", "package", f"intel-rapl:{number}", microjoules, "", _at(at))


def test_a_socket_that_was_late_at_the_stop_does_not_have_the_rest_covered_twice() -> None:
    saved = (_socket(0, 700, 70), _socket(1, 10, 0))
    meters = Meters(PATIENCE, saved, {"package": _at(70)})
    (booking,) = _book(meters, 100, rapl=(_counter(1000), _counter(1010, "intel-rapl:1")))
    assert (booking.start, booking.energy) == (_at(70), Energy.from_joules(300 + 1000))


def test_a_resource_with_two_counters_goes_on_from_where_the_better_one_was_booked() -> None:
    slow = SavedCounter("rapl", "package", "intel-rapl:0", 0, "", _at(100))
    quick = SavedCounter("zz", "package", "0", 0, "", _at(105))
    for saved in ((slow, quick), (quick, slow)):
        meters = Meters(PATIENCE, saved, {"package": _at(105)})
        (booking,) = _book(meters, 120, rapl=(_counter(2000),))
        assert booking.start == _at(100)


def test_a_counter_that_does_not_answer_at_once_after_a_stop_is_waited_for() -> None:
    meters = Meters(PATIENCE, _saved(100, 10), {"package": _at(10)})
    assert _book(meters, 190, modelled_host=(_load(0),)) == []
    (booking,) = _book(meters, 195, rapl=(_counter(9350),), modelled_host=(_load(20),))
    assert (booking.start, booking.energy, booking.missed) == (_at(10), Energy.from_joules(9250), ())


def test_a_counter_that_is_gone_after_a_stop_is_not_waited_for_longer_than_the_patience() -> None:
    meters = Meters(PATIENCE, _saved(100, 10), {"package": _at(10)})
    for seconds in range(190, 251, 5):
        assert _book(meters, seconds, modelled_host=(_load(4 * seconds),)) == []
    (booking,) = _book(meters, 255, modelled_host=(_load(4 * 255),))
    assert booking.missed == (Missed(_at(10), _at(190), "daemon_down"),)
    assert booking.energy == Energy.from_joules(65 * 100)


def _wall(joules: float, method: Method = Method.COUNTER) -> CounterReading:
    return CounterReading(PLATFORM, "0", Energy.from_joules(joules), Power.from_watts(3600), method=method)


def _psys(joules: float) -> CounterReading:
    return CounterReading(PLATFORM, "psys", Energy.from_joules(joules), Power.from_watts(500), reach=Reach.BOARD)


def _bmc(watts: float) -> PowerReading:
    return PowerReading(PLATFORM, "bmc", Power.from_watts(watts), Duration.from_seconds(30))


def test_what_takes_in_more_of_the_machine_is_booked_before_what_is_surer() -> None:
    meters = Meters(PATIENCE)
    _book(meters, 0, rapl=(_psys(0),), ipmi=(_bmc(200),))
    (booking,) = _book(meters, 10, rapl=(_psys(1000),), ipmi=(_bmc(200),))
    assert (booking.collector, booking.energy) == ("ipmi", Energy.from_joules(2000))


def test_of_two_meters_at_the_supply_the_counter_is_booked() -> None:
    meters = Meters(PATIENCE)
    _book(meters, 0, shelly=(_wall(0),), ipmi=(_bmc(200),))
    (booking,) = _book(meters, 10, shelly=(_wall(2100),), ipmi=(_bmc(200),))
    assert (booking.collector, booking.energy) == ("shelly", Energy.from_joules(2100))


def test_of_what_is_no_platform_the_surer_is_booked_whatever_its_reach() -> None:
    meters = Meters(PATIENCE)
    inside = replace(_counter(0), reach=Reach.BOARD)
    _book(meters, 0, rapl=(inside,), modelled_host=(_load(0),))
    (booking,) = _book(meters, 5, rapl=(replace(inside, energy=Energy.from_joules(7)),), modelled_host=(_load(1),))
    assert (booking.collector, booking.energy) == ("rapl", Energy.from_joules(7))


def test_a_counter_of_which_a_share_is_declared_counts_on_across_a_stop_of_the_daemon() -> None:
    saved = SavedCounter("shelly:prise", PLATFORM, "0", Energy.from_joules(100).microjoules, "", _at(10))
    meters = Meters(PATIENCE, (saved,), {PLATFORM: _at(10)})
    (booking,) = _book(meters, 190, **{"shelly:prise": (_wall(9100, Method.DECLARED),)})
    assert (booking.start, booking.energy) == (_at(10), Energy.from_joules(9000))
    assert booking.method is Method.DECLARED


def test_a_source_that_counted_before_the_stop_and_tells_its_power_now_has_a_gap() -> None:
    saved = SavedCounter("shelly:prise", PLATFORM, "0", 0, "", _at(10))
    meters = Meters(PATIENCE, (saved,), {PLATFORM: _at(10)})
    for seconds in (190, 200):
        booked = _book(meters, seconds, **{"shelly:prise": (_bmc(100),)})
    (booking,) = booked
    assert booking.energy == Energy.from_joules(1000)


def test_what_a_coarse_counter_holds_back_is_counted_when_it_shows() -> None:
    """One step of 360 kJ, of a machine that draws no more than 500 W."""
    meters = Meters(PATIENCE)
    held_back = Duration.from_seconds(1 + 360_000 / 500)
    strip = replace(_counter(0), wraps_after=None, settling=held_back)
    _book(meters, 0, snmp=(strip,))
    (booking,) = _book(meters, 5, snmp=(replace(strip, energy=Energy.from_joules(360_000)),))
    assert (booking.energy, booking.missed) == (Energy.from_joules(360_000), ())
    (lying,) = _book(meters, 10, snmp=(replace(strip, energy=Energy.from_joules(800_000)),))
    assert lying.missed == (Missed(_at(5), _at(10), "counter_reset"),)
