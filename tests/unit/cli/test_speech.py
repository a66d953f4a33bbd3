from zoneinfo import ZoneInfo

import pytest

from monitor.cli.speech import Speech
from monitor.config import Language


def test_names_are_those_of_the_status_page() -> None:
    french = Speech(Language.FRENCH, ZoneInfo("Europe/Paris"))
    assert french.name("_other", "_other") == "Autres processus"
    assert french.name("assistant", "Assistant rédactionnel") == "Assistant rédactionnel"
    assert french.name("assistant", "") == "assistant"


def test_french_sets_its_signs_apart() -> None:
    french = Speech(Language.FRENCH, ZoneInfo("UTC"))
    assert french.say("doctor.cure", cure="x") == "Remède\N{NO-BREAK SPACE}: x"


def test_a_sentence_that_is_missing_is_a_defect() -> None:
    english = Speech(Language.ENGLISH, ZoneInfo("UTC"))
    assert english.maybe("nothing.like.this", "as is") == "as is"
    with pytest.raises(KeyError):
        english.say("nothing.like.this")
