"""Which files a report comes in, and how each kind is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from monitor.cli.session import CommandError, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.report.document import Document
    from monitor.report.material import Material

Files = dict[str, bytes]
"""Content by name."""


def formats_of(text: str) -> tuple[str, ...]:
    """Return the kinds of files that *text* asks for, parted by commas. Raises CommandError for an unknown one."""
    names = named_in(text)
    for name in names:
        if name not in MAKERS:
            message = f"there is no format {name!r}: write --format with some of {','.join(MAKERS)}"
            raise CommandError(message, Status.WRONG)
    return names or _usual()


def named_in(text: str) -> tuple[str, ...]:
    """Return the names in *text*, parted by commas, each once and in small letters."""
    return tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))


def _usual() -> tuple[str, ...]:
    """Return the formats that are written where none is asked for: PDF where it can be made here."""
    from monitor.report.rendering.pdf import present

    return tuple(name for name in USUAL if name != "pdf" or present())


@dataclass(frozen=True)
class _Making:
    """What files are made of: the figures, and the document that is composed of them when one needs it, once."""

    material: Material

    @cached_property
    def document(self) -> Document:
        """The report as a document."""
        from monitor.report.composing import compose

        return compose(self.material)

    def name(self, suffix: str) -> str:
        """Return the name of a file of it."""
        return f"{self.material.report.stem}{suffix}"


def files_of(material: Material, formats: tuple[str, ...], tell: Callable[[str], None]) -> Files:
    """Return the files of the report in *formats*; *tell* is told which one is being made.

    Raises CommandError where one can't be made here.
    """
    making = _Making(material)
    files: Files = {}
    for number, name in enumerate(formats, start=1):
        tell(f"{name} ({number}/{len(formats)})")
        files |= MAKERS[name](making)
    if "dcat" in formats:
        files |= _dcat(making, files)
    return files


def _html(making: _Making) -> Files:
    from monitor.report.rendering.html import page

    return {making.name(".html"): page(making.document, making.material.words)}


def _pdf(making: _Making) -> Files:
    from monitor.report.rendering.pdf import NoTypstError, pdf

    try:
        return {making.name(".pdf"): pdf(making.document, making.material.words)}
    except NoTypstError as error:
        raise CommandError(str(error), Status.IMPOSSIBLE) from error


def _xlsx(making: _Making) -> Files:
    from monitor.report.rendering.xlsx import xlsx

    return {making.name(".xlsx"): xlsx(making.document, making.material.words)}


def _ods(making: _Making) -> Files:
    from monitor.report.rendering.ods import ods

    return {making.name(".ods"): ods(making.document, making.material.words)}


def _csv(making: _Making) -> Files:
    from monitor.report.datapackage import packaged
    from monitor.report.sheets import sheets

    exact = sheets(making.material.report, making.material.words)
    return exact | packaged(making.document, making.material.report.stem, exact)


def _json(making: _Making) -> Files:
    from monitor.report.opendata import opendata
    from monitor.report.rendering.tables import tables_json
    from monitor.report.schema import schema_files

    material = making.material
    tables = {making.name("-tables.json"): tables_json(making.document)}
    return opendata(material.report, material.about, material.words, material.stated) | tables | schema_files()


def _codecarbon(making: _Making) -> Files:
    from monitor.report.exchange.emissions_csv import emissions_csv

    return {making.name("-emissions.csv"): emissions_csv(making.material)}


def _public_service(making: _Making) -> Files:
    from monitor.report.exchange.public_service import public_service

    return {making.name("-public-service.csv"): public_service(making.material)}


def _pcr_si(making: _Making) -> Files:
    from monitor.report.exchange.pcr_si import pcr_si

    return {making.name("-pcr-si.json"): pcr_si(making.material)}


def _boamps(making: _Making) -> Files:
    from monitor.adapters.codecarbon import CodeCarbonFailed, boamps
    from monitor.report.exchange.boamps import boamps_files, boamps_requests

    asked = list(boamps_requests(making.material))
    try:
        return boamps_files(boamps(asked), asked, making.material.report.stem)
    except CodeCarbonFailed as error:
        raise CommandError(f"--format boamps: {error}", Status.IMPOSSIBLE) from error


def _decp(making: _Making) -> Files:
    from monitor.report.exchange.decp import decp_files

    return decp_files(making.material)


def _dcat(making: _Making, files: Mapping[str, bytes]) -> Files:
    """Return the record of the other *files*: of the data, not of the schemas beside them."""
    from monitor.report.composing import identifier_of
    from monitor.report.exchange.dcat import dcat
    from monitor.report.schema import SUFFIX

    data = [name for name in files if not name.endswith(SUFFIX)]
    return {making.name("-dcat.jsonld"): dcat(making.material, data, identifier_of(making.material))}


MAKERS: Final[Mapping[str, Callable[[_Making], Files]]] = {
    "html": _html,
    "pdf": _pdf,
    "xlsx": _xlsx,
    "ods": _ods,
    "csv": _csv,
    "json": _json,
    "codecarbon": _codecarbon,
    "boamps": _boamps,
    "public-service": _public_service,
    "pcr-si": _pcr_si,
    "decp": _decp,
    # its record is of all the others, and made after them
    "dcat": lambda _: {},
}
USUAL: Final = ("html", "pdf", "xlsx", "csv", "json")
