from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.config import Config, ConfigError, Language, Listen, Surroundings, load
from monitor.config.file import system_time_zone
from monitor.core.attribution import FloorRule
from monitor.core.services import Match
from monitor.core.units import Duration, Memory, Power

HERE = Surroundings(
    variables={"HOME": "/home/ada"},
    root=False,
    host_name="ia-01",
    time_zone="Europe/Paris",
    usual_file=Path("/nowhere/empreinte.toml"),
)


def read(tmp_path: Path, text: str, surroundings: Surroundings = HERE) -> Config:
    file = tmp_path / "empreinte.toml"
    file.write_text(text, encoding="utf-8")
    return load(surroundings, file)


def faults(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    return [line.strip() for line in str(caught.value).split("\n")]


def test_nothing_needs_to_be_configured() -> None:
    config = load(HERE)
    assert config.file is None
    assert config.host.name == "ia-01"
    assert config.organisation.timezone == ZoneInfo("Europe/Paris")
    assert config.organisation.language is Language.ENGLISH
    assert config.paths.procfs == Path("/proc")
    assert config.sampling.every == config.ledger.commit_every == Duration.from_seconds(5)
    assert config.sampling.floor is FloorRule.BY_USE
    assert config.sampling.discovery
    assert config.ledger.url == "sqlite:////home/ada/.local/state/empreinte/ledger.db"
    assert config.web.listen == Listen("127.0.0.1", 21031)
    assert config.services == ()


@pytest.mark.parametrize(
    ("variables", "root", "state"),
    [
        ({}, True, "/var/lib/empreinte"),
        ({"XDG_STATE_HOME": "/s"}, False, "/s/empreinte"),
        ({"XDG_STATE_HOME": "s", "HOME": "/h"}, False, "/h/.local/state/empreinte"),
        ({"STATE_DIRECTORY": "/var/lib/private/e:/x", "XDG_STATE_HOME": "/s"}, False, "/var/lib/private/e"),
    ],
)
def test_state_is_kept_where_the_system_wants_it(variables: dict[str, str], root: bool, state: str) -> None:
    config = load(replace(HERE, variables=variables, root=root))
    assert config.paths.state == Path(state)
    assert config.ledger.url == f"sqlite:///{state}/ledger.db"


@pytest.mark.parametrize(
    ("variables", "language", "origin"),
    [
        ({"LANG": "fr_FR.UTF-8"}, Language.FRENCH, "$LANG"),
        ({"LC_ALL": "C", "LANG": "fr_FR"}, Language.ENGLISH, "$LC_ALL"),
        ({"LC_ALL": "", "LC_MESSAGES": "FR", "LANG": "en_GB"}, Language.FRENCH, "$LC_MESSAGES"),
        ({}, Language.ENGLISH, "default"),
    ],
)
def test_the_language_is_that_of_the_environment(variables: dict[str, str], language: Language, origin: str) -> None:
    config = load(replace(HERE, variables={"HOME": "/h"} | variables))
    assert config.organisation.language is language
    assert config.origins["organisation.language"] == origin


def test_everything_that_is_written_is_in_force(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        """
[organisation]
name = "Ville de Rennes"
siret = "21350238800019"
insee = "35238"
timezone = "Pacific/Marquesas"
language = "fr"
[host]
name = "ia-02"
zone = "FR"
site = "hotel-de-ville"
pue = 1.4
cpu_tdp = "280 W"
memory = "256 GiB"
[paths]
sysfs = "/host/sys"
procfs = "/host/proc"
cgroupfs = "/host/cgroup"
state = "/srv/empreinte"
[sampling]
every = "10s"
floor = "by_residency"
discovery = false
patience = "2min"
[sampling.floor_power]
package = "45 W"
[ledger]
url = "postgresql+psycopg://empreinte@db/empreinte"
commit_every = "1min"
retention_minutes = "10d"
[web]
listen = "0.0.0.0:80"
insecure = true
[[service]]
key = "assistant"
name = "Assistant rédactionnel"
department = "Communication"
contract = "2026-DSI-042"
was = ["chatbot"]
match = { systemd = "vllm.service" }
[[service]]
key = "translation"
match = { port = 8000 }
""",
    )
    assert config.organisation.language is Language.FRENCH
    assert config.organisation.siret == "21350238800019"
    assert (config.host.name, config.host.zone, config.host.site, config.host.pue) == (
        "ia-02",
        "FR",
        "hotel-de-ville",
        Decimal("1.4"),
    )
    assert config.host.cpu_tdp == Power.from_watts(280)
    assert config.host.memory == Memory.from_gibibytes(256)
    assert config.paths.cgroupfs == Path("/host/cgroup")
    assert config.sampling.floor is FloorRule.BY_RESIDENCY
    assert config.sampling.floor_power == {"package": Power.from_watts(45)}
    assert config.ledger.commit_every == Duration.from_seconds(60)
    assert config.web.listen == Listen("0.0.0.0", 80)  # noqa: S104 - it is what the file says
    first, second = config.services
    assert (first.facts.key, first.facts.name, first.facts.was) == ("assistant", "Assistant rédactionnel", ("chatbot",))
    assert (first.facts.found_by, first.match) == ("configured", Match(systemd="vllm.service"))
    assert (second.facts.name, second.match) == ("translation", Match(port=8000))


def test_where_each_value_comes_from_is_known(tmp_path: Path) -> None:
    config = read(tmp_path, '[sampling]\nevery = "10s"\n')
    assert config.origins["sampling.every"] == "line 2"
    assert config.origins["ledger.commit_every"] == "as sampling.every"
    assert config.origins["organisation.timezone"] == "/etc/localtime"
    assert config.origins["paths.state"] == "$HOME"
    assert "sampling.floor" not in config.origins


def test_all_faults_are_told_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    told = faults(
        tmp_path,
        """[sampling]
every = 5
flor = "by_use"
floor = "by_usage"
[host]
pue = "1,4"
[web]
listen = "0.0.0.0:21031"
""",
    )
    assert told[0].endswith("has 5 faults:")
    assert told[1] == 'line 2: sampling.every: a bare number needs a unit: write "5s"'
    assert told[2] == "line 3: sampling.flor: there is no such key: write floor"
    assert told[3].startswith("line 4: sampling.floor: 'by_usage' is none of by_use, by_residency, unassigned")
    assert told[4] == "line 6: host.pue: it is a number, without quotes: write 1.4"
    assert told[5].startswith("line 8: web.listen: 0.0.0.0:21031 can be reached from other machines")


def test_a_fault_is_not_told_again_of_what_depends_on_it(tmp_path: Path) -> None:
    told = faults(tmp_path, '[sampling]\nevery = "5 parsecs"\n[paths]\nstate = "state"\n')
    assert [line.partition(": ")[0] for line in told[1:]] == ["line 2", "line 4"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[organistion]\n", "there is no such key: write organisation"),
        ("organisation = 3\n", "it is a table"),
        ('[service]\nkey = "a"\n', "[[service]], with two brackets"),
        ('[[service]]\nkey = "a"\n', 'write match = { systemd = "vllm.service" }'),
        ("[[service]]\nmatch = { port = 80 }\n", 'line 1: service[0].key: this key is needed: write key = "assistant"'),
        ('[[service]]\nkey = "_idle"\nmatch = { port = 80 }\n', "reserved"),
        ('[[service]]\nkey = "a"\nmatch = { port = 80, pod = "x" }\n', "port and pod are given"),
        ('[[service]]\nkey = "a"\nmatch = {}\n', "nothing is given"),
        ('[[service]]\nkey = "a"\nmatch = { unit = "x" }\n', "service[0].match.unit: there is no such key"),
        ('[[service]]\nkey = "a"\nmatch = "vllm.service"\n', "it is a table"),
        ('[ledger]\ncommit_every = "1s"\n', 'it can\'t be shorter than sampling.every, 5s: write "5s"'),
        ('[sampling]\npatience = "1s"\n', 'it can\'t be shorter than sampling.every, 5s: write "5s"'),
        ('[sampling]\nevery = "1h"\n', "1h is not between 100ms and 5min"),
        ('[organisation]\ntimezone = "Paris"\n', 'write "Europe/Paris"'),
    ],
)
def test_what_can_not_be_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in faults(tmp_path, text)[0]


@pytest.mark.parametrize(
    "text",
    [
        '[retention]\nminutes = "1d"\n',
        '[ledger]\ncentral = "x"\n',
    ],
)
def test_what_a_later_version_does_is_not_taken_in_silence(tmp_path: Path, text: str) -> None:
    assert "not in this version" in faults(tmp_path, text)[0]


def test_no_key_belongs_to_two_services(tmp_path: Path) -> None:
    services = "".join(
        f'[[service]]\nkey = "{key}"\nwas = {was}\nmatch = {{ port = {port} }}\n'
        for key, was, port in (("a", "[]", 1), ("a", "[]", 2), ("b", '["a"]', 3))
    )
    told = faults(tmp_path, services)
    assert told[1] == "line 6: service[1].key: 'a' is already the key of another service, at service[0].key"
    assert told[2] == "line 11: service[2].was: 'a' is already the key of another service, at service[0].key"


def test_the_file_is_the_one_named_else_that_of_the_environment_else_the_usual_one(tmp_path: Path) -> None:
    for name in ("named", "variable", "usual"):
        (tmp_path / name).write_text(f'[host]\nname = "{name}"\n', encoding="utf-8")
    usual = replace(HERE, usual_file=tmp_path / "usual")
    both = replace(usual, variables={"EMPREINTE_CONFIG": str(tmp_path / "variable")})
    assert load(both, tmp_path / "named").host.name == "named"
    assert load(both).host.name == "variable"
    assert load(usual).host.name == "usual"
    assert load(replace(usual, variables={"EMPREINTE_CONFIG": ""})).host.name == "usual"


def test_a_file_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load(HERE, tmp_path / "missing")
    with pytest.raises(ConfigError, match="does not exist"):
        load(replace(HERE, variables={"EMPREINTE_CONFIG": str(tmp_path / "missing")}))
    with pytest.raises(ConfigError, match="is a directory"):
        load(HERE, tmp_path)


def test_what_is_no_configuration_is_refused_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "empreinte.toml"
    file.write_bytes(b'[host]\nname = "\xff"\n')
    with pytest.raises(ConfigError, match="line 2 is not text in UTF-8"):
        load(HERE, file)
    with pytest.raises(ConfigError, match="larger than a configuration"):
        load(HERE, Path("/dev/zero"))
    with pytest.raises(ConfigError, match="it can't be read"):
        load(HERE, Path("/proc/self/mem"))


def test_the_quotes_that_are_missing_are_shown(tmp_path: Path) -> None:
    told = faults(tmp_path, "[sampling]\nevery = 5s  # often\n")
    assert "line 2: it is not TOML" in told[0]
    assert told[0].endswith('write every = "5s"')
    assert "it is not TOML" in faults(tmp_path, 'x = """')[0]
    assert "thousands of digits" in faults(tmp_path, f"x = {'1' * 5000}")[0]
    assert "line 1: it is not TOML" in faults(tmp_path, "[x\n")[0]


def test_files_saved_on_other_systems_are_read(tmp_path: Path) -> None:
    file = tmp_path / "empreinte.toml"
    file.write_bytes(b'\xef\xbb\xbf[host]\r\nname = "a"\r\n')
    assert load(HERE, file).host.name == "a"
    assert load(HERE, file).origins["host.name"] == "line 2"


def test_the_machines_time_zone_is_where_its_link_points(tmp_path: Path) -> None:
    (tmp_path / "localtime").symlink_to("../usr/share/zoneinfo/America/Argentina/Salta")
    assert system_time_zone(tmp_path / "localtime") == "America/Argentina/Salta"
    (tmp_path / "copy").write_bytes(b"TZif2")
    assert system_time_zone(tmp_path / "copy") == ""
    assert system_time_zone(tmp_path / "missing") == ""
    assert load(replace(HERE, time_zone="")).organisation.timezone == ZoneInfo("UTC")
