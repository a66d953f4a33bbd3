from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import collectors.electricity_maps
import collectors.rte
from monitor.adapters import codecarbon
from monitor.adapters.codecarbon import CodeCarbonFailed, Comparison
from monitor.cli import examination
from monitor.config import Config, LiveSource
from monitor.core.units import Duration, Energy, Power
from monitor.doctor import Destination, Standing, State, Verdict
from monitor.notify.outbox import FILE, Letter, Outbox
from monitor.recording import Roots, record
from tests.fixtures.host import RECORDED
from tests.fixtures.pages import Hosted, saved
from tests.parts.grid import ElectricityMaps, GridServer
from tests.parts.loopback import free_port
from tests.unit.config.test_file import read


def config_of(root: Path, tmp_path: Path, extra: str = "", host: str = "") -> Config:
    """Return the configuration of a daemon that looks at the recorded host *root*."""
    return read(
        tmp_path,
        f'[host]\ncpu_tdp = "100 W"\n{host}[paths]\nsysfs = "{root}/sys"\nprocfs = "{root}/proc"\n'
        f'cgroupfs = "{root}/sys/fs/cgroup"\nstate = "{tmp_path}/state"\n'
        f'[web]\nlisten = "127.0.0.1:{free_port()}"\n{extra}',
    )


def test_a_machine_with_counters_is_measured_by_them(tmp_path: Path) -> None:
    found = examination.examine(config_of(RECORDED / "xeon-two-sockets", tmp_path))
    used = {(meter.collector, meter.source.resource) for meter in found.meters if meter.used}
    assert {("rapl", "package"), ("rapl", "dram")} <= used
    assert ("modelled_host", "package") in {(meter.collector, meter.source.resource) for meter in found.meters}
    assert ("modelled_host", "package") not in used
    assert found.verdict is Verdict.MEASURES
    assert (found.ledger.state, found.page.state) == (State.NEW, State.READY)
    assert found.zone.cure == 'host.zone = "FR" or "FR-COR"'
    assert not (tmp_path / "state").exists()


def test_a_virtual_machine_is_modelled(tmp_path: Path) -> None:
    found = examination.examine(config_of(RECORDED / "virtual-machine", tmp_path))
    assert {(meter.collector, meter.source.method) for meter in found.meters} == {("modelled_host", "modelled")}
    assert {one.collector for one in found.unreadable} >= {"rapl", "hwmon"}


GUEST = '[[service]]\nkey = "vm-1"\nmatch = { virtual_machine = "web" }\n[[handoff.guest]]\nservice = "vm-1"\n'


def test_virtual_machines_that_can_be_told_are_named_and_nothing_is_made(tmp_path: Path) -> None:
    place = tmp_path / "run/energy"
    found = examination.examine(
        config_of(RECORDED / "virtual-machine", tmp_path, f'{GUEST}[handoff]\ndirectory = "{place}"\n')
    )
    assert found.handoff == Standing(State.READY, str(place), "vm-1")
    assert not place.parent.exists()
    assert examination.examine(config_of(RECORDED / "virtual-machine", tmp_path)).handoff is None


def test_virtual_machines_that_can_not_be_told_are_said_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    table = f'{GUEST}[handoff]\ndirectory = "{tmp_path}/file/energy"\n'
    found = examination.examine(config_of(RECORDED / "virtual-machine", tmp_path, table)).handoff
    assert found is not None
    assert (found.state, found.what) == (State.REDUCED, f"{tmp_path}/file may not be written in")
    assert found.cure
    token = f'{GUEST}token_file = "{tmp_path}/none.token"\n[handoff]\nlisten = "127.0.0.1:1"\n'
    found = examination.examine(config_of(RECORDED / "virtual-machine", tmp_path, token)).handoff
    assert found is not None
    assert "handoff.guest.token_file" in found.what


def test_a_machine_that_shows_nothing_is_examined_all_the_same(tmp_path: Path) -> None:
    proc = tmp_path / "empty/proc/sys/kernel/random"
    proc.mkdir(parents=True)
    (proc / "boot_id").write_text("boot\n", encoding="utf-8")
    found = examination.examine(config_of(tmp_path / "empty", tmp_path))
    assert found.meters == ()
    assert found.verdict is Verdict.BLIND
    assert all(one.what for one in found.unreadable)


def test_services_that_are_configured_are_listed_whether_they_run_or_not(tmp_path: Path) -> None:
    extra = '[[service]]\nkey = "ghost"\nmatch = { systemd = "ghost.service" }\n'
    found = examination.examine(config_of(RECORDED / "xeon-two-sockets", tmp_path, extra))
    assert ("ghost", False) in {(seen.facts.key, seen.running) for seen in found.services}


def test_the_page_of_a_service_is_asked_and_told(tmp_path: Path) -> None:
    hosted = Hosted()
    with hosted.server:
        hosted.add("/metrics", saved("llamacpp_idle"))
        extra = (
            '[[service]]\nkey = "assistant"\nmatch = { systemd = "llama.service" }\n'
            f'activity = {{ url = "{hosted.server.url}/metrics" }}\n'
        )
        found = examination.examine(config_of(RECORDED / "xeon-two-sockets", tmp_path, extra))
    (seen,) = found.pages
    assert (seen.page.consumer, seen.page.kinds, seen.lacks_requests) == ("assistant", ("llama-cpp",), True)
    assert "openmetrics" not in found.users


def test_who_is_told_of_events_stands_as_the_queue_says(tmp_path: Path) -> None:
    url, state = "https://hooks.example.org/secret", tmp_path / "state"
    config = config_of(RECORDED / "xeon-two-sockets", tmp_path, f'[[notify]]\nurl = "{url}"\n')
    (new,) = examination.examine(config).webhooks
    assert (new.standing.waiting, new.standing.delivered, new.cure) == (0, 0, "")
    assert not state.exists()
    state.mkdir()
    with Outbox(state / FILE) as outbox:
        outbox.put([Letter(url, "a", "{}", 1), Letter(url, "b", "{}", 2)])
        letter = outbox.next(url)
        assert letter is not None
        outbox.give_up(letter, "it is refused", 3)
        (running,) = examination.examine(config).webhooks
    (stopped,) = examination.examine(config).webhooks
    assert running == stopped
    assert (stopped.standing.address, stopped.standing.waiting, stopped.standing.dead) == (
        "https://hooks.example.org",
        1,
        1,
    )
    assert "events dead" in stopped.cure
    (state / FILE).write_bytes(b"no queue" * 100)
    found = examination.examine(config)
    assert (found.webhooks, found.verdict) == ((), Verdict.MEASURES)
    assert "can't be read" in found.webhooks_fault


@pytest.mark.parametrize("name", sorted(path.name for path in RECORDED.iterdir() if path.is_dir()))
def test_a_recording_tells_what_the_host_told(tmp_path: Path, name: str) -> None:
    root = RECORDED / name
    roots = Roots(root / "sys", root / "proc", root / "sys/fs/cgroup")
    record(roots, tmp_path / "copy", {}, with_arguments=True)
    original, copy = (examination.examine(config_of(path, tmp_path)) for path in (root, tmp_path / "copy"))
    where = str(root), str(tmp_path / "copy")
    told = [str((found.meters, found.users, found.services, found.unreadable)) for found in (original, copy)]
    assert told[0].replace(where[0], "") == told[1].replace(where[1], "")


def test_the_power_of_the_processors_is_guessed_where_nobody_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        message = "CodeCarbon can't be started"
        raise CodeCarbonFailed(message)

    config = config_of(RECORDED / "virtual-machine", tmp_path)
    config = replace(config, host=replace(config.host, cpu_tdp=None))
    monkeypatch.setattr(codecarbon, "cpu_power_of", fail)
    assert any("TDP" in meter.source.description for meter in examination.examine(config).meters)


def test_both_measure_over_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def theirs(elapsed: Duration, country: str | None) -> Comparison:
        assert country is None
        return Comparison(elapsed, Energy(5), Energy(5), Energy(0), ("CPU(Cpu Load)",), None, "", "3.3.2")

    monkeypatch.setattr(codecarbon, "compare", theirs)
    config = config_of(RECORDED / "virtual-machine", tmp_path)
    lines, version, told = examination.compare(config, Duration.from_seconds(5))
    assert version == "3.3.2"
    assert [line.part.value for line in lines] == ["cpu", "ram"]
    assert lines[0].theirs == Power(1)
    assert [(one.way.value, one.name) for one in told] == [("codecarbon", ""), ("components", "")]
    assert told[0].power == Power(2)


def test_a_comparison_that_fails_ends_the_measurement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        message = "CodeCarbon did not answer"
        raise CodeCarbonFailed(message)

    monkeypatch.setattr(codecarbon, "compare", fail)
    with pytest.raises(CodeCarbonFailed):
        examination.compare(config_of(RECORDED / "virtual-machine", tmp_path), Duration.from_seconds(5))


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ('[factors]\nfiles = ["/nowhere/factors.toml"]\n', "/nowhere/factors.toml: it does not exist"),
        ('[factors]\nset = "1999-01"\n', "there is no set 1999-01"),
        ('[[asset]]\nname = "a"\nkind = "server"\nmodel = "a-cray"\n', "there is no model a-cray"),
    ],
)
def test_what_stops_the_start_of_the_daemon_is_told(extra: str, said: str, tmp_path: Path) -> None:
    found = examination.examine(config_of(RECORDED / "xeon-two-sockets", tmp_path, extra))
    assert found.verdict is Verdict.IMPOSSIBLE
    assert said in found.impacts["factors"].what


def live_config(tmp_path: Path, address: str, key: str) -> Config:
    (tmp_path / "token").write_text(key)
    live = f'[factors]\nlive = "electricity_maps"\naddress = "{address}"\ntoken_file = "{tmp_path}/token"\n'
    return config_of(RECORDED / "xeon-two-sockets", tmp_path, live, 'zone = "FR"\n')


@pytest.mark.usefixtures("no_proxy")
def test_the_live_source_is_asked_once_and_taken_for_no_other_source(tmp_path: Path) -> None:
    now = datetime(2026, 6, 10, 23, 30, tzinfo=UTC)
    with GridServer(ElectricityMaps(lambda: now), now) as server:
        found = examination.examine(live_config(tmp_path, server.url, "k3y"))
        asked = len(server.asked)
        refused = examination.examine(live_config(tmp_path, server.url, "wrong"))
        lost = live_config(tmp_path, server.url, "k3y")
        (tmp_path / "token").unlink()
        without = examination.examine(lost)
        assert asked <= 2
    assert found.impacts["live"].state is State.READY
    assert "electricity_maps" not in {*found.users, *(one.collector for one in found.unreadable)}
    assert (refused.impacts["live"].state, without.impacts["live"].state) == (State.REDUCED, State.REDUCED)
    assert {one.collector: one.reason for one in refused.unreadable}["electricity_maps"] == "forbidden"
    assert str(tmp_path / "token") in next(
        one.what for one in without.unreadable if one.collector == "electricity_maps"
    )
    assert {found.verdict, refused.verdict, without.verdict} == {Verdict.MEASURES}


def test_who_asks_over_the_network_is_neither_asked_nor_told_of_unless_configured(tmp_path: Path) -> None:
    found = examination.examine(config_of(RECORDED / "xeon-two-sockets", tmp_path))
    assert not {"rte", "electricity_maps"} & {one.collector for one in found.unreadable}
    assert "live" not in found.impacts


NETWORK = """
[network]
proxy = "http://proxy.example.org:3128"
no_proxy = ["intra.example.org"]
[email]
host = "smtp.example.org"
sender = "empreinte@example.org"
to = ["it@example.org"]
[grafana]
url = "https://grafana.intra.example.org"
[[notify]]
url = "https://hooks.example.net/secret"
"""


def test_it_is_said_how_each_destination_is_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://another.example.org:8080")
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.delenv("http_proxy", raising=False)
    found = examination.examine(config_of(RECORDED / "virtual-machine", tmp_path, NETWORK))
    assert found.destinations == (
        Destination("webhook", "hooks.example.net", "http://proxy.example.org:3128"),
        Destination("grafana", "grafana.intra.example.org"),
        Destination("email", "smtp.example.org"),
    )
    assert "HTTPS_PROXY" in found.unheeded
    assert [one.standing.address for one in found.webhooks] == [
        "https://hooks.example.net",
        "smtp://smtp.example.org:587",
    ]


METERS = """
[network]
proxy = "http://proxy.example.org:3128"
[[meter]]
name = "bmc"
kind = "redfish"
address = "https://192.0.2.15"
[[meter]]
name = "far"
kind = "redfish"
address = "https://bmc.example.org"
[[meter]]
name = "strip"
kind = "redfish"
address = "pdu.example.org:161"
"""


def test_a_meter_is_reached_through_the_proxy_only_where_it_is_far_away_and_speaks_http(tmp_path: Path) -> None:
    config = config_of(RECORDED / "virtual-machine", tmp_path, METERS)
    assert tuple(examination.destinations(config)) == (
        Destination("meter", "192.0.2.15"),
        Destination("meter", "bmc.example.org", "http://proxy.example.org:3128"),
        Destination("meter", "pdu.example.org"),
    )


def test_the_providers_are_those_that_the_collectors_ask() -> None:
    assert f"https://{examination.PROVIDERS[LiveSource.RTE]}" == collectors.rte.ADDRESS
    assert f"https://{examination.PROVIDERS[LiveSource.ELECTRICITY_MAPS]}" == collectors.electricity_maps.ADDRESS


def test_a_meter_above_the_rating_plate_is_named_with_the_key_and_not_used(tmp_path: Path) -> None:
    believed = examination.examine(config_of(RECORDED / "acpi-power-meter", tmp_path))
    assert ("hwmon", "platform") in {(meter.collector, meter.source.resource) for meter in believed.meters}
    found = examination.examine(config_of(RECORDED / "acpi-power-meter", tmp_path, host='nameplate_power = "1 W"\n'))
    assert "platform" not in {meter.source.resource for meter in found.meters}
    (why,) = [one.what for one in found.unreadable if one.collector == "hwmon"]
    assert "host.nameplate_power" in why
