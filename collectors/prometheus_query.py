"""Any figure of energy or power that a Prometheus has, or what speaks its interface: VictoriaMetrics, Mimir, Thanos.

Asks `/api/v1/query` for each point, which is a query with its unit before it: `J sum(pdu_energy_joules_total)`, or a
query whose metric ends in `_joules_total`, `_watts` or `_watt_hours_total`, which says it. An energy has to be the
counter itself, never a rate. Error: what was scraped. Privilege: a token, or a password with `user`.

Traps: an instant query answers with a time that is the question's: the age is asked for by `timestamp()`; several
series in an answer are refused, as which of them feed this machine can't be told; a series that ended is answered for
five minutes more.

Source: Prometheus, HTTP API (instant queries); Querying basics (staleness); Metric and label naming (base units).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Self
from urllib.parse import urlencode

from collectors._meters import (
    ENERGY_UNITS,
    POWER_UNITS,
    NoFigureError,
    Points,
    Shown,
    check_secrecy,
    client_to,
    content_of,
    energy_of,
    figure,
    inside,
    meter_of,
    power_of,
)
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.units import Duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from monitor.collector import Host, Meter, Source
    from monitor.core.readings import Reading

SUFFIXES: Final = {"_joules_total": "J", "_watt_hours_total": "Wh", "_kilowatt_hours_total": "kWh", "_watts": "W"}
"""Source: Prometheus, Metric and label naming."""
SELECTOR: Final = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*(\{[^{}]*\})?")
"""A series by itself: only of one can the time of its sample be asked. Source: Prometheus, Querying basics."""
CURE: Final = 'write the unit before it: points = ["J sum(pdu_energy_joules_total)"]'


@dataclass(frozen=True, slots=True)
class Question:
    """One point: what is asked, and the unit of what is answered."""

    text: str
    unit: str


class PrometheusQueryCollector:
    """Asks the queries that are configured, and for each series by itself how old its sample is."""

    name: ClassVar[str] = "prometheus_query"
    slow: ClassVar[bool] = True
    for_meters: ClassVar[bool] = True

    def __init__(self, meter: Meter, host: Host) -> None:
        """Read *meter*, reached as *host* says. Raises Unavailable where that can't be."""
        if not meter.points:
            raise Unavailable(Reason.UNSUPPORTED, f"of the meter {meter.name} no query is configured", CURE)
        check_secrecy(meter)
        self._meter = meter
        self._questions = [question_of(point) for point in meter.points]
        self._points = Points(meter)
        self._client = client_to(meter, host, headers=_introduction(meter))

    @classmethod
    def open(cls, host: Host) -> Self:
        """Return a collector that is ready to ask; nothing is asked yet. Raises Unavailable."""
        return cls(meter_of(host, cls.name), host)

    def sources(self) -> Sequence[Source]:
        """Return the queries that are asked; none before the first reading."""
        return self._points.sources()

    def collect(self) -> Sequence[Reading]:
        """Return what the queries answer.

        Raises Retry where one has no answer or a stale one, Unavailable where one has several, or can't be asked.
        """
        self._client.begin()
        try:
            return self._points.readings([self._shown(question) for question in self._questions])
        except NoFigureError as error:
            raise Retry(f"what {self._meter.name} shows is no figure: {self._client.again}") from error
        finally:
            self._client.rest()

    def close(self) -> None:
        """Close what is open."""
        self._client.rest()

    def _shown(self, question: Question) -> Shown:
        _, value = self._ask(question.text)
        self._check_age(question)
        counts = question.unit in ENERGY_UNITS
        return Shown(
            point=question.text,
            where=f"{self._meter.address}, {question.text}",
            accuracy="that of what was scraped",
            energy=energy_of(value, question.unit) if counts else None,
            power=None if counts else power_of(value, question.unit),
            late=self._meter.hold if counts else Duration.ZERO,
        )

    def _check_age(self, question: Question) -> None:
        """Raise Retry where the sample of a series by itself is older than the hold."""
        if SELECTOR.fullmatch(question.text) is None:
            return
        now, sampled = self._ask(f"timestamp({question.text})")
        age = float(now - figure(sampled))
        if age > self._meter.hold.seconds:
            raise Retry(f"{question.text} was last scraped {age:.0f} s ago, longer than its hold: {self._client.again}")

    def _ask(self, text: str) -> tuple[Decimal, str]:
        """Return the moment for which *text* was answered (s since the epoch), and the one value. Raises Retry."""
        answer = content_of(self._client, self._meter, f"/api/v1/query?{urlencode({'query': text})}")
        found = inside(answer, "data", "result")
        if not isinstance(found, list):
            raise Retry(f"{self._client.host} answers as no Prometheus does: {self._client.again}")
        if inside(answer, "data", "resultType") == "vector":
            if len(found) > 1:
                raise Unavailable(
                    Reason.UNSUPPORTED,
                    f"{text} has {len(found)} series, and it can't be told which of them feed this machine",
                    f"name one by its labels, or add them up where all do: sum({text})",
                )
            if not found:
                raise Retry(f"{self._client.host} has no figure of {text} now: {self._client.again}")
            found = inside(found, 0, "value")
        moment, value = inside(found, 0), inside(found, 1)
        return figure(moment), str(value)


def question_of(point: str) -> Question:
    """Return what is asked for *point*, and in which unit it is answered. Raises Unavailable where that isn't said."""
    unit, _, text = point.strip().partition(" ")
    if unit in {*ENERGY_UNITS, *POWER_UNITS} and text.strip():
        return Question(text.strip(), unit)
    name = point.strip().partition("{")[0]
    for suffix, said in SUFFIXES.items():
        if name.endswith(suffix) and SELECTOR.fullmatch(point.strip()):
            return Question(point.strip(), said)
    raise Unavailable(Reason.UNSUPPORTED, f"in which unit {point!r} is answered is not said", CURE)


def _introduction(meter: Meter) -> dict[str, str]:
    """Return the header by which the server knows us. Source: RFC 7617, section 2; RFC 6750, section 2.1."""
    if not meter.secret:
        return {}
    if not meter.user:
        return {"Authorization": f"Bearer {meter.secret}"}
    named = base64.b64encode(f"{meter.user}:{meter.secret}".encode()).decode()
    return {"Authorization": f"Basic {named}"}
