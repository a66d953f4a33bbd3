"""Carbon intensity of the electricity generated in mainland France, as RTE publishes it (éCO2mix, through ODRÉ).

Asks `eco2mix-national-tr`, real time, one figure for each quarter of an hour, about an hour or two late; and
`eco2mix-national-cons-def`, consolidated, for each half hour, for what real time doesn't hold any more. RTE counts what
burns in the country's power stations: direct emissions of generation, whole g/kWh. Error: docs/grid-intensity.md.
Privilege: none, and no key.

Traps: figures not known yet are null, and there are rows up to the end of tomorrow; figures are revised; numbers may be
strings; on the day of 23 hours the rows of the hour that never was have the moments of the next hour's; on the day of
25 hours one hour has no rows.

Source: ODRE (odre.opendatasoft.com), data sets eco2mix-national-tr and eco2mix-national-cons-def; Opendatasoft, Explore
API 2.1; what other programs found is named in docs/grid-intensity.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Self

from collectors._figures import Figure, NoFigureError, figure, iso, rows_in
from collectors._http import Client, Limits, Refusal
from monitor.collector import Reason, Retry, Source, Unavailable
from monitor.core.factors import Cycle
from monitor.core.readings import IntensityReading
from monitor.core.units import Duration
from monitor.core.zones import canonical, parent_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.collector import Host
    from monitor.core.readings import Reading

ADDRESS: Final = "https://odre.opendatasoft.com"
RECORDS: Final = "/api/explore/v2.1/catalog/datasets/{}/records"
REAL_TIME: Final = "eco2mix-national-tr"
CONSOLIDATED: Final = "eco2mix-national-cons-def"
MAINLAND: Final = "FR"
FIELDS: Final = "date,heure,date_heure,nature,taux_co2"
FINAL: Final = frozenset({"Données consolidées", "Données définitives"})
"""What `nature` says of figures that are no longer those of real time."""
ROWS: Final = 100
"""The most rows of an answer. Source: Opendatasoft, Explore API 2.1, `limit`."""
PAGES: Final = 4
"""How many answers of ROWS a read asks for: four days and more. Our choice: a month's outage is caught up in 40 min."""
MINUTE: Final = 60 * 1_000_000_000
QUARTER: Final = 15 * MINUTE
HALF: Final = 30 * MINUTE
DAY: Final = 24 * 60 * MINUTE
REVISED: Final = 2 * 60 * MINUTE
"""How much of what is known is asked for again each time, as it may be revised. Our choice."""
FIRST: Final = 1_325_372_400 * 1_000_000_000
"""The first moment there is a figure of: 2012 in Paris. Source: ODRE, eco2mix-national-cons-def."""
ENOUGH: Final = 4
"""How many rows have to lie on half hours, and none between, for the step to be taken for half an hour. Our choice."""


@dataclass(frozen=True, slots=True)
class Page:
    """Figures in order of time, and where to go on from; None: there are no more."""

    figures: tuple[Figure, ...]
    more: int | None


class RteCollector:
    """Asks for what is not known yet, oldest first, and for the last two hours of what is."""

    name: ClassVar[str] = "rte"
    slow: ClassVar[bool] = True
    every: ClassVar[Duration] = Duration.from_seconds(300)
    on_request: ClassVar[bool] = True

    def __init__(self, client: Client, since: int, zone: str = MAINLAND) -> None:
        """Ask *client* for what follows *since* (ns since the epoch); 0: from a day before the newest figure on."""
        self._client = client
        self._since = since
        self._zone = zone

    @classmethod
    def open(cls, host: Host, limits: Limits | None = None) -> Self:
        """Return a collector that is ready to ask; nothing is asked yet.

        Raises Unavailable: ABSENT where no grid is configured, UNSUPPORTED where it is not mainland France's.
        """
        grid = host.grid
        if grid is None:
            raise Unavailable(Reason.ABSENT, "no live grid intensity is configured", 'set factors.live = "rte"')
        code = canonical(grid.zone)
        if MAINLAND not in {code, parent_of(code)}:
            raise Unavailable(
                Reason.UNSUPPORTED,
                f"RTE publishes no figure of {grid.zone}, only of mainland France (FR)",
                'set factors.live = "electricity_maps", or take it out',
            )
        way = host.outgoing
        client = Client(grid.address or ADDRESS, cls.every, certificates=grid.certificates, outgoing=way, limits=limits)
        return cls(client, grid.since, grid.zone)

    def sources(self) -> Sequence[Source]:
        """Return nothing: it measures no energy."""
        return ()

    def collect(self) -> Sequence[Reading]:
        """Return the figures that are new or may be revised, oldest first; none where there are none.

        Raises Retry where there is no answer this time, Unavailable where ODRE refuses to give one.
        """
        self._client.begin()
        try:
            return self._new()
        except Refusal as refusal:
            raise Unavailable(
                Reason.FORBIDDEN,
                f"{self._client.host} refuses to answer",
                "let this machine reach it, or name a gateway that does in factors.address",
            ) from refusal
        finally:
            self._client.rest()

    def close(self) -> None:
        """Close what is open."""
        self._client.rest()

    def _new(self) -> Sequence[Reading]:
        """Return what is new. What was answered before a failure is told; the next read begins with what failed."""
        start: int | None = self._since - REVISED if self._since else self._day_before_newest()
        found: dict[int, IntensityReading] = {}
        for _ in range(PAGES):
            if start is None:
                break
            try:
                page = self._page(max(start, FIRST))
            except (Retry, Refusal):
                if not found:
                    raise
                break
            found.update((reading.start, reading) for reading in self._readings(page.figures))
            start = page.more
        self._since = max((self._since, *(one.start + one.length.nanoseconds for one in found.values())))
        return [found[moment] for moment in sorted(found)]

    def _day_before_newest(self) -> int | None:
        """Return the moment a day before the newest figure; None where there is no figure."""
        page = self._ask(REAL_TIME, FIRST, None, "desc", 1)
        return page.figures[-1].start - DAY if page.figures else None

    def _page(self, start: int) -> Page:
        """Return the figures from *start* on: real time's, or the consolidated ones before those."""
        page = self._ask(REAL_TIME, start, None)
        first = page.figures[0].start if page.figures else None
        if first is not None and first - start <= REVISED:
            return page
        older = self._ask(CONSOLIDATED, start, first)
        if not older.figures:
            return page
        return older if older.more is not None else Page(older.figures, first)

    def _ask(self, data: str, start: int, end: int | None, order: str = "asc", rows: int = ROWS) -> Page:
        """Return at most *rows* figures of *data* from *start* on, before *end*. Raises Retry, Refusal."""
        until = "now()" if end is None else f"date'{iso(end)}'"
        answer = self._client.get(
            RECORDS.format(data),
            {
                "select": FIELDS,
                "where": f"date_heure in [date'{iso(start)}' TO {until}] and taux_co2 is not null",
                "order_by": f"date_heure {order}",
                "limit": str(rows),
                "timezone": "UTC",
            },
        )
        sent = rows_in(answer.content, "results")
        if sent is None:
            raise self._unknown_form()
        figures = self._figures(sent)
        last = figures[-1].start if figures else start
        bounds = [moment for moment in (end, None if answer.now is None else answer.now + 1) if moment is not None]
        known = tuple(one for one in figures if start <= one.start < min(bounds, default=one.start + 1))
        return Page(known, last if len(sent) >= rows and last > start else None)

    def _figures(self, rows: Iterable[object]) -> Sequence[Figure]:
        """Return what *rows* say, in order of time, of each moment once. Raises Retry where none is understood.

        Of two rows of one moment the one with the later `heure` is meant: the other is of the hour that never was.
        """
        found: dict[int, Figure] = {}
        refused = understood = 0
        for row in rows:
            try:
                one = figure(row, "date_heure", "taux_co2")
            except NoFigureError:
                refused += 1
                continue
            understood += 1
            # what burns is never nothing in France: 0 stands for unknown
            if one is not None and one.grams and (one.start not in found or _hour(one) >= _hour(found[one.start])):
                found[one.start] = one
        if refused and not understood:
            raise self._unknown_form()
        return [found[moment] for moment in sorted(found)]

    def _readings(self, figures: Sequence[Figure]) -> Iterable[IntensityReading]:
        steps = {final: _step([one for one in figures if _final(one) is final], final=final) for final in (True, False)}
        for one in figures:
            yield IntensityReading(
                provider=self.name,
                zone=self._zone,
                start=one.start,
                length=Duration(steps[_final(one)]),
                grams_per_kilowatt_hour=one.grams,
                cycle=Cycle.DIRECT,
                estimated=not _final(one),
                raw=one.raw,
            )

    def _unknown_form(self) -> Retry:
        return Retry(
            f"{self._client.host} answers in a form that is not known (is there a newer version of this program?): "
            f"{self._client.again}"
        )


def _hour(one: Figure) -> str:
    hour = one.row.get("heure")
    return hour if isinstance(hour, str) else ""


def _final(one: Figure) -> bool:
    return one.row.get("nature") in FINAL


def _step(figures: Sequence[Figure], *, final: bool) -> int:
    """Return how long each of *figures* holds, in ns: a quarter of an hour where one begins between two half hours.

    Else half an hour for final ones; for those of real time only where there are enough to tell.
    """
    if any(one.start % HALF for one in figures):
        return QUARTER
    return HALF if final or len(figures) >= ENOUGH else QUARTER
