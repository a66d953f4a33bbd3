"""Where a service tells what it does, as the file says it."""

from pathlib import Path

import pytest

from monitor.config.activity import page_address
from monitor.config.quantities import WrongValueError
from monitor.config.reference import shown
from monitor.core.services import PageRule
from tests.unit.config.test_file import faults, read

SERVICE = '[[service]]\nkey = "{key}"\nmatch = {{ port = 8000 }}\nactivity = {{ {activity} }}\n'


def service(activity: str, key: str = "assistant") -> str:
    return SERVICE.format(key=key, activity=activity)


def test_a_page_is_read_with_its_model_and_its_token(tmp_path: Path) -> None:
    text = 'url = "https://ia-02.example.fr:8443/metrics", model = "m", token_file = "/etc/empreinte/t"'
    rule = read(tmp_path, service(text)).services[0]
    assert rule.activity == PageRule("https://ia-02.example.fr:8443/metrics", "m", "/etc/empreinte/t")


def test_without_it_the_page_may_be_found_and_that_can_be_switched_off(tmp_path: Path) -> None:
    config = read(tmp_path, '[[service]]\nkey = "a"\nmatch = { port = 8 }\n[sampling]\nactivity = false\n')
    assert config.services[0].activity is None
    assert config.sampling.activity is False
    assert read(tmp_path, "").sampling.activity is True


def test_it_is_shown_with_its_origin(tmp_path: Path) -> None:
    rows = {path: (value, origin) for path, value, origin in shown(read(tmp_path, service('url = "http://h/metrics"')))}
    assert rows["service[0].activity.url"] == ('"http://h/metrics"', "line 4")
    assert "service[0].activity" not in rows
    assert "service[0].activity.model" not in rows


@pytest.mark.parametrize(
    ("value", "what", "instead"),
    [
        (5, "it is text, in quotes", '"5"'),
        ("localhost:8000/metrics", "is not the address of a metrics page", '"http://127.0.0.1:8000/metrics"'),
        ("ftp://h/metrics", "is not the address of a metrics page", '"http://127.0.0.1:8000/metrics"'),
        ("http://h:99999/metrics", "is not the address of a metrics page", '"http://127.0.0.1:8000/metrics"'),
        ("http://[oops/metrics", "is not the address of a metrics page", '"http://127.0.0.1:8000/metrics"'),
        ("http://u:pw@h/metrics", "no name, password or question", '"http://h/metrics"'),
        ("http://h:8000/metrics?model=x", "no name, password or question", '"http://h:8000/metrics"'),
        ("http://h:8000", "names no page", '"http://h:8000/metrics"'),
        ("http://h:8000/", "names no page", '"http://h:8000/metrics"'),
    ],
)
def test_a_wrong_address_is_refused_with_what_to_write(value: object, what: str, instead: str) -> None:
    with pytest.raises(WrongValueError, match=what) as caught:
        page_address(value)
    assert caught.value.instead == instead


def test_a_token_does_not_leave_the_machine_unencrypted(tmp_path: Path) -> None:
    told = faults(tmp_path, service('url = "http://h/metrics", token_file = "/t"'))
    assert "no encryption" in told[0]
    assert '"https://h/metrics"' in told[0]
    for url in ("http://127.0.0.1/metrics", "http://[::1]:8000/metrics", "https://h/metrics"):
        assert read(tmp_path, service(f'url = "{url}", token_file = "/t"')).services[0].activity


def test_a_page_is_one_services(tmp_path: Path) -> None:
    url = 'url = "http://h/metrics"'
    told = faults(tmp_path, service(url, "a") + service(url, "b").replace("8000", "8001"))
    assert "already the page of another service, at service[0]" in told[0]


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    assert "there is no such key: write url" in faults(tmp_path, service('urll = "http://h/metrics"'))[1]
