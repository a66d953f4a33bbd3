"""Carbon intensity of the electricity consumed in a zone, as Electricity Maps computes it, imports and exports traced.

Asks `/v3/carbon-intensity/latest`, and when a new hour has begun `/history`, the last 24 hours; for what is older
`/past-range`, which only some plans have. Life cycle, one figure an hour. What is not measured yet is estimated, and
says so (`isEstimated`); it is told again once it is measured. Error: docs/grid-intensity.md. Privilege: a key.

Traps: where the zone is not known, the place of the caller's address is taken instead, and the answer looks right;
`/past-range` answers 401 where the plan doesn't have it, as it does for a wrong key; the rows are under `history` or
under `data`; some zones have another name than in ISO 3166-2.

Source: Electricity Maps, API reference 3; config/zones of the repository electricitymaps/electricitymaps-contrib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Self

from collectors._figures import NoFigureError, figure, iso, rows_in
from collectors._http import NOT_HAD, REFUSED, Client, Limits, Refusal
from monitor.collector import Reason, Retry, Source, Unavailable
from monitor.core.factors import Cycle
from monitor.core.readings import IntensityReading
from monitor.core.units import Duration
from monitor.core.zones import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from collectors._figures import Figure
    from monitor.collector import Host
    from monitor.core.readings import Reading

ADDRESS: Final = "https://api.electricitymaps.com"
LATEST: Final = "/v3/carbon-intensity/latest"
HISTORY: Final = "/v3/carbon-intensity/history"
PAST: Final = "/v3/carbon-intensity/past-range"
NAMES: Final = {"PT-20": "PT-AC", "PT-30": "PT-MA"}
"""Their names of zones that ISO 3166-2 names otherwise: the Azores, Madeira. Source: config/zones, see above."""
ISLANDS: Final = {"ES-CN": "ES-CN-GC, ES-CN-TE, ES-CN-LP, ES-CN-HI, ES-CN-IG, ES-CN-FV or ES-CN-LZ"}
"""Zones that they only have island by island. Source: as above."""
CYCLES: Final = {"lifecycle": Cycle.LIFE_CYCLE, "direct": Cycle.DIRECT}
LENGTHS: Final = {
    "hourly": Duration.from_seconds(3600),
    "15_minutes": Duration.from_seconds(900),
    "5_minutes": Duration.from_seconds(300),
}
"""`temporalGranularity`; where an answer has none it is hourly. Source: API reference."""
HOUR: Final = 3600 * 1_000_000_000
WINDOW: Final = 240 * HOUR
"""The most that one question to PAST may span, of hourly figures. Source: API reference."""


class ElectricityMapsCollector:
    """Asks for the newest figure, and each new hour for the last day; for what is older, where the plan has it."""

    name: ClassVar[str] = "electricity_maps"
    slow: ClassVar[bool] = True
    every: ClassVar[Duration] = Duration.from_seconds(900)
    on_request: ClassVar[bool] = True

    def __init__(self, client: Client, zone: str, since: int) -> None:
        """Ask *client* for *zone*, and for what follows *since* (ns since the epoch); 0: for the last day."""
        self._client = client
        self._zone = zone
        self._known_as = NAMES.get(canonical(zone), canonical(zone))
        self._known = since
        self._newest = 0
        self._plan_has_past = True

    @classmethod
    def open(cls, host: Host, limits: Limits | None = None) -> Self:
        """Return a collector that is ready to ask; nothing is asked yet.

        Raises Unavailable: ABSENT where no grid is configured, FORBIDDEN where there is no key, UNSUPPORTED where
        Electricity Maps has no figure of the zone.
        """
        grid = host.grid
        if grid is None:
            cure = 'set factors.live = "electricity_maps" and factors.token_file'
            raise Unavailable(Reason.ABSENT, "no live grid intensity is configured", cure)
        if not grid.token:
            cure = "get one at app.electricitymaps.com, and name the file that holds it in factors.token_file"
            raise Unavailable(Reason.FORBIDDEN, "Electricity Maps answers nobody without a key", cure)
        if islands := ISLANDS.get(canonical(grid.zone)):
            what = f"Electricity Maps has no figure of {grid.zone} as a whole"
            raise Unavailable(Reason.UNSUPPORTED, what, f"set the zone of the island: {islands}")
        headers = {"auth-token": grid.token}
        place, way = grid.address or ADDRESS, host.outgoing
        client = Client(place, cls.every, headers, grid.certificates, outgoing=way, limits=limits)
        return cls(client, grid.zone, grid.since)

    def sources(self) -> Sequence[Source]:
        """Return nothing: it measures no energy."""
        return ()

    def collect(self) -> Sequence[Reading]:
        """Return the newest figure, and those of before that are new or may be revised, oldest first.

        Raises Retry where there is no answer this time, Unavailable where the key is refused.
        """
        self._client.begin()
        try:
            return self._new()
        except Refusal as refusal:
            raise Unavailable(
                Reason.FORBIDDEN,
                f"{self._client.host} refuses the key, or has no figure of {self._known_as} for it",
                "correct the key in factors.token_file, or take a plan that has the zone",
            ) from refusal
        finally:
            self._client.rest()

    def close(self) -> None:
        """Close what is open."""
        self._client.rest()

    def _new(self) -> Sequence[Reading]:
        """Return what is new, oldest first: what is told ends where the next read goes on, here or after a restart.

        Nothing is taken for known before it was answered: a failure loses no figure.
        """
        found = {one.start: one for one in self._ask(LATEST)}
        newest = max(found, default=None)
        if newest is not None and newest <= self._newest:
            return tuple(found.values())
        found.update((one.start, one) for one in self._history(have=bool(found)))
        first = min(found, default=0)
        if self._plan_has_past and 0 < self._known < first:
            until = min(self._known + WINDOW, first)
            older = self._past(self._known, until)
            if self._plan_has_past and until < first:
                self._known = until
                return older
            found.update((one.start, one) for one in older)
        self._newest = max(found, default=0)
        self._known = max((self._known, *(one.start + one.length.nanoseconds for one in found.values())))
        return [found[moment] for moment in sorted(found)]

    def _history(self, *, have: bool) -> Sequence[IntensityReading]:
        """Return the last day; none where the key is good for the latest figure alone, which we *have*."""
        try:
            return self._ask(HISTORY)
        except Refusal:
            if not have:
                raise
            return ()

    def _past(self, begin: int, end: int) -> Sequence[IntensityReading]:
        """Return the figures from *begin* to *end*; none, and never again, where the plan has no past."""
        try:
            told = self._ask(PAST, {"start": iso(begin), "end": iso(end)}, NOT_HAD)
        except Refusal:
            self._plan_has_past = False
            return ()
        return sorted((one for one in told if begin <= one.start < end), key=lambda one: one.start)

    def _ask(
        self, path: str, query: Mapping[str, str] | None = None, refusals: frozenset[int] = REFUSED
    ) -> Sequence[IntensityReading]:
        """Return what *path* answers. Raises Refusal; Retry, also where it is of another zone or not understood."""
        ours = {"zone": self._known_as, "emissionFactorType": "lifecycle", "disableCallerLookup": "true"}
        answer = self._client.get(path, {**ours, **(query or {})}, refusals)
        if not isinstance(answer.content, dict):
            raise self._unknown_form()
        listed = rows_in(answer.content, "history", "data")
        rows = [answer.content] if listed is None and "carbonIntensity" in answer.content else listed
        if rows is None:
            raise self._unknown_form()
        return self._readings(rows, answer.content)

    def _readings(self, rows: Sequence[object], around: Mapping[str, object]) -> Sequence[IntensityReading]:
        found: list[IntensityReading] = []
        refused = 0
        for row in rows:
            try:
                one = figure(row, "datetime", "carbonIntensity")
                found += [] if one is None else [self._reading(one, around)]
            except NoFigureError:
                refused += 1
        if refused and not found:
            raise self._unknown_form()
        return found

    def _reading(self, one: Figure, around: Mapping[str, object]) -> IntensityReading:
        """Return what *one* says, and what is said *around* it of all rows. Raises NoFigureError."""
        said = {**around, **one.row}
        cycle = CYCLES.get(str(said.get("emissionFactorType")))
        length = LENGTHS.get(str(said.get("temporalGranularity", "hourly")))
        if said.get("zone") != self._known_as or cycle is None or length is None:
            raise NoFigureError
        return IntensityReading(
            provider=self.name,
            zone=self._zone,
            start=one.start,
            length=length,
            grams_per_kilowatt_hour=one.grams,
            cycle=cycle,
            estimated=said.get("isEstimated") is not False,
            raw=one.raw,
        )

    def _unknown_form(self) -> Retry:
        return Retry(
            f"{self._client.host} answers for another zone than {self._known_as}, or in a form that is not known: "
            f"{self._client.again}"
        )
