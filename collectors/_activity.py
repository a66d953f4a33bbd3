"""What the counters of a page mean: which server it is by its names, and how much of each unit it has done.

The names are data (`monitor/catalogue/activity_pages.toml`). A server is recognised by what is on its page, never by
what it is said to be; a page may hold several. Each unit is taken from the first that has it.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from collectors._exposition import NoMetricsError
from monitor.core.activity import Authority, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from collectors._exposition import Sample

Counter = tuple[str, str | None]
"""Name of a counter, and the model; None: of any."""

TOTAL: Final = "_total"
START: Final = "process_start_time_seconds"
"""When the server began, in seconds since the epoch. Source: Prometheus, "Writing client libraries"."""
LARGEST: Final = float(1 << 53)
"""Beyond it a float does not hold every integer: what counts so far counts nothing. Source: IEEE 754, binary64."""
MODELS: Final = 100
"""Most models that are told apart on one page. Our choice: each is a series of the ledger, and whoever names models
must not be able to fill it."""
LONGEST: Final = 200
"""Characters of a model's name that are kept. Our choice."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to know a unit: the sum of some counters less that of others, of some of their series."""

    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()
    only: Mapping[str, Sequence[str]] = field(default_factory=dict)
    without: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether a series with *labels* is among those that count."""
        return all(_is_one_of(labels.get(name), values) for name, values in self.only.items()) and not any(
            _is_one_of(labels.get(name), values) for name, values in self.without.items()
        )


@dataclass(frozen=True, slots=True)
class Sleep:
    """How to see whether a server sleeps without waking it."""

    state: str
    """Path of the page that tells."""
    asleep: str
    """The field that is true while it sleeps."""
    build: str
    """The field with the number of its build, after a letter: `b11549-0a1b2c3`."""
    harmless: int
    """The build from which its metrics page neither wakes it nor keeps it awake."""


@dataclass(frozen=True, slots=True)
class PageKind:
    """A kind of server, by what is on its page."""

    kind: str
    name: str
    prefixes: tuple[str, ...]
    model: tuple[str, ...]
    units: Mapping[Unit, tuple[Way, ...]]
    authority: Authority = Authority.SERVER
    running: tuple[str, ...] = ()
    sleep: Sleep | None = None

    def model_of(self, sample: Sample) -> str:
        """Return which model *sample* is of; empty where it names none."""
        return _printable(next((sample.labels[label] for label in self.model if sample.labels.get(label)), ""))


@dataclass(frozen=True, slots=True)
class Count:
    """How much of one unit a page says, for one model."""

    authority: Authority
    model: str
    unit: Unit
    value: int
    gross: int
    """What it was before anything was taken off."""
    of: frozenset[Counter] = field(repr=False)
    """The counters that it is the sum of."""
    parts: int
    """How many series are in it: engines, streams, replicas of one model."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a page says."""

    kinds: tuple[str, ...] = ()
    """Names of the kinds that are on it; none: nothing that is known."""
    counts: tuple[Count, ...] = ()
    units: frozenset[Unit] = frozenset()
    """What it counts, be there none of it yet."""
    start: str = ""
    """When its server began, in seconds since the epoch; empty where it does not tell."""
    running: int | None = None
    """Requests at work now; None where it does not tell."""


class Table:
    """The kinds of pages that are known, the most specific first."""

    def __init__(self, kinds: Iterable[PageKind]) -> None:
        self.kinds = tuple(kinds)
        self.wanted = frozenset(_names(self.kinds)) | {START}
        """Every name that may be looked for."""

    @classmethod
    def load(cls) -> Table:
        """Return the table that comes with the program."""
        text = files("monitor.catalogue").joinpath("activity_pages.toml").read_text("utf-8")
        return cls(_kind(row) for row in tomllib.loads(text)["kind"])

    def sleep_of(self, kind: str) -> Sleep | None:
        """Return how a server of *kind* is asked whether it sleeps; None where asking wakes nobody.

        An empty one may be any.
        """
        return next((each.sleep for each in self.kinds if each.sleep and kind in {each.kind, ""}), None)

    def told(self, page: Mapping[str, tuple[Sample, ...]]) -> Told:
        """Return what *page* says: name -> series. Raises NoMetricsError where a counter is none."""
        counts: list[Count] = []
        units: set[Unit] = set()
        kinds: list[str] = []
        for kind in self.kinds:
            for unit, prefix, way in _ways(kind, page):
                if kind.kind not in kinds:
                    kinds.append(kind.kind)
                if unit not in units:
                    units.add(unit)
                    counts += _counts(kind, unit, prefix, way, page)
        return Told(
            tuple(kinds), tuple(_few_models(counts)), frozenset(units), _start(page), self._running(page, kinds)
        )

    def counters(self, page: Mapping[str, tuple[Sample, ...]]) -> frozenset[Counter]:
        """Return every counter of *page* that any count can be made of, also of what is not told yet."""
        models: dict[str, set[str]] = {}
        for kind in self.kinds:
            for way in (way for ways in kind.units.values() for way in ways):
                for name in (prefix + each for prefix in kind.prefixes for each in way.plus):
                    series = (sample for sample in _find(page, name) or () if way.takes(sample.labels))
                    models.setdefault(name, set()).update(kind.model_of(sample) for sample in series)
        told = {(name, model) for name, several in models.items() if len(several) <= MODELS for model in several}
        return frozenset(told | {(name, None) for name, several in models.items() if several})

    def _running(self, page: Mapping[str, tuple[Sample, ...]], kinds: Sequence[str]) -> int | None:
        """Return how many requests are at work now, as the first of *kinds* that tells says."""
        for kind in self.kinds:
            for prefix in kind.prefixes if kind.kind in kinds else ():
                series = [sample for name in kind.running for sample in _find(page, prefix + name) or ()]
                if series and all(0 <= sample.value < LARGEST for sample in series):
                    return round(sum(sample.value for sample in series))
        return None


def _kind(row: Mapping[str, Any]) -> PageKind:
    return PageKind(
        kind=row["kind"],
        name=row["name"],
        prefixes=tuple(row["prefixes"]),
        model=tuple(row["model"]),
        units={Unit(unit): tuple(_way(way) for way in ways) for unit, ways in row["units"].items()},
        authority=Authority(row.get("authority", Authority.SERVER)),
        running=tuple(row.get("running", ())),
        sleep=Sleep(**row["sleep"]) if "sleep" in row else None,
    )


def _way(row: Mapping[str, Any]) -> Way:
    return Way(tuple(row["plus"]), tuple(row.get("minus", ())), row.get("only", {}), row.get("without", {}))


def _names(kinds: Iterable[PageKind]) -> Iterable[str]:
    for kind in kinds:
        ways = [way for several in kind.units.values() for way in several]
        for name in {*kind.running, *(name for way in ways for name in (*way.plus, *way.minus))}:
            for prefix in kind.prefixes:
                yield prefix + name
                yield _other_form(prefix + name)


def _ways(kind: PageKind, page: Mapping[str, tuple[Sample, ...]]) -> Iterable[tuple[Unit, str, Way]]:
    """Yield for each unit of *kind* the first way, and the prefix, for which *page* has every counter."""
    for unit, ways in kind.units.items():
        found = next(
            (
                (unit, prefix, way)
                for way in ways
                for prefix in kind.prefixes
                if all(_find(page, prefix + name) is not None for name in (*way.plus, *way.minus))
            ),
            None,
        )
        if found is not None:
            yield found


def _counts(
    kind: PageKind, unit: Unit, prefix: str, way: Way, page: Mapping[str, tuple[Sample, ...]]
) -> Iterable[Count]:
    """Yield what *page* says of *unit* for each model; nothing where that can't be known.

    Where a part is no number, or more is taken off than there is: without it the rest would seem to have fallen.
    """
    gross = _sums(kind, way, (prefix + name for name in way.plus), page)
    less = _sums(kind, way, (prefix + name for name in way.minus), page)
    for model, whole in gross.items():
        off = less.get(model, _Sum())
        if whole.known and off.known and whole.value >= off.value:
            yield Count(
                kind.authority, model, unit, whole.value - off.value, whole.value, frozenset(whole.of), whole.parts
            )


@dataclass(slots=True)
class _Sum:
    """The sum of some series of one model."""

    value: int = 0
    parts: int = 0
    known: bool = True
    of: set[Counter] = field(default_factory=set)


def _sums(kind: PageKind, way: Way, names: Iterable[str], page: Mapping[str, tuple[Sample, ...]]) -> Mapping[str, _Sum]:
    """Return by model the sum of the series called *names* that count."""
    sums: dict[str, _Sum] = {}
    for name in names:
        for sample in _find(page, name) or ():
            number = math.isfinite(sample.value)
            if number and not 0 <= sample.value < LARGEST:
                raise NoMetricsError(f"has a {name} of {sample.value:g}, which is no count")
            if way.takes(sample.labels):
                model = kind.model_of(sample)
                one = sums.setdefault(model, _Sum())
                one.value += round(sample.value) if number else 0
                one.parts += 1
                one.known &= number
                one.of.add((name, model))
    return sums


def _few_models(counts: Sequence[Count]) -> Iterable[Count]:
    """Return *counts*; where there are too many models, all of them as one that has no name."""
    if len({count.model for count in counts}) <= MODELS:
        return counts
    together: dict[tuple[Authority, Unit], list[Count]] = {}
    for count in counts:
        together.setdefault((count.authority, count.unit), []).append(count)
    return [
        replace(sum_of(several, ""), of=frozenset((name, None) for count in several for name, _ in count.of))
        for several in together.values()
    ]


def sum_of(counts: Sequence[Count], model: str) -> Count:
    """Return *counts*, of one unit and of who says so, as one of *model*."""
    return replace(
        counts[0],
        model=model,
        value=sum(count.value for count in counts),
        gross=sum(count.gross for count in counts),
        of=frozenset().union(*(count.of for count in counts)),
        parts=sum(count.parts for count in counts),
    )


def _start(page: Mapping[str, tuple[Sample, ...]]) -> str:
    """Return when the server of *page* began; empty where it does not tell, or several do, or it can't be."""
    times = {sample.value for sample in page.get(START, ())}
    return repr(times.pop()) if len(times) == 1 and all(0 <= time < LARGEST for time in times) else ""


def _find(page: Mapping[str, tuple[Sample, ...]], name: str) -> tuple[Sample, ...] | None:
    """Return the series called *name*, with `_total` or without; None where there is no such counter."""
    found = page.get(name)
    return found if found is not None else page.get(_other_form(name))


def _other_form(name: str) -> str:
    return name.removesuffix(TOTAL) if name.endswith(TOTAL) else name + TOTAL


def _is_one_of(value: str | None, patterns: Iterable[str]) -> bool:
    return value is not None and any(fnmatchcase(value, pattern) for pattern in patterns)


def _printable(model: str) -> str:
    """Return a model's name as it may be stored and shown: whoever may load a model names it."""
    return "".join(character if character.isprintable() else "_" for character in model[:LONGEST])
