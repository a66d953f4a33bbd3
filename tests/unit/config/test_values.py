from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.config import values
from monitor.config.quantities import WrongValueError
from monitor.config.values import Listen
from monitor.core.units import Duration, Memory, Power


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


def instead_of(read: object, value: object) -> str:
    with pytest.raises(WrongValueError) as caught:
        read(value)  # type: ignore[operator]  # every reader is called the same way here
    return caught.value.instead


def test_a_siret_has_a_check_digit() -> None:
    assert values.siret("213 502 388 00019") == "21350238800019"
    with pytest.raises(WrongValueError, match="check digit"):
        values.siret("21350238800018")
    with pytest.raises(WrongValueError, match="14 digits"):
        values.siret("213502388")


def test_the_establishments_of_la_poste_are_the_exception() -> None:
    assert values.siret("35600000000048") == "35600000000048"
    assert values.siret("35600000049837") == "35600000049837"


def test_a_commune_has_five_characters() -> None:
    assert values.commune("2A004") == "2A004"
    assert values.commune("35238") == "35238"
    for wrong in ("3523", "2C004", "Rennes"):
        with pytest.raises(WrongValueError):
            values.commune(wrong)


def test_a_zone_is_a_country_or_a_part_of_one() -> None:
    assert values.zone("FR") == "FR"
    assert values.zone("FR-COR") == "FR-COR"
    assert instead_of(values.zone, "fr") == '"FR"'
    assert instead_of(values.zone, "FRA") == '"FR"'


def test_an_unknown_time_zone_is_refused_with_the_nearest() -> None:
    assert values.time_zone("Pacific/Marquesas") == ZoneInfo("Pacific/Marquesas")
    assert instead_of(values.time_zone, "europe/paris") == '"Europe/Paris"'
    assert instead_of(values.time_zone, "Paris") == '"Europe/Paris"'
    assert instead_of(values.time_zone, "Europe/Pris") == '"Europe/Paris"'
    assert instead_of(values.time_zone, "../../etc/passwd").startswith('"')


def test_a_key_is_short_and_stable_and_not_the_programs_own() -> None:
    assert values.service_key("assistant-2.5") == "assistant-2.5"
    assert instead_of(values.service_key, "_idle") == '"idle"'
    assert instead_of(values.service_key, "Mon Assistant") == '"mon-assistant"'
    assert instead_of(values.service_key, "é") == '"assistant"'
    assert instead_of(values.service_keys, "old") == '["old"]'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:21031", Listen("127.0.0.1", 21031)),
        ("[::1]:80", Listen("::1", 80)),
        ("localhost:0", Listen("localhost", 0)),
    ],
)
def test_an_address_with_its_port_is_read(text: str, expected: Listen) -> None:
    assert values.listen(text) == expected
    assert str(expected) == text
    assert expected.is_loopback


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7", "ia-01.example.org"])  # noqa: S104 - never opened
def test_what_others_can_reach_is_not_loopback(address: str) -> None:
    assert not Listen(address, 1).is_loopback


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        (":8080", '"127.0.0.1:8080"'),
        ("::1:8080", '"[::1]:8080"'),
        ("8080", '"127.0.0.1:21031"'),
        ("127.0.0.1", '"127.0.0.1:21031"'),
        ("127.0.0.1:99999", ""),
    ],
)
def test_an_address_that_can_not_be_is_refused(text: str, instead: str) -> None:
    assert instead_of(values.listen, text) == instead


def test_paths_are_absolute() -> None:
    assert values.absolute_path("/sys") == Path("/sys")
    with pytest.raises(WrongValueError, match="absolute"):
        values.absolute_path("sys")


def test_choices_flags_and_numbers_keep_to_their_type() -> None:
    assert values.choice(Colour)("red") is Colour.RED
    assert instead_of(values.choice(Colour), "Red") == '"red"'
    assert instead_of(values.choice(Colour), 3) == ""
    assert instead_of(values.flag, "true") == "true"
    assert instead_of(values.flag, 1) == "true or false"
    ratio = values.ratio(Decimal(1), Decimal(5))
    assert ratio(2) == ratio(Decimal("2.0")) == Decimal(2)
    assert instead_of(ratio, "1,4") == "1.4"
    assert instead_of(ratio, True) == ""
    for number in ("nan", "inf", "0.99", "5.01"):
        with pytest.raises(WrongValueError, match="between 1 and 5"):
            ratio(Decimal(number))
    assert values.share(Decimal("0.25")) == Decimal("0.25")
    for number in ("0", "1.5", "nan"):
        with pytest.raises(WrongValueError):
            values.share(Decimal(number))
    assert values.port(8000) == 8000
    assert instead_of(values.port, "8000") == "8000"
    with pytest.raises(WrongValueError):
        values.port(0)


def test_text_is_one_line() -> None:
    assert values.text(" Ville de Rennes ") == "Ville de Rennes"
    assert instead_of(values.text, 3) == '"3"'
    for wrong in ("", "  ", "a\nb", "a\x1b[31m"):
        with pytest.raises(WrongValueError):
            values.text(wrong)


def test_a_unit_of_systemd_has_its_kind() -> None:
    assert values.systemd_unit("vllm@a.service") == "vllm@a.service"
    assert instead_of(values.systemd_unit, "vllm") == '"vllm.service"'


def test_an_expression_that_does_not_compile_is_refused() -> None:
    assert values.expression("llama-server .*8080") == "llama-server .*8080"
    with pytest.raises(WrongValueError, match="regular expression"):
        values.expression("(")


def test_floors_are_powers_of_known_resources() -> None:
    assert values.floor_powers({"package": "45 W", "gpu1": "25 W", "gpu_amd0": "9 W"}) == {
        "package": Power.from_watts(45),
        "gpu1": Power.from_watts(25),
        "gpu_amd0": Power.from_watts(9),
    }
    with pytest.raises(WrongValueError, match="not a resource"):
        values.floor_powers({"gpu": "1 W"})
    assert instead_of(values.floor_powers, {"package": 45}) == '"45 W"'
    assert instead_of(values.floor_powers, "45 W") == '{ package = "45 W" }'


@pytest.mark.parametrize("url", ["sqlite:////var/lib/empreinte/ledger.db", "postgresql+psycopg://h/d"])
def test_a_ledger_is_a_file_or_a_postgresql_database(url: str) -> None:
    assert values.ledger_url(url) == url


@pytest.mark.parametrize(
    "url", ["sqlite:///ledger.db", "sqlite://", "postgres://u:secret@h/d", "mysql://u:secret@h/d", "/var/lib/l.db"]
)
def test_another_ledger_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(WrongValueError) as caught:
        values.ledger_url(url)
    assert "secret" not in str(caught.value)


def test_passwords_are_not_shown() -> None:
    assert values.without_password("postgresql+psycopg://u:p@ss@h/d") == "postgresql+psycopg://u:***@h/d"
    assert values.without_password("postgresql+psycopg://h/d") == "postgresql+psycopg://h/d"
    among_options = "postgresql+psycopg://u:p@h/d?password=s@e&sslpassword=t&sslmode=require"
    shown = "postgresql+psycopg://u:***@h/d?password=***&sslpassword=***&sslmode=require"
    assert values.without_password(among_options) == shown
    assert values.without_password("postgresql+psycopg://u:p?s@h/d") == "postgresql+psycopg://u:***@h/d"


def test_values_are_written_as_they_are_read() -> None:
    assert values.toml_text(Duration.from_seconds(5)) == '"5s"'
    assert values.toml_text(Power.from_watts(280)) == '"280 W"'
    assert values.toml_text(Memory.from_gibibytes(16)) == '"16 GiB"'
    assert values.toml_text(ZoneInfo("Europe/Paris")) == '"Europe/Paris"'
    assert values.toml_text(True) == "true"
    assert values.toml_text(Decimal("1.40")) == "1.4"
    assert values.toml_text(date(2026, 1, 2)) == "2026-01-02"
    assert values.toml_text(8000) == "8000"
    assert values.toml_text(("a", 'b"')) == '["a", "b\\""]'
    assert values.toml_text({"package": Power.from_watts(45)}) == '{ package = "45 W" }'
    assert values.toml_text({}) == "{}"
    assert values.toml_text(Colour.RED) == '"red"'
