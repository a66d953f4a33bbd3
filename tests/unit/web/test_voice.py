from zoneinfo import ZoneInfo

from monitor.config import Language
from monitor.core.entries import Cause
from monitor.core.factors import Cycle, How
from monitor.core.impact import Applied, Bounds, Indicator, Role
from monitor.core.units import Energy
from monitor.web.quantities import Quantities
from monitor.web.status import Period, status_of
from monitor.web.voice import Voice, sums_by_method
from monitor.wording import words
from tests.fixtures.impacts import AVERAGE_MIX, CONTRACT
from tests.fixtures.snapshots import at_work

NARROW, FIXED = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"


def voice(language: Language = Language.ENGLISH) -> Voice:
    spoken = words("monitor.web", language)
    return Voice(spoken, Quantities(spoken, ZoneInfo("UTC")))


def test_consumers_go_by_their_own_name_or_by_what_they_are_called() -> None:
    names = [voice().name(consumer) for consumer in status_of(at_work()).consumers]
    assert names[0] == "Assistant rédactionnel"
    assert names[-4:] == ["Other processes", "Empreinte itself", "Idle, nobody's", "Unknown user"]


def test_resources_are_named_and_an_unknown_one_keeps_its_name() -> None:
    assert voice().resource("gpu12") == "GPU 12"
    assert voice().resource("gpu_amd0") == "GPU AMD 0"
    assert voice().resource("fpga0") == "fpga0"
    assert voice(Language.FRENCH).resources(("package", "dram", "gpu0")) == "processeurs, mémoire et GPU 0"
    assert voice().resources(("dram",)) == "memory"


def test_words_that_come_from_outside_are_kept_where_there_is_no_sentence_for_them() -> None:
    for said in (voice().method, voice().reason, voice().cause):
        assert said("never heard of") == "never heard of"
    assert voice().reason("forbidden") == "forbidden"
    assert voice(Language.FRENCH).cause("reboot") == "redémarrage de la machine"


def test_a_figure_says_by_which_method_it_was_obtained_and_of_how_much_of_the_time() -> None:
    period = Period(Energy(100), 0.5, {"modelled": Energy(25), "counter": Energy(75), "declared": Energy(0)})
    said = "Obtained by counter (75.0%) and model, ±50% (25.0%). Measured for 50.0% of the time elapsed."
    assert voice().provenance(period) == said
    alone = Period(Energy(100), 1.0, {"counter": Energy(100)})
    assert voice().provenance(alone) == "Obtained by counter. Measured for 100% of the time elapsed."


def test_what_is_not_known_of_a_figure_is_said() -> None:
    assert voice().provenance(Period(Energy(1), None, {})) == "Share of the time measured: unknown."
    assert voice().obtained({}) == ""


def test_methods_are_weighed_over_all_resources() -> None:
    assert sums_by_method([("counter", 2), ("modelled", 3), ("counter", 5)]) == {"counter": 7, "modelled": 3}


def test_french_keeps_a_sign_with_its_word() -> None:
    french = voice(Language.FRENCH)
    assert french.say("footer.programs") == f"Pour les programmes{FIXED}:"
    assert french.say("footer.ledger", commit="7") == f"Écriture n°{FIXED}7 du registre."
    assert voice().say("footer.programs") == "For programs:"


def test_what_is_filled_in_is_left_as_it_is() -> None:
    said = voice(Language.FRENCH).say("notice.missing_text", path="/a ; {b} : c")
    assert "/a ; {b} : c" in said


def test_each_cause_of_a_gap_has_a_name_in_each_language() -> None:
    for language in Language:
        assert [cause for cause in Cause if voice(language).cause(cause) == cause] == []


def test_a_range_is_told_in_words_and_only_where_it_shows() -> None:
    kilograms = Bounds(43_100_000_000, 71_200_000_000, 90_200_000_000)
    said = voice(Language.FRENCH).between(Indicator.GWP_USE, kilograms)
    assert said.replace(NARROW, " ") == "entre 43,1 kg et 90,2 kg"
    assert voice().between(Indicator.COST, Bounds(5, 5, 5)) == ""
    assert voice().between(Indicator.GWP_USE, Bounds(1, 2, 3)) == "", "all of it is less than can be written"


def test_a_factor_is_told_with_its_range_and_how_it_was_chosen() -> None:
    said = voice()
    assert said.factor(AVERAGE_MIX).replace(FIXED, " ") == "51.9 g CO₂e/kWh"
    assert said.factor_range(AVERAGE_MIX) == "between 31 and 58"
    assert said.factor_range(CONTRACT) == ""
    several = Applied(Role.ELECTRICITY, AVERAGE_MIX, (How.OLDER_YEAR, How.PARENT_ZONE))
    assert said.choice(several) == "Of an earlier year, the country's."
    assert said.choice(Applied(Role.MARKET, CONTRACT, (How.EXACT,))) == "Said in the configuration."


def test_every_role_and_every_choice_can_be_said() -> None:
    for language in Language:
        said = voice(language)
        assert all(said.say(f"role.{role}") for role in Role)
        assert all(said.say(f"how.{how}") for how in How)
        assert all(said.say(f"cycle.{cycle}") for cycle in Cycle)


def test_a_provider_goes_by_its_name_and_an_unknown_one_by_its_key() -> None:
    assert voice().provider("electricity_maps") == "Electricity Maps"
    assert voice().provider("somebody") == "somebody"
