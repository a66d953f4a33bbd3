from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from monitor.config import Config, Surroundings, load
from monitor.core.factors import CONFIGURED, UNDATED, Accounting, How
from monitor.core.impact import Indicator, Role
from monitor.core.interval import HOUR, Interval
from monitor.reckoning import Assembly, ReckoningError, assemble

NOW = int(datetime(2026, 3, 14, 10, tzinfo=UTC).timestamp()) * 10**9
HERE = Interval(NOW, NOW + HOUR.nanoseconds)
Make = Callable[[str], Assembly]


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], Config]:
    def configured(text: str) -> Config:
        file = tmp_path / "empreinte.toml"
        file.write_text(f'[paths]\nstate = "{tmp_path}"\n{text}')
        return load(Surroundings({}, root=False, host_name="ia-01", time_zone="Europe/Paris"), file)

    return configured


@pytest.fixture
def make(configured: Callable[[str], Config], tmp_path: Path) -> Make:
    """Assembles on a machine of which nothing can be read."""

    def make(text: str) -> Assembly:
        return assemble(configured(text), NOW, sysfs=tmp_path / "sys", procfs=tmp_path / "proc")

    return make


def applied(assembly: Assembly, when: Interval = HERE) -> dict[Role, tuple[Decimal, str, tuple[How, ...]]]:
    assert assembly.reckoner is not None
    terms = assembly.reckoner.terms(when)
    return {one.role: (one.factor.value, one.factor.provider, one.how) for one in terms.applied}


def test_without_a_zone_there_is_nothing_to_reckon_with(make: Make) -> None:
    assert make("").reckoner is None


def test_a_french_zone_has_ademes_mix_and_the_legal_coefficient(make: Make) -> None:
    found = applied(make('[host]\nzone = "FR"'))
    assert found[Role.ELECTRICITY] == (Decimal("46.1"), "ademe", (How.OLDER_YEAR,))
    assert found[Role.PRIMARY_ENERGY][0] == Decimal("1.9")
    assert Role.PUE not in found


def test_reunion_has_its_own_factor_and_not_the_mainlands(make: Make) -> None:
    value, provider, _ = applied(make('[host]\nzone = "RE"'))[Role.ELECTRICITY]
    assert (value, provider) == (Decimal(208), "electricity_maps")


@pytest.mark.parametrize(("zone", "what"), [("XX", "XX"), ("WF", "WF"), ("FR-BL", "BL"), ("ZZ-AB", "ZZ")])
def test_a_zone_that_cannot_be_resolved_is_refused_with_the_cure(make: Make, zone: str, what: str) -> None:
    with pytest.raises(ReckoningError, match=rf"{what}.*: .+"):
        make(f'[host]\nzone = "{zone}"')


def test_a_country_that_the_set_lacks_has_codecarbons_figure_marked_with_its_year(make: Make) -> None:
    assembly = make('[host]\nzone = "JP"')
    value, provider, how = applied(assembly)[Role.ELECTRICITY]
    assert provider == "codecarbon"
    assert value > 300
    assert How.OLDER_YEAR in how
    assert assembly.catalogue.name.startswith("2026-11+codecarbon-3.3")


def test_what_is_stated_is_a_factor_with_its_place_as_source(make: Make) -> None:
    assembly = make('[host]\nzone = "FR"\npue = 1.35\nwue = "0.4 L/kWh"')
    assert assembly.reckoner is not None
    pue = next(one.factor for one in assembly.reckoner.terms(HERE).applied if one.role is Role.PUE)
    assert (pue.value, pue.low, pue.high, pue.year) == (Decimal("1.35"), Decimal("1.35"), Decimal("1.35"), UNDATED)
    assert pue.provider == CONFIGURED
    assert "empreinte.toml" in pue.source
    assert applied(assembly)[Role.WUE][0] == Decimal("0.4")


def test_the_kind_of_the_site_gives_a_pue_with_its_range(make: Make) -> None:
    site = '[host]\nsite = "mairie"\n[[site]]\nkey = "mairie"\nkind = "server_room"\nzone = "FR"'
    value, provider, _ = applied(make(site))[Role.PUE]
    assert value == Decimal("1.8")
    assert provider != CONFIGURED


def test_the_contract_is_market_based_and_beside(make: Make) -> None:
    market = 'market = { value = "12 g/kWh", low = "0 g/kWh", year = 2026, source = "contrat" }'
    assembly = make(f'[host]\nzone = "FR"\n[factors]\n{market}')
    assert assembly.reckoner is not None
    terms = assembly.reckoner.terms(HERE)
    (factor,) = (one.factor for one in terms.applied if one.role is Role.MARKET)
    assert (factor.low, factor.value, factor.high) == (0, 12, 12)
    assert factor.basis.accounting is Accounting.MARKET
    assert terms.rates[Indicator.GWP_USE_MARKET].central == 12 * 10**12
    assert terms.rates[Indicator.GWP_USE].central == 461 * 10**11


def test_a_tariff_holds_from_its_day_on_in_local_time(make: Make) -> None:
    tariffs = (
        '[[tariff]]\nvalid_from = 2026-01-01\nprice = "0.20 EUR/kWh"\nsource = "a"\n'
        '[[tariff]]\nvalid_from = 2026-03-15\npeak = "0.25 EUR/kWh"\noff_peak = "0.15 EUR/kWh"\n'
        'off_peak_hours = ["22:30-06:30"]\nsource = "b"'
    )
    assembly = make(f'[host]\nzone = "FR"\n{tariffs}')
    midnight = int(datetime(2026, 3, 14, 23, tzinfo=UTC).timestamp()) * 10**9
    hour = HOUR.nanoseconds
    prices = [
        applied(assembly, Interval(start, start + hour))[Role.PRICE][0]
        for start in (midnight - hour, midnight, midnight + 6 * hour, midnight + 7 * hour)
    ]
    assert prices == [Decimal("0.20"), Decimal("0.15"), Decimal("0.20"), Decimal("0.25")]


def test_a_provider_without_figure_for_the_zone_is_refused(make: Make) -> None:
    with pytest.raises(ReckoningError, match=r"factors\.provider names ademe.*ember"):
        make('[host]\nzone = "DE"\n[factors]\nprovider = "ademe"')


@pytest.mark.parametrize("zone", ["FR-IDF", "FR-75"])
def test_a_part_of_a_country_may_name_the_countrys_providers(zone: str, make: Make) -> None:
    found = applied(make(f'[host]\nzone = "{zone}"\n[factors]\nprovider = "ember"\nlive = "rte"'))
    assert found[Role.ELECTRICITY] == (Decimal("44.179085"), "ember", (How.OLDER_YEAR, How.PARENT_ZONE))


def test_another_provider_can_be_chosen(make: Make) -> None:
    value, provider, _ = applied(make('[host]\nzone = "FR"\n[factors]\nprovider = "ember"'))[Role.ELECTRICITY]
    assert (value, provider) == (Decimal("44.179085"), "ember")


def test_a_set_that_is_not_there_is_refused(make: Make) -> None:
    with pytest.raises(ReckoningError, match="2026-11"):
        make('[host]\nzone = "FR"\n[factors]\nset = "1999"')


def test_a_broken_file_of_factors_is_refused_with_what_is_wrong(make: Make, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[[factor]]\nkey = "electricity/FR/us/2026"\n')
    with pytest.raises(ReckoningError, match=r"own\.toml"):
        make(f'[host]\nzone = "FR"\n[factors]\nfiles = ["{own}"]')


def test_an_asset_whose_model_is_unknown_is_refused(make: Make) -> None:
    asset = '[[asset]]\nname = "GPU"\nkind = "gpu"\nmodel = "nvidia-h1oo-sxm-80gb"\nresource = "gpu0"'
    with pytest.raises(ReckoningError, match="nvidia-h100-sxm-80gb"):
        make(f'[host]\nzone = "FR"\n{asset}')


def test_configured_hardware_is_in_the_terms(make: Make) -> None:
    asset = (
        '[[asset]]\nname = "GPU"\nkind = "gpu"\nmodel = "nvidia-h100-sxm-80gb"\nresource = "gpu0"\nbought = 2025-01-01'
    )
    assembly = make(f'[host]\nzone = "FR"\n{asset}\n[inventory]\ndetect = false')
    assert assembly.reckoner is not None
    (card,) = assembly.reckoner.terms(HERE).assets
    assert (card.resource, card.bought, card.gwp.value) == ("gpu0", date(2025, 1, 1), Decimal(273))
