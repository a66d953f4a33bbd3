"""What was bought as an API, in a report: a section of its own, in no figure of the host, none of it measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from monitor.core.activity import Unit
from monitor.core.external import by_service, use_of
from monitor.core.external_told import NAMES, apart_and_together, bases_told, service_told, use_told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from monitor.core.external import ExternalRule, ExternalSum, ExternalUse, Impact
    from monitor.core.impact import Bounds

COUNTS: Final = (Unit.REQUESTS, Unit.INPUT_TOKENS, Unit.OUTPUT_TOKENS)


def _impact_columns() -> Iterator[tuple[str, str]]:
    meanings = {
        "energy_joules": "Energy at the provider's site.",
        "emissions_grams": "Greenhouse gases of use and making together, CO2e.",
        "water_liters": "Water used up.",
        "abiotic_resources_grams": "Minerals and metals of use and making together, antimony equivalent.",
    }
    for name, _ in NAMES.values():
        kind, unit = name.rsplit("_", 1)
        yield name, meanings[name]
        yield f"{kind}_low_{unit}", "Its lower bound."
        yield f"{kind}_high_{unit}", "Its upper bound."


COLUMNS: Final = (
    ("year", "Year, in the time zone of the organisation."),
    ("month", "Month, 1 to 12."),
    ("external", "Key of the service that is bought as an API. Nothing of it is in the other files."),
    ("external_name", "Its name, as configured now."),
    ("department", "The department that it works for, as configured now."),
    ("contract", "The contract that it belongs to, as configured now."),
    ("provider", "Who runs the model."),
    ("model", "Which model."),
    *((unit.value, "How many, exactly; empty: not told.") for unit in COUNTS),
    *_impact_columns(),
    ("methods", "modelled, declared, or both; nothing of it is measured; empty: unknown."),
    ("origins", "declared by the supplier, published by the provider, estimated by EcoLogits."),
    ("missing", "Why something is unknown, and the cure."),
)


@dataclass(frozen=True, slots=True)
class Bought:
    """What bought services did in a year."""

    months: tuple[tuple[int, tuple[ExternalSum, ...]], ...] = ()
    """The sums of each month, 1 to 12, in which anything was used."""
    services: Mapping[str, ExternalRule] = field(default_factory=dict)
    """As they are configured now, by key."""

    @property
    def sums(self) -> tuple[ExternalSum, ...]:
        """Those of the whole year, month by month."""
        return tuple(one for _, sums in self.months for one in sums)


def bought_told(bought: Bought, host: Bounds | None) -> dict[str, Any]:
    """Return the section as plain values; *host* are the host's emissions in micrograms, None where unknown."""
    return {
        "services": _services(bought, bought.sums),
        "months": [{"month": month, "services": _services(bought, sums)} for month, sums in bought.months],
        "bases": bases_told(_joined(bought.sums)),
        "totals": apart_and_together(host, use_of(bought.sums) if bought.sums else None),
    }


def bought_rows(bought: Bought, year: int) -> Iterator[tuple[object, ...]]:
    """Yield the lines of the sheet: a month, service and model each."""
    for month, sums in bought.months:
        for key in sorted({(one.series.external, one.series.provider, one.series.model) for one in sums}):
            external, provider, model = key
            parts = [one for one in sums if (one.series.external, one.series.provider, one.series.model) == key]
            told = service_told(external, bought.services.get(external))
            yield (
                year,
                month,
                external,
                told["name"],
                told["department"],
                told["contract"],
                provider,
                model,
                *_amounts(use_of(parts)),
            )


def _amounts(use: ExternalUse) -> Iterator[object]:
    yield from (use.counts.get(unit, "") for unit in COUNTS)
    for impact, (_, per) in NAMES.items():
        yield from _three(use, impact, per)
    yield " ".join(sorted(use.methods))
    yield " ".join(sorted(use.origins))
    yield "; ".join(sorted(use.missing))


def _three(use: ExternalUse, impact: Impact, per: int) -> tuple[object, object, object]:
    bounds = use.impacts.get(impact)
    if bounds is None:
        return "", "", ""
    return f"{bounds.central / per:.9g}", f"{bounds.low / per:.9g}", f"{bounds.high / per:.9g}"


def _services(bought: Bought, sums: tuple[ExternalSum, ...]) -> list[dict[str, Any]]:
    found = by_service(sums)
    return [{**service_told(key, bought.services.get(key)), **use_told(use)} for key, use in found.items()]


def _joined(sums: tuple[ExternalSum, ...]) -> tuple[ExternalSum, ...]:
    """Return *sums* with those of one series and basis as one."""
    joined: dict[tuple[Any, Any], ExternalSum] = {}
    for one in sums:
        key = (one.series, one.basis)
        before = joined[key].amount if key in joined else 0
        joined[key] = type(one)(one.series, one.amount + before, one.basis)
    return tuple(joined.values())
