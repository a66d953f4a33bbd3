"""Who asks a BMC, how it is reached, and what becomes of bad answers."""

from __future__ import annotations

import contextlib
import hashlib
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from collectors._http import Limits
from collectors.redfish import RedfishCollector
from monitor.collector import Reason, Retry, Unavailable
from tests.fixtures.host import host_at
from tests.fixtures.redfish import NOW, control, environment, meter, metrics, opened, refused, watts, why
from tests.parts.authority import Authority
from tests.parts.bmc import CHASSIS, ROOT, SESSIONS, Bmc, to
from tests.parts.grid import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("no_proxy")


@pytest.fixture
def bmc() -> Iterator[Bmc]:
    with Bmc(NOW) as bmc:
        yield bmc


def test_one_session_is_made_and_used_for_all_readings_and_ended(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    collector = opened(bmc)
    for _ in range(5):
        watts(collector)
    assert bmc.made == 1
    assert len(bmc.open) == 1
    collector.close()
    assert bmc.open == {}
    assert all(asked.headers.get("Authorization") is None for asked in bmc.server.asked)


def test_a_session_that_ran_out_is_made_anew_once(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    collector = opened(bmc)
    watts(collector)
    bmc.restart()
    assert watts(collector) == {"1U": 344}
    assert bmc.made == 2
    collector.close()
    assert bmc.open == {}


@pytest.mark.parametrize("makes", [True, False])
def test_where_no_session_is_to_be_had_name_and_password_go_along(bmc: Bmc, makes: bool) -> None:
    """All are taken, or the BMC knows none."""
    bmc.most, bmc.makes_sessions = 0, makes
    bmc.chassis(Power=control(344))
    collector = opened(bmc)
    assert [watts(collector), watts(collector)] == [{"1U": 344}, {"1U": 344}]
    assert [asked.path for asked in bmc.server.asked].count(SESSIONS) == 1
    collector.close()


def test_a_wrong_password_is_tried_once_for_a_bmc_locks_who_guesses(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    fact = refused(opened(bmc, secret="wr0ng"))  # noqa: S106 - it opens nothing
    assert fact.reason is Reason.FORBIDDEN
    assert "secret_file" in fact.cure
    assert "wr0ng" not in fact.what + fact.cure
    assert [asked.method for asked in bmc.server.asked if asked.method == "POST" or asked.path != ROOT] == ["POST"]


def test_a_token_that_is_never_known_is_no_endless_circle(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    answer = bmc.server.answer

    def forgetful(asked: Any) -> Reply:
        reply = answer(asked)
        bmc.open = {}
        return reply

    bmc.server.answer = forgetful
    fact = refused(opened(bmc))
    assert fact.reason is Reason.FORBIDDEN
    assert bmc.made == 2


def test_without_a_password_the_bmc_is_asked_as_nobody(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    fact = refused(opened(bmc, secret="", user=""))
    assert fact.reason is Reason.FORBIDDEN
    assert "wants a password" in fact.what
    assert bmc.made == 0


def test_a_password_without_a_name_is_no_use(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    fact = refused(opened(bmc, user=""))
    assert (fact.reason, "meter.user" in fact.cure) == (Reason.FORBIDDEN, True)


def test_a_user_who_may_not_read_is_told_which_role_may(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    answer = bmc.server.answer
    bmc.server.answer = lambda asked: Reply(status=403) if asked.path == CHASSIS else answer(asked)
    fact = refused(opened(bmc))
    assert (fact.reason, "ReadOnly" in fact.cure) == (Reason.FORBIDDEN, True)


def test_the_password_leaves_this_machine_with_no_encryption_only_where_that_is_allowed() -> None:
    host = host_at(Path("nowhere"), meter=meter("http://bmc.example.org"))
    with pytest.raises(Unavailable) as caught:
        RedfishCollector.open(host)
    assert caught.value.reason is Reason.FORBIDDEN
    allowed = meter("http://bmc.example.org", insecure=True)
    RedfishCollector.open(host_at(Path("nowhere"), meter=allowed)).close()


def test_without_a_meter_it_says_how_to_have_one() -> None:
    with pytest.raises(Unavailable) as caught:
        RedfishCollector.open(host_at(Path("nowhere")))
    assert caught.value.reason is Reason.ABSENT
    assert 'kind = "redfish"' in caught.value.cure


# how it is reached


def test_a_certificate_is_trusted_by_who_signed_it_or_by_its_fingerprint_and_else_nothing_is_sent(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    context = authority.serves()
    both = (tmp_path / "server.pem").read_text()
    pem = both[both.index("-----BEGIN CERTIFICATE") :]
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    with Bmc(NOW, context) as bmc:
        bmc.chassis(Power=control(344))
        for trust in ({"certificates": authority.file}, {"fingerprint": digest}):
            collector = opened(bmc, **trust)
            assert watts(collector) == {"1U": 344}
            collector.close()
        assert bmc.open == {}
        seen = len(bmc.server.asked)
        for digits in ("", "00" * 32):
            collector = opened(bmc, fingerprint=digits)
            assert "certificate" in why(collector)
            collector.close()
        assert len(bmc.server.asked) == seen


BAD: dict[str, tuple[Reply, str]] = {
    "busy": (Reply(status=503), "status 503"),
    "page": (Reply(b"<html>login</html>"), "is no JSON"),
    "list": (Reply(b"[1, 2]"), "is no resource of Redfish"),
    "number": (Reply(b"12"), "is no resource of Redfish"),
    "not finite": (Reply(b'{"PowerControl": [{"PowerConsumedWatts": NaN}]}'), "is no JSON"),
    "huge": (Reply(b" " * 20_001), "more than 20000 bytes"),
    "silent": (Reply(silent=True), "did not answer in time"),
    "slow": (Reply(b"{" + b" " * 1000, drip=0.02), "took longer than 3 s"),
    "gone": (Reply(status=404), "searched anew"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_is_told_and_the_next_good_one_is_taken(bmc: Bmc, name: str) -> None:
    reply, said = BAD[name]
    chassis = bmc.chassis(Power=control(344))
    collector = opened(bmc)
    watts(collector)
    answer = bmc.server.answer
    bmc.server.answer = lambda asked: reply if asked.path == f"{chassis}/Power" else answer(asked)
    assert said in why(collector)
    bmc.server.answer = answer
    assert watts(collector) == {"1U": 344}
    assert bmc.made == 1
    collector.close()


def test_what_is_no_redfish_service_is_said(bmc: Bmc) -> None:
    bmc.server.answer = lambda _: Reply.of({"hello": "plug"})
    fact = refused(opened(bmc))
    assert (fact.reason, "no Redfish service" in fact.what) == (Reason.UNSUPPORTED, True)
    bmc.server.answer = lambda _: Reply(status=404)
    assert refused(opened(bmc)).reason is Reason.UNSUPPORTED


@pytest.mark.parametrize("link", ["https://elsewhere.example.org/x", "//elsewhere.example.org/x", "x", 5, None, "/\n"])
def test_a_link_that_leads_elsewhere_is_not_followed(bmc: Bmc, link: object) -> None:
    """Of an address that is not the BMC's the path is taken, and asked of the BMC."""
    chassis = bmc.chassis()
    bmc.resources[chassis]["Power"] = {"@odata.id": link}
    refused(opened(bmc))
    assert {asked.headers["Host"] for asked in bmc.server.asked} == {bmc.server.url.removeprefix("http://")}


def test_what_was_looked_at_before_the_time_ran_out_is_not_asked_again(bmc: Bmc) -> None:
    bmc.chassis("A")
    slow = bmc.chassis("B", Power=control(344))
    answer = bmc.server.answer
    bmc.server.answer = lambda asked: Reply(silent=True) if asked.path == slow else answer(asked)
    collector = opened(bmc)
    why(collector)
    bmc.server.answer = answer
    assert watts(collector) == {"B": 344}
    assert [asked.path for asked in bmc.server.asked].count(f"{CHASSIS}/A") == 1
    collector.close()


def test_a_bmc_that_is_unplugged_is_found_again(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    collector = opened(bmc)
    watts(collector)
    answer = bmc.server.answer
    bmc.server.answer = lambda _: Reply(silent=True)
    why(collector)
    bmc.restart()
    bmc.server.answer = answer
    assert watts(collector) == {"1U": 344}
    collector.close()
    assert bmc.open == {}


def test_closing_is_no_failure_where_the_bmc_is_gone(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    collector = opened(bmc)
    watts(collector)
    bmc.server.answer = lambda _: Reply(silent=True)
    collector.close()


def test_a_slash_at_the_end_of_a_link_is_nothing_to_stumble_over(bmc: Bmc) -> None:
    chassis = bmc.chassis(Power=control(344))
    bmc.resources[CHASSIS]["Members"] = [to(f"{chassis}/")]
    collector = opened(bmc)
    assert watts(collector) == {"1U": 344}
    collector.close()


def test_a_slow_bmc_is_known_in_the_end_as_nothing_is_asked_twice(bmc: Bmc) -> None:
    """Each answer takes a fifth of a second, and a reading may take one: to look at it all takes several."""
    chassis = bmc.chassis(EnvironmentMetrics=environment(PowerWatts=374), Power=control(370))
    bmc.supplies(chassis, Bay1=metrics(190), Bay2=metrics(180))
    answer = bmc.server.answer

    def slowly(asked: Any) -> Reply:
        bmc.server.stopping.wait(0.2)
        return answer(asked)

    bmc.server.answer = slowly
    collector = opened(bmc, limits=Limits(connect=2, read=1, total=1, retries=0))
    tries = 0
    while tries < 20 and not collector.sources():
        tries += 1
        with contextlib.suppress(Retry):
            assert len(collector.collect()) == 2
    assert 1 < tries < 20
    assert [one.path for one in bmc.server.asked].count(f"{chassis}/PowerSubsystem") <= 2
    collector.close()
