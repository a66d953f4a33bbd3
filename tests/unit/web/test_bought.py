"""What the status page says of AI that is bought as an API: apart, with its bounds, and unknown where it is."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.config import Language
from monitor.core.activity import Unit
from monitor.core.external import Claim, ExternalFigures, ExternalUse, Impact, Origin
from monitor.core.impact import Bounds
from tests.fixtures.bought import RULES
from tests.fixtures.snapshots import at_work, just_started, without_a_zone
from tests.unit.web.test_page import page, text

if TYPE_CHECKING:
    from monitor.exposition.snapshot import Snapshot


def bought(snapshot: Snapshot, language: Language = Language.ENGLISH) -> str:
    """Return what is read of the section of bought services; empty: there is none."""
    return text("<body>" + page(snapshot, language).partition('<h2 id="external">')[2].partition("</section>")[0])


def test_what_is_bought_stands_apart_with_its_bounds_and_who_says_so() -> None:
    said = bought(at_work(), Language.FRENCH)
    assert (
        "API de Mistral Communication · mistralai · marché 2026-DSI-043 · réseau SE"
        " Modélisé, par une estimation : EcoLogits 0.11.3 (2026)"
        " Ce mois 1 240 1 240 000 310 000 899 Wh entre 225 Wh et 22,5 kWh"
        " 62,0 g CO₂e entre 15,5 g et 1,55 kg 5,58 L entre 1,40 L et 140 L Cette année 11 600" in said
    )
    assert "rien de ce qui suit n'est dans les chiffres de la machine" in said
    assert (
        "192 kg CO₂e pour la machine, 580 g CO₂e pour l'IA achetée (non mesurés) ; ensemble, 193 kg CO₂e,"
        " entre 134 kg et 276 kg, sans 290 000 jetons d'impact inconnu." in said
    )
    before, _, after = page(at_work()).partition('<section aria-labelledby="external">')
    # the figures of the machine are the same with what is bought and without
    without = page(replace(at_work(), external=ExternalFigures()))
    assert without.startswith(before.rstrip())
    assert without.endswith(after.partition("</section>")[2].lstrip())


def test_tokens_that_nobody_knows_the_cost_of_are_counted_and_their_impacts_unknown() -> None:
    said = bought(at_work())
    assert (
        "Essais Innovation · inconnu"
        " Counted, impact unknown (electricity, greenhouse gases and water): 290,000 output tokens."
        " EcoLogits does not know the model; ask the supplier for its figures."
        " This month unknown : no source tells. unknown : no source tells. 31,000"
        " unknown : nobody tells what one of these tokens costs." in said
    )
    assert not re.search(r"(?<![\d.,])0\s(Wh|g|L)", said)


def test_what_a_figure_of_bought_ai_leaves_out_is_told_beside_it() -> None:
    use = ExternalUse(
        counts={Unit.OUTPUT_TOKENS: 1201},
        impacts={Impact.GWP: Bounds(10**6, 2 * 10**6, 3 * 10**6)},
        unknown={Impact.ENERGY: 1201, Impact.WATER: 1201, Impact.GWP: 1},
        claims=frozenset({Claim(Origin.ESTIMATED, "EcoLogits", 2026), Claim(Origin.DECLARED, "Annexe 2", 2025)}),
    )
    said = bought(replace(at_work(), external=ExternalFigures({}, {"api": use}, {("api", "year"): use})))
    assert "api not configured any more Declared by the supplier: Annexe 2 (2025) Modelled, by an estimate:" in said
    assert "(electricity and water): 1,201 output tokens." in said
    assert "(greenhouse gases): 1 output token." in said
    assert "This month Nothing was counted. This year" in said
    assert "2.00 g CO₂e between 1.00 g and 3.00 g without 1 token of unknown impact" in said


def test_prompts_alone_have_no_known_cost_and_an_unknown_host_makes_no_sum() -> None:
    use = ExternalUse(counts={Unit.INPUT_TOKENS: 9})
    figures = ExternalFigures(RULES, {"essais": use}, {("essais", "year"): use})
    said = bought(replace(at_work(), external=figures))
    assert "Counted, impact unknown: only output tokens have a known cost." in said
    assert "together" not in said
    assert "together" not in bought(without_a_zone())
    assert bought(just_started()) == ""
