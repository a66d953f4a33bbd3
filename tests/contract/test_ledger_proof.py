"""What the verification finds of impacts, on whichever database the ledger is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.core.embodied import embodied
from monitor.core.impact import HourImpacts
from monitor.core.interval import Interval
from monitor.ledger.verify import verify
from tests.contract.bookkeeping import START, Bookkeeping, books_of, hour_bucket, series
from tests.contract.reckoned import CARD, HELD, HR, SERVER, reckoned, terms

if TYPE_CHECKING:
    from monitor.ledger.store import Ledger
    from tests.contract.conftest import Site

ALL = terms(assets=(SERVER, CARD))
LATER = START + 3 * HR

ITS_ENERGY = "series_id = (SELECT id FROM impact_series WHERE indicator = 'energy' AND consumer = 'assistant')"
NOBODYS_HARDWARE = (
    "series_id = (SELECT id FROM impact_series WHERE indicator = 'gwp_embodied' AND consumer = '_unattributed')"
)


def kept_well(ledger: Ledger) -> None:
    """Keep books and impacts for some hours, with an hour that nothing was measured in, and restate a part."""
    keeping = Bookkeeping()
    first = keeping.tick(3 * 3600)
    missed = keeping.skip(3600)
    second = keeping.tick(2 * 3600)
    hour = Interval(LATER, LATER + HR)
    alone = HourImpacts(LATER, embodied(hour, {}, ALL.assets), ALL)
    ledger.commit(first.books, first.closed, [], [], impacts=reckoned(first.closed, ALL))
    impacts = [alone, *reckoned(second.closed, ALL)]
    ledger.commit(second.books, second.closed, missed, [], impacts=impacts)
    new = terms("41", filled=True, assets=(CARD,))
    again = [one for one in reckoned(first.closed, new) if one.start > START]
    ledger.restate(again, Interval(START + HR, LATER), made=0, author="anna", reason="less", factor_set="2")


def faults(ledger: Ledger, interval: Interval | None = None) -> list[str]:
    return [fault.sentence for fault in verify(ledger, interval).faults]


def test_a_ledger_whose_impacts_are_sound_has_no_fault(site: Site) -> None:
    with site.open() as ledger:
        kept_well(ledger)
        assert faults(ledger) == []
    with site.read() as reader:
        assert faults(reader, Interval(START, START + 2 * HR)) == []


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        ("UPDATE hour_impacts SET low = central + 1 WHERE bucket = {hour}", "and not between"),
        ("UPDATE hour_impacts SET high = 0 WHERE bucket = {hour} AND series_id = 1", "and not between"),
        ("UPDATE hour_impacts SET low = -1 WHERE bucket = {hour} AND series_id = 1", "and not between"),
        ("DELETE FROM hour_terms WHERE bucket = {hour} AND generation = 0", "nothing says by which terms the hour of"),
        (
            "UPDATE hour_impacts SET low = 0, central = 1, high = 2 WHERE bucket = {hour} AND {energy}",
            "shared in a way in which none were booked",
        ),
        (
            "DELETE FROM hour_impacts WHERE bucket = {hour} AND generation = 0",
            "shared in a way in which none were booked",
        ),
        (
            "DELETE FROM hour_impacts WHERE bucket = {later} AND {hardware}",
            "written off",
        ),
        ("DELETE FROM impact_generations", "there are impacts of generation 1, which nothing is known of"),
        ("DELETE FROM hour_terms WHERE bucket = {second} AND generation = 1", "was made of 2 hours, and has 1"),
        (
            "UPDATE hour_impacts SET high = high + 1 WHERE generation = 1 AND bucket = {second}",
            "when it was made, and to",
        ),
        ("DELETE FROM hour_impacts WHERE generation = 1", "of gwp_use when it was made, and to None now"),
        ("UPDATE factors SET body = replace(body, '52', '53')", "a factor of number"),
        ("UPDATE terms SET body = replace(body, 'FR', 'IT')", "the terms of number"),
        ("UPDATE terms SET body = '{{}}' WHERE id = 1", "of terms number 1, what some hours were reckoned with"),
        ("DELETE FROM factors WHERE id = 1", "of terms number 1, what some hours were reckoned with can't be read"),
    ],
)
def test_whatever_is_changed_in_the_tables_of_impacts_is_found(site: Site, harm: str, found: str) -> None:
    with site.open() as ledger:
        kept_well(ledger)
    names = {"energy": ITS_ENERGY, "hardware": NOBODYS_HARDWARE}
    site.sql(harm.format(hour=START, second=START + HR, later=LATER, **names))
    with site.read() as reader:
        assert any(found in sentence for sentence in faults(reader)), faults(reader)


def test_impacts_that_were_reckoned_with_a_correction_of_the_energy_are_sound(site: Site) -> None:
    booked = replace(hour_bucket(START, {series("assistant"): 5, series("_idle"): 1}), reserved=HELD)
    right = hour_bucket(START, {series("assistant"): 7})
    hour = Interval(START, START + HR)
    with site.open() as ledger:
        ledger.commit(books_of([booked], hour.end), [booked], [], [], impacts=reckoned([booked]))
        site.sql(f"INSERT INTO generations VALUES (1, 1, {START}, {hour.end}, true, 0, 'a wrong meter')")  # noqa: S608 - no input
        site.sql(f"INSERT INTO hour_entries SELECT {START}, id, 1, 7 FROM series WHERE consumer = 'assistant'")  # noqa: S608 - no input
        site.sql(f"INSERT INTO hour_measured VALUES ({START}, 1, 'package', 'counter', 1, 7)")  # noqa: S608 - no input
        (facts,) = ledger.hours(hour)
        assert {one: energy.microjoules for one, energy in facts.energies.items()} == {"assistant": 7}
        assert facts.reserved == HELD
        assert faults(ledger) == []
        ledger.restate(reckoned([right]), hour, made=0, author="anna", reason="a wrong meter", factor_set="1")
        assert faults(ledger) == []
