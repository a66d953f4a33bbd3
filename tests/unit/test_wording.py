import re

import pytest

from monitor.config import Language
from monitor.wording import Words, words


@pytest.mark.parametrize("package", ["monitor.cli", "monitor.report"])
def test_both_languages_say_the_same_things(package: str) -> None:
    french, english = words(package, Language.FRENCH), words(package, Language.ENGLISH)
    assert french.sentences.keys() == english.sentences.keys()
    for key, sentence in french.sentences.items():
        assert sentence
        assert _parts(sentence) == _parts(english.sentences[key]), key


def test_no_line_of_a_report_in_french_may_begin_with_a_sign() -> None:
    """Source: Lexique des règles typographiques, ponctuation: before signs of two parts a space is not broken."""
    for key, sentence in words("monitor.report", Language.FRENCH).sentences.items():
        assert not re.search("(?<=« )| (?=[:;!?%»])", sentence), key


def test_sentences_are_filled_in() -> None:
    said = Words(Language.ENGLISH, {"a.b": "{x} of {y}"})
    assert said.say("a.b", x=1, y="two") == "1 of two"
    assert said.maybe("a.c", "as is") == "as is"
    with pytest.raises(KeyError):
        said.say("a.c")


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert Words(Language.ENGLISH, {}).number(1234.5, 2) == "1,234.50"
    assert Words(Language.FRENCH, {}).number(1234.5, 2) == "1\N{NARROW NO-BREAK SPACE}234,50"
    assert Words(Language.ENGLISH, {}).percent(12.5, 1) == "12.5\N{NO-BREAK SPACE}%"
    assert Words(Language.FRENCH, {}).percent(12.5, 1) == "12,5\N{NARROW NO-BREAK SPACE}%"


def _parts(sentence: str) -> set[str]:
    return {part.partition("}")[0] for part in sentence.split("{")[1:]}
