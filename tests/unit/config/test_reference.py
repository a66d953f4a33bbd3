import re
from pathlib import Path

from monitor.config import load
from monitor.config.reference import example, reference, shown
from tests.unit.config.test_file import HERE, read

DOCS = Path(__file__).parents[3] / "docs"


def test_the_example_changes_nothing(tmp_path: Path) -> None:
    config = read(tmp_path, example())
    assert (config.sampling, config.web, config.ledger) == (load(HERE).sampling, load(HERE).web, load(HERE).ledger)


def test_every_line_of_the_example_can_be_taken(tmp_path: Path) -> None:
    assets = tmp_path / "assets.toml"
    assets.write_text('[[asset]]\nname = "disque"\nkind = "ssd"\nmodel = "ssd"\ncapacity = "1 TB"\n', encoding="utf-8")
    taken = re.sub(r"^# (\[\[[a-z.]+\]\]|[a-z_]+ = )", r"\1", example(), flags=re.MULTILINE)
    config = read(tmp_path, taken.replace("/etc/empreinte/assets.toml", str(assets)))
    assert config.organisation.name == "Ville de Rennes"
    assert [asset.name for asset in config.assets] == ["H100 n° 1", "disque"]
    assert config.services[0].match.systemd == "vllm.service"
    assert [clause.metric.name for clause in config.contracts[0].clauses] == ["energy_per_1000_output_tokens"]


def test_the_reference_is_the_one_in_the_documentation() -> None:
    assert (DOCS / "configuration.md").read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_every_value_is_shown_with_its_origin(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        '[ledger]\nurl = "postgresql+psycopg://u:secret@h/d"\n[[service]]\nkey = "a"\nmatch = { port = 80 }\n',
    )
    rows = {path: (value, origin) for path, value, origin in shown(config)}
    assert rows["ledger.url"] == ('"postgresql+psycopg://u:***@h/d"', "line 2")
    assert rows["sampling.every"] == ('"5s"', "default")
    assert rows["host.zone"] == ("(its site's; without either, impacts stay unknown)", "default")
    assert rows["service[0].match.port"] == ("80", "line 5")
    assert rows["service[0].name"] == ('"a"', "default")
    assert "service[0].match.pod" not in rows
