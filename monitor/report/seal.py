"""The seal of a report: what it was made of and what came out, by their hashes, so that nobody can change it unseen.

A sealed report is not replaced: where its figures have changed, a corrective edition says what has changed, and why.
Hashes are SHA-256 (FIPS 180-4). A seal proves that files are the ones it was made for; who made it, and when, is proved
by signing it with the means that the organisation has.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from monitor.core.calendar import utc
from monitor.report.measures import KILOGRAMS, KILOWATT_HOURS
from monitor.report.rounding import alone
from monitor.report.sections.services import central

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.report.model import Report

FORMAT: Final = "empreinte-seal"
VERSION: Final = 1
DECIMALS: Final = 6
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_ELSEWHERE: Final = re.compile(r"[/\x00]")

Totals = dict[str, dict[str, str | None]]
"""By service: what its energy and its emissions are, in kWh and kgCO2e."""


class BrokenSealError(ValueError):
    """A file is no seal; the message is one sentence with the cure."""


@dataclass(frozen=True, slots=True)
class Seal:
    """One edition of a report."""

    edition: int
    stem: str
    """How the names of its files begin."""
    fingerprint: str
    """Of its exact figures."""
    closed_through: str
    complete: bool
    configuration: str
    """SHA-256 of the file of the configuration; empty: there was none."""
    program: str
    outputs: Mapping[str, str]
    """SHA-256 of each file, by its name."""
    totals: Totals = field(default_factory=dict)
    reason: str = ""
    """Why it corrects the edition before; empty: it is the first."""
    changes: tuple[str, ...] = ()
    """Which services have other figures than in the edition before."""


def sealed(
    report: Report, files: Mapping[str, bytes], inputs: Mapping[str, str], before: Seal | None = None, reason: str = ""
) -> Seal:
    """Return the seal of *files*, which are of *report*; *inputs*: fingerprint, configuration, program.

    With the seal *before*, it is the next edition, for that *reason*; without a reason it is the same edition, written
    again, and the files of it that are not among these stay sealed.
    """
    first = Seal(
        edition=1,
        stem=report.stem,
        fingerprint=inputs["fingerprint"],
        closed_through=utc(report.closed_through),
        complete=report.complete,
        configuration=inputs.get("configuration", ""),
        program=inputs.get("program", ""),
        outputs={name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
        totals=_totals(report),
    )
    if before is None:
        return first
    if not reason:
        kept = {**before.outputs, **first.outputs}
        return replace(first, edition=before.edition, outputs=kept, reason=before.reason, changes=before.changes)
    changes = tuple(_changed(before.totals, first.totals))
    return replace(first, edition=before.edition + 1, reason=reason, changes=changes)


def _totals(report: Report) -> Totals:
    emitted = {use.facts.key: central(use.impacts.emissions) for use in report.uses}
    return {
        use.facts.key: {
            "energy_kwh": str(alone(use.total.microjoules, KILOWATT_HOURS.size, DECIMALS)),
            "emissions_kgco2e": None
            if (amount := emitted[use.facts.key]) is None
            else str(alone(amount, KILOGRAMS.size, DECIMALS)),
        }
        for use in report.uses
    }


def _changed(before: Totals, now: Totals) -> Iterable[str]:
    return (key for key in sorted(before.keys() | now.keys()) if before.get(key) != now.get(key))


def written(seal: Seal) -> bytes:
    """Return *seal* as JSON, the same bytes from the same seal."""
    content = {"format": FORMAT, "version": VERSION} | {name: getattr(seal, name) for name in Seal.__slots__}
    return f"{json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)}\n".encode()


def read(content: bytes, name: str) -> Seal:
    """Return the seal in *content*, of the file *name*. Raises BrokenSealError."""
    try:
        found: Any = json.loads(content)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise BrokenSealError(_not_read(b"", name))
        if found.get("version") != VERSION:
            message = f"{name} is a seal of another version: verify it with the program that made it"
            raise BrokenSealError(message)
        seal = Seal(**{field: found[field] for field in Seal.__slots__} | {"changes": tuple(found["changes"])})
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, BrokenSealError):
            raise
        raise BrokenSealError(_not_read(content, name)) from error
    if not _is_sound(seal):
        message = f"{name} is damaged: take it from where the report is archived"
        raise BrokenSealError(message)
    return seal


def _not_read(content: bytes, name: str) -> str:
    """Return what *content* is, which can't be read as a seal: one that was damaged, or something else."""
    if FORMAT.encode() in content:
        return f"{name} is damaged: take it from where the report is archived"
    return f"{name} is no seal of a report: name the file that ends with -seal.json"


def _is_sound(seal: Seal) -> bool:
    """Return whether all of *seal* that is compared or counted on is what `written` wrote."""
    texts: tuple[object, ...] = (seal.fingerprint, seal.reason, *seal.changes)
    return (
        type(seal.edition) is int
        and seal.edition > 0
        and all(isinstance(text, str) for text in texts)
        and isinstance(seal.totals, dict)
        and isinstance(seal.outputs, dict)
        and all(_is_name(file) and _HASH.fullmatch(str(digest)) for file, digest in seal.outputs.items())
    )


def _is_name(file: str) -> bool:
    """Return whether *file* names a file beside the seal, and nothing elsewhere."""
    return bool(file) and file not in {".", ".."} and not _ELSEWHERE.search(file)


def faults(seal: Seal, found: Mapping[str, bytes | None]) -> tuple[tuple[str, str], ...]:
    """Return what is wrong with the files *found* (None: it is not there): (name, `missing` or `changed`)."""
    wrong = []
    for name, digest in sorted(seal.outputs.items()):
        content = found.get(name)
        if content is None:
            wrong.append((name, "missing"))
        elif hashlib.sha256(content).hexdigest() != digest:
            wrong.append((name, "changed"))
    return tuple(wrong)


def name_of(stem: str, edition: int | None = None) -> str:
    """Return the name of the seal's file; that of an *edition* that was replaced has its number."""
    return f"{stem}-seal.json" if edition is None else f"{stem}-seal-{edition}.json"
