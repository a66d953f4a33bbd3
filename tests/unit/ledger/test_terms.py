"""Terms as rows: the same on each database, see tests/contract/test_ledger_restating.py."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.embodied import Asset
from monitor.core.factors import Accounting, Basis, Boundary, Cycle, Factor, How, Quantity
from monitor.core.impact import Applied, Role, Terms
from monitor.core.interval import Stamp
from monitor.ledger import schema, terms
from monitor.ledger.errors import LedgerCorrupt
from monitor.ledger.insertion import Insertion
from monitor.ledger.store import Ledger
from monitor.ledger.terms import TermsWriter, digest_of, read_terms
from tests.contract import reckoned

decimals = st.decimals(allow_nan=False, allow_infinity=False, places=None)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
factors = st.builds(
    Factor,
    key=texts,
    quantity=st.sampled_from(Quantity),
    subject=texts,
    provider=texts,
    value=decimals,
    low=decimals,
    high=decimals,
    unit=texts,
    year=st.integers(0, 3000),
    valid_from=st.dates(),
    valid_to=st.none() | st.dates(),
    basis=st.builds(
        Basis,
        st.none() | st.sampled_from(Cycle),
        st.none() | st.sampled_from(Boundary),
        st.none() | st.sampled_from(Accounting),
    ),
    source=texts,
    address=texts,
    licence=texts,
    retrieved=st.dates(),
    note=texts,
)
assets = st.builds(
    Asset,
    name=texts,
    resource=texts,
    gwp=factors,
    adpe=st.none() | factors,
    amount=decimals,
    lifetime=factors,
    bought=st.none() | st.dates(),
    share=decimals,
)
applied = st.builds(Applied, st.sampled_from(Role), factors, st.lists(st.sampled_from(How), max_size=3).map(tuple))
any_terms = st.builds(
    Terms,
    texts,
    st.lists(applied, max_size=4).map(tuple),
    st.lists(assets, max_size=2).map(tuple),
    st.booleans(),
)


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url, host="h", timezone="Europe/Paris", now=Stamp(0, 0)) as opened:
        yield opened


def written(ledger: Ledger, *wanted: Terms) -> dict[Terms, int]:
    with ledger.transaction(writes=True) as connection:
        return TermsWriter(Insertion(connection)).numbers(connection, wanted)


def read(ledger: Ledger, number: int) -> Terms:
    with ledger.transaction() as connection:
        return read_terms(connection, [number])[number]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(wanted=any_terms)
def test_whatever_is_written_is_read_as_it_was(ledger: Ledger, wanted: Terms) -> None:
    assert read(ledger, written(ledger, wanted)[wanted]) == wanted


def test_the_last_digit_of_a_figure_is_kept(ledger: Ledger) -> None:
    third = Decimal(1) / Decimal(3)
    exact = replace(reckoned.factor(), value=third, low=Decimal("1E-30"), high=Decimal("0.520"))
    wanted = Terms("FR", (Applied(Role.ELECTRICITY, exact, (How.EXACT,)),))
    (found,) = read(ledger, written(ledger, wanted)[wanted]).applied
    assert (str(found.factor.value), str(found.factor.low), str(found.factor.high)) == (str(third), "1E-30", "0.520")
    assert found.factor.valid_from == date(2024, 1, 1)


def test_the_same_terms_have_the_same_number_whoever_writes_them(ledger: Ledger) -> None:
    one, other = reckoned.terms(), reckoned.terms("53", assets=(reckoned.SERVER,))
    numbers = written(ledger, one, other)
    assert written(ledger, other) == {other: numbers[other]}
    assert written(ledger, one) == {one: numbers[one]}
    with ledger.transaction() as connection:
        bodies = connection.execute(schema.factors.select()).all()
        assert len(bodies) == 5
        assert all(digest_of(row.body) == row.digest for row in bodies)


def test_more_terms_than_are_held_at_once_all_have_their_number(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms, "MOST_HELD", 3)
    monkeypatch.setattr(terms, "AT_ONCE", 2)
    many = [reckoned.terms(str(level)) for level in range(8)]
    with ledger.transaction(writes=True) as connection:
        writer = TermsWriter(Insertion(connection))
        first = {one: writer.numbers(connection, [one])[one] for one in many}
        assert writer.numbers(connection, many) == first
        assert len(set(first.values())) == 8
        assert read_terms(connection, list(first.values())) == {number: one for one, number in first.items()}


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE terms SET body = '{'",
        "UPDATE terms SET body = replace(body, 'electricity', 'gravity')",
        "UPDATE factors SET body = replace(body, '2024-01-01', 'yesterday')",
        "DELETE FROM factors",
    ],
)
def test_what_can_not_be_read_is_told_with_a_cure(ledger: Ledger, harm: str) -> None:
    wanted = reckoned.terms()
    number = written(ledger, wanted)[wanted]
    with ledger.transaction(writes=True) as connection:
        connection.exec_driver_sql(harm)
    with pytest.raises(LedgerCorrupt, match=r"what some hours were reckoned with can't be read.*ledger verify"):
        read(ledger, number)
