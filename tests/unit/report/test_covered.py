"""What was measured of the machine in the year, and what no meter covered, as the report says it."""

from __future__ import annotations

import pytest

from monitor.config import Language
from monitor.core.readings import Method
from monitor.report.document import Paragraph
from monitor.report.sections.covered import covered
from tests.unit.report.test_figures import KWH, material
from tests.unit.report.test_model import books, row


def said(*meters: tuple[str, Method], language: Language = Language.ENGLISH) -> str:
    rows = [row(1, KWH, resource=resource, method=method) for resource, method in meters]
    (paragraph,) = covered(material(books(*rows), language))
    assert isinstance(paragraph, Paragraph)
    return paragraph.text


PACKAGE = ("package", Method.COUNTER)


def test_without_a_meter_of_the_whole_machine_what_is_beside_the_components_is_named() -> None:
    text = said(PACKAGE, ("gpu0", Method.COUNTER))
    assert text.startswith("Measured: GPU 0, processors. No meter covered: the memory, fans, disks")
    french = said(PACKAGE, language=Language.FRENCH)
    assert "Aucun compteur n'a couvert\N{NO-BREAK SPACE}: la mémoire, les ventilateurs" in french


def test_what_is_only_modelled_is_told_apart_and_is_covered_by_no_meter() -> None:
    text = said(PACKAGE, ("dram", Method.MODELLED))
    assert "Modelled or declared only: memory." in text
    assert "No meter covered: the memory," in text


@pytest.mark.parametrize("resource", ["platform", "rest"])
def test_a_measured_whole_covers_all(resource: str) -> None:
    assert "No meter covered" not in said(PACKAGE, (resource, Method.INTEGRATED))
    assert "A meter of the whole machine was read" in said((resource, Method.INTEGRATED))
    assert "No meter covered" in said(PACKAGE, (resource, Method.DECLARED))


def test_where_no_energy_is_known_nothing_is_said() -> None:
    assert covered(material(books())) == ()
