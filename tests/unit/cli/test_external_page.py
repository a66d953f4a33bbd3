"""What people see of bought services, in both languages."""

from pathlib import Path

from tests.unit.cli.conftest import USAGE, Call


def told(call: Call, *options: str) -> str:
    """Return what people are shown; every kind of space is one."""
    said = call("external", "show", *options)
    assert (said.status, said.err) == (0, "")
    return " ".join(said.out.split())


def test_people_see_each_service_with_its_bounds_and_who_says_so(call: Call, usage: str) -> None:
    call("external", "import", usage)
    said = told(call, "2026", "--lang", "en")
    assert "AI that is bought as an API From 2026-01-01 00:00 to 2027-01-01 00:00." in said
    assert (
        "API de Mistral (mistral-api) Communication · mistralai · contract 2026-DSI-042 · SE grid"
        " Requests 10 Input tokens 9,000 Output tokens 4,000 Electricity unknown"
        " Greenhouse gases 11.4 g CO₂e between 5.70 g and 17.1 g Water 450 mL between 225 mL and 675 mL"
        " Minerals and metals 1.60 mg Sb eq between 800 µg and 2.40 mg"
        " Modelled, after a study of the model's provider: Mistral AI with Carbone 4" in said
    )
    assert "Counted, impact unknown (electricity): 4,000 output tokens." in said
    assert "The energy of mistral-large-2411 can't be told" in said
    assert "others openai Requests 1 Input tokens 0 Output tokens 1,000 Electricity unknown" in said
    assert "Declared by the supplier: Annexe 2 (2026)" in said
    assert "12.2 g CO₂e for bought AI; together" in said


def test_people_see_it_in_french_and_what_was_not_counted(call: Call, usage: str) -> None:
    said = told(call, "2026-03", "--lang", "fr")
    assert "L'IA achetée en ligne Du 01/03/2026 00:00 au 01/04/2026 00:00." in said
    assert "réseau SE Rien n'a été compté." in said
    assert "ensemble" not in said
    call("external", "import", usage)
    said = told(call, "2026-02", "--lang", "fr")
    assert "Gaz à effet de serre 11,4 g CO₂e entre 5,70 g et 17,1 g" in said
    assert "Comptés, impact inconnu (électricité) : 4 000 jetons produits." in said


def test_a_period_before_the_host_measured_has_no_sum_with_it(call: Call, usage: str) -> None:
    Path(usage).write_text(USAGE.replace("2026-02", "2025-02"), encoding="utf-8")
    call("external", "import", usage)
    assert "together: unknown, as one of the two is." in told(call, "2025", "--lang", "en")


def test_where_nothing_is_bought_it_is_said(call: Call, ledger: str) -> None:
    assert ledger
    assert "No bought service is configured, and none was counted" in told(call, "--lang", "en")
