"""What `[network]` says, and what is refused in it."""

from pathlib import Path

import pytest

from monitor.collector import Outgoing
from monitor.config import ConfigError, Surroundings, load
from monitor.config.network import NetworkTable, exceptions, proxy_address


def _loaded(tmp_path: Path, *lines: str) -> Outgoing:
    file = tmp_path / "empreinte.toml"
    file.write_text("\n".join(("[network]", *lines)), encoding="utf-8")
    return load(Surroundings({}, root=False, host_name="ia-01", time_zone="UTC"), file).network.outgoing


def test_what_is_written_is_what_callers_get(tmp_path: Path) -> None:
    assert _loaded(
        tmp_path,
        'proxy = "http://proxy.example.org:3128/"',
        'proxy_user = "empreinte"',
        'proxy_password_file = "/etc/empreinte/proxy.password"',
        'no_proxy = ["*.Intra.example.org", ".example.net", "10.0.0.0/8"]',
        'certificates = "/etc/empreinte/authority.pem"',
    ) == Outgoing(
        proxy="http://proxy.example.org:3128",
        user="empreinte",
        password_file=Path("/etc/empreinte/proxy.password"),
        direct=("intra.example.org", "example.net", "10.0.0.0/8"),
        certificates=Path("/etc/empreinte/authority.pem"),
    )


def test_without_it_other_machines_are_called_directly(tmp_path: Path) -> None:
    assert _loaded(tmp_path) == Outgoing()


def test_a_password_in_the_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="proxy_password_file") as caught:
        _loaded(tmp_path, 'proxy = "http://clerk:sesame@proxy.example.org:3128"')
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('proxy = "socks5://proxy.example.org:1080"', "begins with http:// or https://"),
        ('proxy = "proxy.example.org:3128"', "begins with http:// or https://"),
        ('proxy = "http://[oops"', "is not the address of a proxy"),
        ('proxy = "http://proxy.example.org"', 'write "http://proxy.example.org:3128"'),
        ('proxy = "http://proxy.example.org:8080/x"', 'write "http://proxy.example.org:8080"'),
        ('no_proxy = "intra.example.org"', r'write \["intra.example.org"\]'),
        ('no_proxy = ["10.0.0.1/8"]', "no range of addresses"),
        ('no_proxy = ["in*tra.org"]', "no host, no domain"),
        ('no_proxy = ["intra.example.org"]', "without network.proxy it means nothing"),
        ('proxy_user = "empreinte"', "without network.proxy it means nothing"),
        ('proxy_password_file = "/etc/empreinte/x"', "whose is it"),
        ('ca_file = "/etc/empreinte/authority.pem"', "ca_file"),
    ],
)
def test_what_cannot_be_is_refused_with_the_cure(tmp_path: Path, line: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        _loaded(tmp_path, line)


def test_its_values_are_read_one_by_one() -> None:
    assert proxy_address("https://[fd00::1]:3128") == "https://[fd00::1]:3128"
    assert exceptions([]) == ()
    assert NetworkTable().outgoing == Outgoing()
