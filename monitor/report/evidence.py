"""Evidence on one contract over a year: a statement for people, and the files that it rests on.

It asserts a breach only where measured figures show it. Where a figure is modelled or declared, it has a text that asks
the supplier for what would show more.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from uuid import uuid5

from monitor.core.calendar import utc
from monitor.core.contract_told import clause_told, contract_told, evaluation_told
from monitor.core.contracts import Verdict
from monitor.core.procurement_told import (
    considerations,
    declared_told,
    decp,
    eforms,
    event_told,
    not_told,
    procurement_told,
)
from monitor.report.composing import NAMESPACE
from monitor.report.declarations import handed_in, happened, written_day
from monitor.report.document import Document, Listing, Notice, Paragraph, Section, Terms
from monitor.report.printing import moment
from monitor.report.seal import sealed
from monitor.report.sections.contracts import Judged, drawn, judged_of, name_of, period_of, said, table, written_range
from monitor.report.sections.method import method
from monitor.report.sheets import sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from monitor.core.contracts import Contract, Evaluation
    from monitor.report.declarations import Declaration
    from monitor.report.document import Block
    from monitor.report.material import Material
    from monitor.report.seal import Seal

COLUMNS: Final = (
    ("contract", "The number of the contract."),
    ("clause", "The id of the clause."),
    ("period", "First day of the window, or contract."),
    ("starts_at", "When it begins, in UTC."),
    ("ends_at", "When it ends, in UTC; empty: it has no end."),
    ("metric", "What the clause is about."),
    ("operator", "How a figure that meets it stands to the limit."),
    ("limit_amount", "The threshold with its tolerance, in unit."),
    ("unit", "The unit of the limit and of the values."),
    ("low", "The lower bound of the value; empty: unknown."),
    ("central", "The value; empty: unknown."),
    ("high", "The upper bound of the value; empty: unknown."),
    ("coverage_ratio", "For how much it is known, 0 to 1."),
    ("measured_ratio", "Share of the energy that was measured, 0 to 1."),
    ("declared_ratio", "Share of the energy that somebody declared, 0 to 1."),
    ("verdict", "met, breached, undecided or waived."),
    ("reasons", "Why nothing is shown, parted by semicolons."),
    ("closed_through", "Up to when its hours were closed when it was judged, in UTC."),
)
"""The columns of the evaluations, with what they mean."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is on one contract over a year."""

    contract: Contract
    material: Material
    """Of the whole report, with the evaluations of this contract alone."""
    declarations: tuple[Declaration, ...]

    @property
    def stem(self) -> str:
        """How the names of its files begin: made-up figures can't be taken for others."""
        report = self.material.report
        named = file_name(self.contract.uid)
        return f"empreinte-evidence-{named}-{report.year}{'-simulated' if report.simulated else ''}"

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of all verdicts, clauses and declarations, in hexadecimal."""
        told = json.dumps(content_of(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(told.encode()).hexdigest()


def file_name(uid: str) -> str:
    """Return the number of a contract as a part of the name of a file: no two numbers have the same.

    What is lost of it is made up for by a mark of its own.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", uid).strip("-.")
    if plain == uid:
        return plain
    return f"{plain or 'contract'}-{hashlib.sha256(uid.encode()).hexdigest()[:8]}"


def content_of(evidence: Evidence) -> dict[str, object]:
    """Return contract, clauses, evaluations and declarations as plain values; what is unknown is None."""
    report = evidence.material.report
    return {
        "format": "empreinte-evidence",
        "version": 1,
        "year": report.year,
        "simulated": report.simulated,
        "closed_through": utc(report.closed_through),
        "contract": contract_told(evidence.contract) | _awarded(evidence),
        "factor_sets": _factor_sets(evidence.material),
        "clauses": [clause_told(clause) for clause in evidence.contract.clauses],
        "evaluations": [evaluation_told(one.evaluation) for one in judged_of(evidence.material)],
        "declarations": [
            {"path": one.path, "name": one.name, "sha256": one.digest or None, "is_another": one.is_another}
            | ({} if one.told is None else declared_told(one.told))
            for one in evidence.declarations
        ],
    }


def _awarded(evidence: Evidence) -> dict[str, object]:
    """Return how the contract was awarded, under our names and those of DECP and eForms, and what happened to it."""
    contract = evidence.contract
    essential = decp(contract, evidence.material.about.get("siret", ""))
    return {
        "amount_euros": None if contract.amount is None else f"{contract.amount:f}",
        "procurement": procurement_told(contract.procurement),
        "decp": essential,
        "decp_not_told": list(not_told(essential)),
        "eforms": eforms(contract),
        "events": [event_told(one) for one in contract.events],
    }


def _factor_sets(material: Material) -> list[str]:
    """Return the sets of factors that hours were restated with; none: all are as they were derived first."""
    return sorted({one.factor_set for one in material.report.generations if one.factor_set})


def evaluations_csv(evidence: Evidence) -> bytes:
    """Return the evaluations as CSV, under the names of `COLUMNS`."""
    told = [evaluation_told(one.evaluation) for one in judged_of(evidence.material)]
    flat = [one | (one["value"] or {}) | {"reasons": ";".join(one["reasons"])} for one in told]
    rows = ([one.get(name) for name, _ in COLUMNS] for one in flat)
    return sheet(COLUMNS, rows)


def evidence_document(evidence: Evidence) -> Document:
    """Return the statement, in the language of the material."""
    material, report = evidence.material, evidence.material.report
    judged = judged_of(material)
    return Document(
        language=material.words.language,
        title=material.say("evidence.title", contract=evidence.contract.uid, year=report.year),
        subtitle=material.about.get("organisation") or material.say("report.no_organisation"),
        identity={
            "identifier": str(_identifier(evidence)),
            "fingerprint": evidence.fingerprint,
            "period": str(report.year),
            "edition": "final" if report.complete else "draft",
            "simulated": "yes" if report.simulated else "no",
        },
        made=report.closed_through,
        sections=(
            _about(evidence),
            _findings(material, judged),
            _requests(evidence, judged),
            handed_in(material, evidence.declarations),
            *happened(material, evidence.contract.events),
            method(material),
            Section("verify", material.say("assurance.title"), (Paragraph(material.say("evidence.verify")),)),
        ),
    )


def evidence_seal(
    evidence: Evidence, files: Mapping[str, bytes], inputs: Mapping[str, str], before: Seal | None, reason: str
) -> Seal:
    """Return the seal of *files*; *inputs* are configuration and program, *before* that of the edition before.

    What other services used is none of the supplier's business: it has no totals.
    """
    whole = {**inputs, "fingerprint": evidence.fingerprint}
    made = sealed(evidence.material.report, files, whole, before, reason)
    return replace(made, stem=evidence.stem, totals={}, changes=())


def requests_of(evidence: Evidence) -> tuple[str, ...]:
    """Return what the supplier is to be asked, a text for each clause whose figures were not measured."""
    asked: dict[str, list[Evaluation]] = {}
    for one in judged_of(evidence.material):
        if _is_to_be_asked(one.evaluation):
            asked.setdefault(one.evaluation.clause.id, []).append(one.evaluation)
    return tuple(_request(evidence, found) for found in asked.values())


def _is_to_be_asked(one: Evaluation) -> bool:
    """Return whether it rests on what is modelled or declared, and asserts nothing by it."""
    settled = one.verdict in {Verdict.MET, Verdict.WAIVED}
    return one.figure is not None and not settled and one.figure.measured < one.clause.min_measured


def _request(evidence: Evidence, found: list[Evaluation]) -> str:
    material, clause = evidence.material, found[0].clause
    figures = ", ".join(f"{period_of(material, one)} ({written_range(material, one)})" for one in found)
    return material.say(
        "evidence.request",
        clause=name_of(material, clause),
        contract=evidence.contract.uid,
        figures=figures,
        evidence=", ".join(clause.evidence) or material.say("evidence.any"),
    )


def _identifier(evidence: Evidence) -> UUID:
    return uuid5(NAMESPACE, evidence.fingerprint)


def _about(evidence: Evidence) -> Section:
    say, contract, report = evidence.material.say, evidence.contract, evidence.material.report
    named = (
        ("contract", contract.uid),
        ("object", contract.title),
        ("supplier", contract.supplier),
        ("siret", contract.supplier_siret),
        ("lot", contract.lot),
        ("buyer", contract.procurement.buyer_siret),
        ("framework", contract.procurement.framework),
        ("procedure", contract.procurement.procedure or ""),
        ("ccag", contract.procurement.ccag or ""),
        ("notified", written_day(contract.procurement.notified)),
        ("consideration", ", ".join(considerations(contract))),
        ("year", str(report.year)),
        ("closed", moment(utc(report.closed_through))),
        ("fingerprint", evidence.fingerprint),
    )
    blocks: list[Block] = [Notice(say("evidence.simulated"))] if report.simulated else []
    blocks.append(Paragraph(say("evidence.reading")))
    blocks.append(Terms(tuple((say(f"evidence.{key}"), value) for key, value in named if value)))
    return Section("evidence", say("evidence.about"), tuple(blocks))


def _findings(material: Material, judged: tuple[Judged, ...]) -> Section:
    title = material.say("contracts.title")
    if not judged:
        return Section("contracts", title, (Paragraph(material.say("evidence.no_window")),))
    return Section(
        "contracts", title, (Paragraph(said(material, judged)), drawn(material, judged), table(material, judged))
    )


def _requests(evidence: Evidence, judged: tuple[Judged, ...]) -> Section:
    say, texts = evidence.material.say, requests_of(evidence)
    blocks: tuple[Block, ...] = (Paragraph(say("evidence.no_request")),)
    if texts:
        blocks = (Paragraph(say("evidence.requests_reading")), Listing(texts))
    penalties = tuple(_penalties(evidence, judged))
    if penalties:
        blocks += (Paragraph(say("evidence.penalties")), Listing(penalties))
    return Section("requests", say("evidence.requests"), blocks)


def _penalties(evidence: Evidence, judged: tuple[Judged, ...]) -> Iterator[str]:
    """Yield the penalty of each clause of which a breach is shown, in the words of the contract."""
    breached = {one.evaluation.clause.id for one in judged if one.evaluation.verdict is Verdict.BREACHED}
    for clause in evidence.contract.clauses:
        if clause.id in breached and clause.penalty:
            name = name_of(evidence.material, clause)
            yield evidence.material.say("evidence.penalty", clause=name, penalty=clause.penalty)
