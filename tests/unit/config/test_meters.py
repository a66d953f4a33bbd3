"""`[[meter]]`: what is taken, and what is refused with the cure."""

from decimal import Decimal
from pathlib import Path

import pytest

from monitor.config.meters import HIGHEST
from monitor.config.reference import shown
from monitor.core.units import Duration, Power
from tests.unit.config.test_intake import loaded, refusal

METER = '[[meter]]\nname = "prise"\nkind = "hwmon"\n'
"""`hwmon` is installed, as the configuration wants it; that it reads no meter at an address is said where it opens."""


def test_a_meter_has_sensible_defaults(tmp_path: Path) -> None:
    (meter,) = loaded(tmp_path, METER).meters
    assert (meter.every, meter.hold) == (Duration.from_seconds(10), Duration.from_seconds(60))
    assert (meter.share, meter.points, meter.max_power) == (Decimal(1), (), HIGHEST)


def test_all_that_a_meter_says_is_read(tmp_path: Path) -> None:
    text = f"""{METER}
address = "https://192.0.2.15"
points = [3, "outlet-4"]
user = "monitor"
secret_file = "/etc/empreinte/prise.secret"
fingerprint = "{":".join(["AB"] * 32)}"
share = 0.5
every = "20s"
hold = "2min"
max_power = "1200 W"
"""
    (meter,) = loaded(tmp_path, text).meters
    assert meter.points == ("3", "outlet-4")
    assert meter.fingerprint == "ab" * 32
    assert meter.share == Decimal("0.5")
    assert meter.max_power == Power.from_watts(1200)


def test_config_show_shows_a_meter_and_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("hunter2")
    text = f'{METER}user = "monitor"\nsecret_file = "{file}"\n'
    rows = {path: value for path, value, _ in shown(loaded(tmp_path, text))}
    assert rows["meter[0].secret_file"] == f'"{file}"'
    assert "hunter2" not in "".join(rows.values())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (METER + METER, "'prise' is already the name of another meter, at meter[0]"),
        (f'{METER}every = "2min"\nhold = "2min"\n', "it can't be longer than sampling.patience, 1min"),
        (f'{METER}hold = "5s"\n', "it can't be shorter than meter[0].every, 10s"),
        (f'{METER}user = "monitor"\n', "a name is given, and no password"),
        (f"{METER}points = [1, 1]\n", "'1' is in it twice"),
        (f"{METER}points = []\n", "it is a list"),
        (f'{METER}points = "1"\n', 'write ["1"]'),
        (f"{METER}share = 0\n", "0 is no part"),
        (f"{METER}share = 1.5\n", "not between 0 and 1"),
        (f'{METER}max_power = "0 W"\n', "it is more than 0 W"),
        (f'{METER}fingerprint = "ab"\n', "64 hexadecimal digits"),
        ('[[meter]]\nname = "prise"\nkind = "hwmn"\n', "no collector is called 'hwmn': write \"hwmon\""),
        ('[[meter]]\nkind = "hwmon"\n', "meter[0].name"),
    ],
)
def test_what_can_not_be_is_refused_with_the_cure(tmp_path: Path, text: str, why: str) -> None:
    assert why in refusal(tmp_path, text)


def test_a_certificate_is_checked_in_one_way(tmp_path: Path) -> None:
    text = f'{METER}certificates = "/etc/ssl/bmc.pem"\nfingerprint = "{"ab" * 32}"\n'
    assert "keep one of them" in refusal(tmp_path, text)
