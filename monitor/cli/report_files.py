"""Which files a report comes in, and how each kind is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.cli.session import CommandError, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.report.material import Material

LATER: Final = ("pdf", "xlsx", "ods")

Files = dict[str, bytes]
"""Content by name."""


def formats_of(text: str) -> tuple[str, ...]:
    """Return the kinds of files that *text* asks for, parted by commas. Raises CommandError for an unknown one."""
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    for name in names:
        if name in LATER:
            message = f"--format {name} comes with a later version: write --format {','.join(USUAL)}"
            raise CommandError(message, Status.WRONG)
        if name not in MAKERS:
            message = f"there is no format {name!r}: write --format with some of {','.join(MAKERS)}"
            raise CommandError(message, Status.WRONG)
    return names or USUAL


def files_of(material: Material, formats: tuple[str, ...]) -> Files:
    """Return the files of the report in *formats*. Raises CommandError where one can't be made here."""
    files: Files = {}
    for name in formats:
        files |= MAKERS[name](material)
    if "dcat" in formats:
        files |= _dcat(material, files)
    return files


def _html(material: Material) -> Files:
    from monitor.report.composing import compose
    from monitor.report.rendering.html import page

    return {f"{material.report.stem}.html": page(compose(material), material.words)}


def _csv(material: Material) -> Files:
    from monitor.report.sheets import sheets

    return sheets(material.report, material.words)


def _json(material: Material) -> Files:
    from monitor.report.opendata import opendata

    return opendata(material.report, material.about, material.words)


def _codecarbon(material: Material) -> Files:
    from monitor.report.exchange.emissions_csv import emissions_csv

    return {f"{material.report.stem}-emissions.csv": emissions_csv(material)}


def _public_service(material: Material) -> Files:
    from monitor.report.exchange.public_service import public_service

    return {f"{material.report.stem}-public-service.csv": public_service(material)}


def _pcr_si(material: Material) -> Files:
    from monitor.report.exchange.pcr_si import pcr_si

    return {f"{material.report.stem}-pcr-si.json": pcr_si(material)}


def _boamps(material: Material) -> Files:
    from monitor.adapters.codecarbon import CodeCarbonFailed, boamps
    from monitor.report.exchange.boamps import boamps_files, boamps_requests

    asked = list(boamps_requests(material))
    try:
        return boamps_files(boamps(asked), asked, material.report.stem)
    except CodeCarbonFailed as error:
        raise CommandError(f"--format boamps: {error}", Status.IMPOSSIBLE) from error


def _dcat(material: Material, files: Mapping[str, bytes]) -> Files:
    """Return the record of the other *files*."""
    from monitor.report.composing import identifier_of
    from monitor.report.exchange.dcat import dcat

    return {f"{material.report.stem}-dcat.jsonld": dcat(material, files, identifier_of(material))}


MAKERS: Final[Mapping[str, Callable[[Material], Files]]] = {
    "html": _html,
    "csv": _csv,
    "json": _json,
    "codecarbon": _codecarbon,
    "boamps": _boamps,
    "public-service": _public_service,
    "pcr-si": _pcr_si,
    # its record is of all the others, and made after them
    "dcat": lambda _: {},
}
USUAL: Final = ("html", "csv", "json")
