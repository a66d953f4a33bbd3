"""`empreinte contracts evidence`: a sealed folder on one contract, for a meeting with its supplier."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from monitor.cli.sealing import content_in, inputs_of, seal_files, seal_in
from monitor.cli.session import CommandError, Status
from monitor.report.declarations import Declaration, declarations_csv
from monitor.report.evidence import content_of, evaluations_csv, evidence_document, evidence_seal
from monitor.report.rendering import html, pdf
from monitor.report.seal import name_of
from monitor.report.sheets import sheets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.core.procurement import Declared
    from monitor.report.evidence import Evidence
    from monitor.report.seal import Seal

ANOTHER: Final = "is not the file that came in: find the one of that sha256, or write down the new one's"


def declarations_of(declared: Sequence[Declared]) -> tuple[Declaration, ...]:
    """Return the files that the supplier has handed in, numbered; a missing one has no content. Raises OSError."""
    return tuple(
        Declaration(one.file, f"declaration-{number}-{_plain(Path(one.file).name)}", content_in(Path(one.file)), one)
        for number, one in enumerate(declared, start=1)
    )


def evidence_files(evidence: Evidence) -> dict[str, bytes]:
    """Return all files of *evidence* but its seal: the statement, the evaluations, factors and declarations."""
    stem, material = evidence.stem, evidence.material
    made = evidence_document(evidence)
    told = json.dumps(content_of(evidence), ensure_ascii=False, indent=1, sort_keys=True)
    declared = (
        {f"{stem}-declarations.csv": declarations_csv(evidence.contract.uid, evidence.declarations)}
        if evidence.declarations
        else {}
    )
    files = declared | {
        f"{stem}.html": html.page(made, material.words),
        f"{stem}-evaluations.csv": evaluations_csv(evidence),
        f"{stem}-evaluations.json": f"{told}\n".encode(),
        f"{stem}-factors.csv": sheets(material.report, material.words)[f"{material.report.stem}-factors.csv"],
    }
    if pdf.present():
        files[f"{stem}.pdf"] = pdf.pdf(made, material.words)
    return files | {one.name: one.content for one in evidence.declarations if one.content is not None}


def seal_evidence(
    evidence: Evidence, files: dict[str, bytes], directory: Path, configuration: Path | None, reason: str
) -> dict[str, bytes]:
    """Return the files of the seal: the new one, and the one before where it is replaced for a *reason*.

    Raises CommandError where sealed evidence would become other evidence for no reason; it names what changed.
    """
    before = seal_in(directory / name_of(evidence.stem))
    if before is not None and before.fingerprint != evidence.fingerprint and not reason:
        message = (
            f"the evidence in {directory} is sealed, and has changed since{_which(before, evidence.declarations)}: "
            "write a corrective edition with --correct REASON, or name another --output"
        )
        raise CommandError(message, Status.NO)
    inputs = inputs_of(evidence.material, configuration)
    return seal_files(evidence_seal(evidence, files, inputs, before, reason), directory, before, reason)


def wrong(declarations: Iterable[Declaration]) -> tuple[str, ...]:
    """Return what is wrong with files that the supplier has handed in, a sentence with the cure for each."""
    cures = {True: "is missing: put it there, or take it out of the contract", False: ANOTHER}
    return tuple(
        f"{one.path} {cures[one.content is None]}" for one in declarations if one.content is None or one.is_another
    )


def _which(before: Seal, declarations: Iterable[Declaration]) -> str:
    """Return which declarations have changed since the edition *before*, to be put into a sentence."""
    changed = [one.path for one in declarations if before.outputs.get(one.name, one.digest) != one.digest]
    return f" ({', '.join(changed)})" if changed else ""


def _plain(name: str) -> str:
    """Return *name* with nothing in it that a shell, an archive or another system would read otherwise."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)
