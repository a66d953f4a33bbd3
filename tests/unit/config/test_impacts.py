from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from monitor.config import (
    AssetKind,
    AssetTable,
    DayHours,
    FactorsTable,
    InventoryTable,
    LiveSource,
    MarketTable,
    SiteKind,
    SiteTable,
    TariffTable,
    load,
)
from monitor.config.reference import shown
from tests.unit.config.test_file import HERE, faults, read

GREEN = "Contrat vert 2026"
OWN = 'embodied = "273 kgCO2e"\nembodied_low = "164 kgCO2e"\nembodied_high = "575 kgCO2e"\nyear = 2024\nsource = "f"\n'


def asset(text: str) -> str:
    return f'[[asset]]\nname = "a"\n{text}'


def test_without_any_of_it_nothing_is_assumed() -> None:
    config = load(HERE)
    assert (config.zone, config.pue, config.wue, config.site, config.host.hardware_share) == (
        "",
        None,
        None,
        None,
        None,
    )
    assert config.factors == FactorsTable()
    assert config.factors.live is None
    assert config.inventory == InventoryTable(detect=True, files=())
    assert (config.sites, config.tariffs, config.assets) == ((), (), ())


def test_everything_that_is_written_is_in_force(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        f"""
[host]
zone = "FR"
site = "mairie"
wue = "0.4 L/kWh"
hardware_share = 0.25
[factors]
files = ["/etc/empreinte/factors.toml"]
set = "2026-11"
provider = "ademe"
live = "electricity_maps"
token_file = "/etc/empreinte/token"
address = "https://gateway.example.fr/"
certificates = "/etc/ssl/ca.pem"
[factors.market]
value = "12.5 g/kWh"
low = "10 g/kWh"
high = "14 g/kWh"
year = 2026
source = "{GREEN}"
[[site]]
key = "mairie"
name = "Mairie"
kind = "server_room"
zone = "FR"
pue = 1.6
wue = "0.5 L/kWh"
[[tariff]]
valid_from = 2026-01-01
price = "0.2016 EUR/kWh"
source = "2026"
[[tariff]]
valid_from = 2026-08-01
peak = "0.2146 EUR/kWh"
off_peak = "0.1696 EUR/kWh"
off_peak_hours = ["22:30-06:30"]
source = "août 2026"
[inventory]
detect = false
""",
    )
    assert (config.host.wue, config.host.hardware_share) == (Decimal("0.4"), Decimal("0.25"))
    assert config.sites == (
        SiteTable(
            key="mairie",
            name="Mairie",
            kind=SiteKind.SERVER_ROOM,
            zone="FR",
            pue=Decimal("1.6"),
            wue=Decimal("0.5"),
        ),
    )
    assert config.factors == FactorsTable(
        files=(Path("/etc/empreinte/factors.toml"),),
        set="2026-11",
        provider="ademe",
        live=LiveSource.ELECTRICITY_MAPS,
        token_file=Path("/etc/empreinte/token"),
        address="https://gateway.example.fr/",
        certificates=Path("/etc/ssl/ca.pem"),
        market=MarketTable(value=Decimal("12.5"), low=Decimal(10), high=Decimal(14), year=2026, source=GREEN),
    )
    assert config.tariffs == (
        TariffTable(valid_from=date(2026, 1, 1), price=Decimal("0.2016"), source="2026"),
        TariffTable(
            valid_from=date(2026, 8, 1),
            peak=Decimal("0.2146"),
            off_peak=Decimal("0.1696"),
            off_peak_hours=(DayHours(1350, 390),),
            source="août 2026",
        ),
    )
    assert config.inventory.detect is False


def test_what_becomes_a_factor_is_exact(tmp_path: Path) -> None:
    config = read(tmp_path, "[host]\npue = 1.1\nhardware_share = 0.1\n")
    assert config.pue == Decimal("1.1")
    assert config.host.hardware_share == Decimal("0.1")


def test_the_host_comes_before_its_site(tmp_path: Path) -> None:
    site = '[[site]]\nkey = "s"\nzone = "FR"\npue = 1.6\nwue = "0.5 L/kWh"\n[[site]]\nkey = "t"\nzone = "DE"\n'
    config = read(tmp_path, f'[host]\nsite = "s"\n{site}')
    assert (config.zone, config.pue, config.wue) == ("FR", Decimal("1.6"), Decimal("0.5"))
    config = read(tmp_path, f'[host]\nsite = "s"\npue = 1.2\nwue = "0 L/kWh"\n{site}')
    assert (config.zone, config.pue, config.wue) == ("FR", Decimal("1.2"), Decimal(0))
    config = read(tmp_path, '[host]\nsite = "elsewhere"\n')
    assert (config.zone, config.pue, config.wue, config.site) == ("", None, None, None)


def test_one_zone_by_two_names_is_no_contradiction(tmp_path: Path) -> None:
    site = '[[site]]\nkey = "s"\nzone = "RE"\n'
    assert read(tmp_path, f'[host]\nsite = "s"\nzone = "FR-974"\n{site}').zone == "FR-974"
    told = faults(tmp_path, f'[host]\nsite = "s"\nzone = "FR"\n{site}')
    assert "line 3: host.zone: FR is not the zone of its site, s, RE: take the wrong one out" in told[0]


@pytest.mark.parametrize("zone", ["FR", "FR-COR", "RE", "US-CA", "US-CAL-CISO", "DK-DK1", "WORLD"])
def test_zones_are_those_in_use(tmp_path: Path, zone: str) -> None:
    assert read(tmp_path, f'[host]\nzone = "{zone}"\n').zone == zone


@pytest.mark.parametrize(("zone", "instead"), [("fr", "FR"), ("FRANCE", "FR"), ("world", "WORLD"), ("f", "FR")])
def test_what_is_no_zone_is_refused(tmp_path: Path, zone: str, instead: str) -> None:
    assert faults(tmp_path, f'[host]\nzone = "{zone}"\n')[0].endswith(f'write "{instead}"')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('live = "rte"', "line 2: factors.live: of which zone is it to be asked? Set host.zone"),
        ('token_file = "/t"', "factors.token_file: it does nothing without factors.live"),
        ('address = "https://g.example/"', "factors.address: it does nothing without factors.live"),
        ('certificates = "/ca.pem"', "factors.certificates: it does nothing without factors.live"),
        ('address = "http://g.example/"', 'write "https://g.example/"'),
        ('address = "https://u:p@g.example/x?k=v"', 'write "https://g.example/x"'),
        ('address = "gateway"', "is not the address of a web service"),
        ('address = "https://[::1"', "is not the address of a web service"),
        ('files = "/f"', 'write ["/f"]'),
        ('files = ["/f", "/f"]', "'/f' is named twice"),
        ('files = ["f"]', "'f' is not an absolute path"),
        ('set = "November 2026"', 'write "november-2026"'),
        ('market = "12 g/kWh"', 'factors.market: it is a table: write { value = "12 g/kWh"'),
        ('market = { value = "12 g/kWh", year = 2026 }', "factors.market.source: this key is needed"),
        (
            'market = { value = "12 g/kWh", low = "13 g/kWh", year = 2026, source = "s" }',
            "factors.market.low: it is more than value",
        ),
        (
            'market = { value = "12 g/kWh", high = "11 g/kWh", year = 2026, source = "s" }',
            "factors.market.value: it is more than high",
        ),
    ],
)
def test_factors_that_can_not_be_are_refused(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in faults(tmp_path, f"[factors]\n{text}\n")[0]


@pytest.mark.parametrize(
    ("zone", "text", "expected"),
    [
        ("FR", 'live = "electricity_maps"', "factors.token_file: electricity_maps answers nobody without a token"),
        ("FR", 'live = "rte"\ntoken_file = "/t"', "factors.token_file: rte asks for no token"),
        ("DE", 'live = "rte"', "factors.live: rte knows mainland France alone, not DE"),
        ("RE", 'live = "rte"', "factors.live: rte knows mainland France alone, not RE"),
        ("FR-974", 'live = "rte"', "factors.live: rte knows mainland France alone, not FR-974"),
        ("FR-COR", 'live = "rte"', "factors.live: rte knows mainland France alone, not FR-COR"),
    ],
)
def test_a_live_source_needs_what_it_asks_with(tmp_path: Path, zone: str, text: str, expected: str) -> None:
    assert expected in faults(tmp_path, f'[host]\nzone = "{zone}"\n[factors]\n{text}\n')[0]


@pytest.mark.parametrize("zone", ["FR", "FR-BRE"])
def test_rte_knows_mainland_france(tmp_path: Path, zone: str) -> None:
    config = read(tmp_path, f'[host]\nzone = "{zone}"\n[factors]\nlive = "rte"\naddress = "http://127.0.0.1:8/"\n')
    assert config.factors.live is LiveSource.RTE


def test_a_zone_that_is_mistyped_is_told_once(tmp_path: Path) -> None:
    told = faults(tmp_path, '[host]\nzone = "fr"\n[factors]\nlive = "rte"\n')
    assert len(told) == 1
    assert "host.zone" in told[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "tariff[0]: what does a kilowatt-hour cost?"),
        ('price = "1 EUR/kWh"\npeak = "2 EUR/kWh"', "price and peak are given: keep one price, or two"),
        ('peak = "2 EUR/kWh"', "with peak, off_peak and off_peak_hours is needed too"),
        ('off_peak_hours = ["22:00-06:00"]', "with off_peak_hours, peak and off_peak is needed too"),
    ],
)
def test_a_tariff_says_one_price_or_two_with_their_hours(tmp_path: Path, text: str, expected: str) -> None:
    told = faults(tmp_path, f'[[tariff]]\nvalid_from = 2026-01-01\nsource = "s"\n{text}\n')
    assert expected in told[0]


def test_no_two_tariffs_begin_on_one_day(tmp_path: Path) -> None:
    one = '[[tariff]]\nvalid_from = 2026-01-01\nprice = "1 EUR/kWh"\nsource = "s"\n'
    told = faults(tmp_path, one + one)
    assert "line 6: tariff[1].valid_from: 2026-01-01 is already the valid_from of a tariff, at tariff[0]" in told[0]


def test_a_host_stands_at_one_of_the_sites_where_there_are_any(tmp_path: Path) -> None:
    told = faults(
        tmp_path, '[host]\nsite = "hotel-de-vile"\n[[site]]\nkey = "mairie"\n[[site]]\nkey = "hotel-de-ville"\n'
    )
    assert "line 2: host.site: there is no [[site]] hotel-de-vile" in told[0]
    assert 'write "hotel-de-ville"' in told[0]


def test_no_two_sites_have_one_key_and_no_two_assets_one_name(tmp_path: Path) -> None:
    site, piece = '[[site]]\nkey = "s"\n', asset('kind = "ssd"\nmodel = "ssd"\n')
    told = faults(tmp_path, site + site + piece + piece)
    assert [line.split(": ", 2)[1] for line in told[1:]] == ["site[1].key", "asset[1].name"]


def test_an_asset_is_a_model_or_a_figure(tmp_path: Path) -> None:
    model = (
        'kind = "memory"\nmodel = "dram"\ncapacity = "64 GB"\ncount = 16\nbought = 2024-03-01\nlifetime = "6 years"\n'
    )
    own = '[[asset]]\nname = "b"\nkind = "server"\nadpe = "0.0089 kgSbe"\n' + OWN
    first, second = read(tmp_path, asset(model) + own).assets
    assert first == AssetTable(
        name="a",
        kind=AssetKind.MEMORY,
        model="dram",
        capacity=Decimal(64),
        count=16,
        bought=date(2024, 3, 1),
        lifetime=Decimal(6),
        resource="dram",
    )
    assert (second.embodied_low, second.embodied, second.embodied_high) == (Decimal(164), Decimal(273), Decimal(575))
    assert (second.adpe, second.year, second.source, second.resource) == (Decimal("0.0089"), 2024, "f", "rest")


@pytest.mark.parametrize("kind", list(AssetKind))
def test_each_kind_is_held_as_its_resource(tmp_path: Path, kind: AssetKind) -> None:
    named = 'resource = "gpu1"\n' if kind is AssetKind.GPU else ""
    (one,) = read(tmp_path, asset(f'kind = "{kind}"\nmodel = "m"\n{named}')).assets
    assert one.resource == {"cpu": "package", "memory": "dram", "gpu": "gpu1"}.get(kind.value, "rest")
    (one,) = read(tmp_path, asset(f'kind = "{kind}"\nmodel = "m"\nresource = "gpu0"\n')).assets
    assert one.resource == "gpu0"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('kind = "ssd"\n', "asset[0]: what is it?: write model = "),
        ('kind = "ssd"\nmodel = "ssd"\n' + OWN, "asset[0]: model and embodied are given: keep the surer one"),
        ('kind = "ssd"\ncapacity = "1 TB"\n' + OWN, "asset[0].capacity: embodied is the figure of one piece"),
        ('kind = "ssd"\nmodel = "ssd"\nsource = "s"\n', "asset[0].source: it goes with embodied"),
        ('kind = "ssd"\nmodel = "ssd"\nadpe = "1 kgSbe"\n', "asset[0].adpe: it goes with embodied"),
        ('kind = "ssd"\nadpe_low = "1 kgSbe"\n' + OWN, "asset[0].adpe_low: it goes with adpe"),
        (
            'kind = "ssd"\nadpe = "1 kgSbe"\nadpe_low = "2 kgSbe"\n' + OWN,
            "asset[0].adpe_low: it is more than adpe",
        ),
        ('kind = "ssd"\n' + OWN.replace("164", "274"), "asset[0].embodied_low: it is more than embodied"),
        ('kind = "ssd"\n' + OWN.replace("575", "272"), "asset[0].embodied: it is more than embodied_high"),
        ('kind = "gpu"\nmodel = "m"\n', 'asset[0].resource: which GPU is it?: write resource = "gpu0"'),
        ('kind = "gpu"\nmodel = "m"\nresource = "gpu0"\ncount = 8\n', "asset[0].count: each GPU is held by itself"),
        ('kind = "gpu"\nmodel = "m"\nresource = "platform"\n', "'platform' is not a resource that is held"),
        ('kind = "disk"\nmodel = "m"\n', "'disk' is none of server, cpu, memory"),
        ('kind = "ssd"\nmodel = "Samsung PM9A3"\n', 'write "samsung-pm9a3"'),
    ],
)
def test_an_asset_that_can_not_be_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    told = faults(tmp_path, asset(text))
    assert len(told) == 1
    assert expected in told[0]


def test_a_figure_of_ones_own_needs_its_bounds_its_year_and_its_source(tmp_path: Path) -> None:
    told = faults(tmp_path, asset('kind = "server"\nembodied = "273 kgCO2e"\n'))
    assert [line.split(": ", 2)[1] for line in told[1:]] == [
        "asset[0].embodied_low",
        "asset[0].embodied_high",
        "asset[0].year",
        "asset[0].source",
    ]
    assert told[1].endswith('this key is needed with embodied: write embodied_low = "164 kgCO2e"')


def test_the_files_of_the_inventory_add_their_assets(tmp_path: Path) -> None:
    more = tmp_path / "assets.toml"
    more.write_text('\n[[asset]]\nname = "b"\nkind = "cpu"\nmodel = "m"\n', encoding="utf-8")
    config = read(tmp_path, f'[inventory]\nfiles = ["{more}"]\n' + asset('kind = "ssd"\nmodel = "ssd"\n'))
    assert [(one.name, one.resource) for one in config.assets] == [("a", "rest"), ("b", "package")]
    assert config.origins["asset[0].model"] == "line 6"
    assert config.origins["asset[1].model"] == f"{more}, line 5"


def test_what_is_wrong_in_the_files_of_the_inventory_is_told_with_the_rest(tmp_path: Path) -> None:
    more, broken, missing = tmp_path / "assets.toml", tmp_path / "broken.toml", tmp_path / "missing.toml"
    more.write_text('[[asset]]\nname = "a"\nkind = "ssd"\nmodl = "m"\n[[aset]]\n', encoding="utf-8")
    broken.write_text("[asset\n", encoding="utf-8")
    told = faults(tmp_path, f'[host]\npue = 0.9\n[inventory]\nfiles = ["{more}", "{broken}", "{missing}"]\n')
    assert told[1].startswith("line 2: host.pue")
    assert [line.partition(": ")[0] for line in told[2:]] == ["line 4"] * 4
    text = "\n".join(told)
    assert f"inventory.files[0]: {more}, line 4: asset[0].modl: there is no such key: write model" in text
    assert f"inventory.files[0]: {more}, line 5: aset: there is no such key: write asset" in text
    assert f"inventory.files[1]: {broken}: line 1: it is not TOML" in text
    assert f"inventory.files[2]: {missing}: it does not exist: name another, or make one" in text


def test_one_name_in_two_files_is_told(tmp_path: Path) -> None:
    more = tmp_path / "assets.toml"
    more.write_text(asset('kind = "ssd"\nmodel = "ssd"\n'), encoding="utf-8")
    told = faults(tmp_path, f'[inventory]\nfiles = ["{more}"]\n' + asset('kind = "ssd"\nmodel = "ssd"\n'))
    assert f"{more}, line 2: asset[1].name: a is already the name of an asset, at asset[0]" in told[0]


def test_tables_that_may_be_several_have_two_brackets(tmp_path: Path) -> None:
    told = faults(tmp_path, '[tariff]\nprice = "1 EUR/kWh"\n')
    assert "line 1: tariff: there may be several: write [[tariff]], with two brackets" in told[0]


def test_all_of_it_is_shown_as_it_is_written_and_a_token_never(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret", encoding="utf-8")
    text = f"""[host]
zone = "FR"
site = "s"
pue = 1.40
[factors]
live = "electricity_maps"
token_file = "{token}"
market = {{ value = "12.50 g/kWh", year = 2026, source = "s" }}
[[site]]
key = "s"
wue = "0.5 L/kWh"
[[tariff]]
valid_from = 2026-08-01
peak = "214.6 EUR/MWh"
off_peak = "0.1696 EUR/kWh"
off_peak_hours = ["22:30-06:30"]
source = "s"
[[asset]]
name = "a"
kind = "ssd"
model = "ssd"
capacity = "1.92 TB"
bought = 2024-03-01
"""
    rows = {path: (value, origin) for path, value, origin in shown(read(tmp_path, text))}
    assert rows["host.pue"] == ("1.4", "line 4")
    assert rows["host.wue"][1] == "default"
    assert rows["factors.token_file"] == (f'"{token}"', "line 7")
    assert rows["factors.market"] == ('{ value = "12.5 g/kWh", year = 2026, source = "s" }', "line 8")
    assert rows["factors.files"] == ("[]", "default")
    assert rows["inventory.detect"] == ("true", "default")
    assert rows["site[0].wue"] == ('"0.5 L/kWh"', "line 11")
    assert rows["tariff[0].valid_from"] == ("2026-08-01", "line 13")
    assert rows["tariff[0].peak"] == ('"0.2146 EUR/kWh"', "line 14")
    assert rows["tariff[0].off_peak_hours"] == ('["22:30-06:30"]', "line 16")
    assert rows["asset[0].capacity"] == ('"1920 GB"', "line 22")
    assert rows["asset[0].resource"] == ('"rest"', "default")
    assert rows["asset[0].count"] == ("1", "default")
    assert "tariff[0].price" not in rows
    assert not any("s3cret" in value for value, _ in rows.values())
