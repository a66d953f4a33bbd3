from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from monitor.config.procurement import vat
from monitor.config.quantities import WrongValueError
from monitor.config.reference import shown
from monitor.core.procurement import Ccag, ClauseKind, EventKind, Green, GreenCriteria, Procedure, Strategic
from tests.unit.config.test_contracts import CLAUSE, CONTRACT, faults, read

PROCUREMENT = """
[contract.procurement]
buyer_siret = "213 502 388 00019"
supplier_vat = "BE0123456789"
framework = "2024-AC-7"
ccag = "Techniques de l'information et de la communication"
procedure = "Appel d'offres ouvert"
notified = 2025-12-01
months = 36
award_criterion = "Wh pour 1 000 jetons"
award_weight = 0.15
award_method = "15 x offre la plus basse / offre"
strategic = ["env-imp", "env-imp"]
green = ["clim-mitig", "water-mar"]
green_criteria = ["national"]
strategic_text = "Sobriété"
spaser = true
regions = ["FR"]
label = "EU-DC-0042"
label_pue = "B"
label_wue = "A"
"""
DECLARATION = f"""
[[contract.declaration]]
file = "/srv/042/2026-03.pdf"
received = 2026-04-12
starts = 2026-03-01
ends = 2026-03-31
sha256 = "{"AB" * 32}"
verifier = "A. Martin"
energy = "4.8 MWh"
pue = 1.3
wue = "0.4 L/kWh"
ref = 0.8
erf = 0
emissions = "0.25 tCO2e"
emissions_market = "0 kgCO2e"
water = "1.4 m3"
output_tokens = 120000000000
"""
EVENT = '[[contract.event]]\nday = 2026-06-30\nkind = "amendment"\ntext = "Avenant n°1"\n'
KIND = f'{CLAUSE}threshold = "3 Wh"\nperiod = "month"\nkind = "execution"\nremedy_days = 60\n'


def test_all_that_is_told_of_a_contract_is_read(tmp_path: Path) -> None:
    config = read(tmp_path, f'{CONTRACT}declarations = ["/srv/old.pdf"]\n{PROCUREMENT}{KIND}{DECLARATION}{EVENT}')
    (contract,) = config.contracts
    known = contract.procurement
    assert (known.buyer_siret, known.supplier_vat, known.framework) == ("21350238800019", "BE0123456789", "2024-AC-7")
    assert (known.ccag, known.procedure) == (Ccag.INFORMATION, Procedure.OPEN)
    assert (known.notified, known.months, known.spaser) == (date(2025, 12, 1), 36, True)
    assert (known.award_weight, known.strategic) == (Decimal("0.15"), (Strategic.ENVIRONMENT,))
    assert known.green == (Green.MITIGATION, Green.WATER)
    assert known.green_criteria == (GreenCriteria.NATIONAL,)
    old, new = contract.declared
    assert (old.file, old.energy) == ("/srv/old.pdf", None)
    assert (new.file, new.sha256, new.energy) == ("/srv/042/2026-03.pdf", "ab" * 32, Decimal(4800))
    assert (new.emissions, new.emissions_market, new.erf) == (Decimal(250), Decimal(0), Decimal(0))
    assert (new.water, new.output_tokens) == (Decimal(1400), 120_000_000_000)
    assert [(one.day, one.kind, one.text) for one in contract.events] == [
        (date(2026, 6, 30), EventKind.AMENDMENT, "Avenant n°1")
    ]
    assert (contract.clauses[0].kind, contract.clauses[0].remedy_days) == (ClauseKind.EXECUTION, 60)


def test_of_a_contract_of_which_nothing_is_told_nothing_is_known(tmp_path: Path) -> None:
    (contract,) = read(tmp_path, CONTRACT).contracts
    known = contract.procurement
    assert (known.ccag, known.months, known.spaser, known.green, contract.declared) == (None, None, None, (), ())


def test_what_is_read_is_shown_with_its_origin(tmp_path: Path) -> None:
    rows = {path: value for path, value, _ in shown(read(tmp_path, CONTRACT + PROCUREMENT + DECLARATION + EVENT))}
    assert 'green = ["clim-mitig", "water-mar"]' in rows["contract[0].procurement"]
    assert "notified = 2025-12-01" in rows["contract[0].procurement"]
    assert rows["contract[0].declaration[0].energy"] == '"4800 kWh"'
    assert rows["contract[0].event[0].kind"] == '"amendment"'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[contract.procurement]\nccag = "TIC"\n', "is none of Travaux, "),
        ("[contract.procurement]\nmonths = 0\n", "0 is not between 1 and 1200"),
        ('[contract.procurement]\nmonths = "36"\n', "write 36"),
        ('[contract.procurement]\ngreen = "clim-mitig"\n', 'write ["clim-mitig"]'),
        ('[contract.procurement]\ngreen = ["clim-mitigation"]\n', 'write "clim-mitig"'),
        ("[contract.procurement]\nstrategic = []\n", "it is a list of texts"),
        ('[contract.procurement]\nsupplier_vat = "be 0123.456.789"\n', 'write "BE0123456789"'),
        (
            '[contract.procurement]\nnotifie = "x"\n',
            "contract[0].procurement.notifie: there is no such key: write notified",
        ),
        ('[[contract.declaration]]\nfile = "042.pdf"\n', "is not an absolute path"),
        ('[[contract.declaration]]\nfile = "/a"\nsha256 = "12"\n', "what `sha256sum FILE` says"),
        ('[[contract.declaration]]\nfile = "/a"\nenergy = "12"\n', "contract[0].declaration[0].energy"),
        ('[[contract.declaration]]\nfile = "/a"\nref = 80\n', "80 is not between 0 and 1"),
        ('[[contract.declaration]]\nfile = "/a"\nstarts = 2026-02-01\nends = 2026-01-01\n', "is before its first day"),
        ('[[contract.declaration]]\nfile = "/a"\n[[contract.declaration]]\nfile = "/a"\n', "'/a' is named twice"),
        ('[[contract.event]]\nday = 2026-06-30\nkind = "avenant"\ntext = "x"\n', "is none of amendment, notice"),
        ("[contract.event]\nday = 2026-06-30\n", "[[contract[0].event]], with two brackets"),
    ],
)
def test_what_cannot_be_is_refused_with_the_cure(tmp_path: Path, text: str, told: str) -> None:
    assert told in faults(tmp_path, CONTRACT + text)


def test_a_vat_number_that_was_written_with_spaces_is_proposed_without_them() -> None:
    assert vat("BE0123456789") == "BE0123456789"
    with pytest.raises(WrongValueError) as refused:
        vat("be 0123.456-789")
    assert refused.value.instead == '"BE0123456789"'
