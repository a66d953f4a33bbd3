import pytest

from monitor.config import Language
from monitor.wording import Words, preferred, words


@pytest.mark.parametrize("package", ["monitor.cli", "monitor.report"])
def test_both_languages_say_the_same_things(package: str) -> None:
    french, english = words(package, Language.FRENCH), words(package, Language.ENGLISH)
    assert french.sentences.keys() == english.sentences.keys()
    for key, sentence in french.sentences.items():
        assert sentence
        assert _parts(sentence) == _parts(english.sentences[key]), key


def test_sentences_are_filled_in() -> None:
    said = Words(Language.ENGLISH, {"a.b": "{x} of {y}"})
    assert said.say("a.b", x=1, y="two") == "1 of two"
    assert said.maybe("a.c", "as is") == "as is"
    with pytest.raises(KeyError):
        said.say("a.c")


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert Words(Language.ENGLISH, {}).number(1234.5, 2) == "1,234.50"
    assert Words(Language.FRENCH, {}).number(1234.5, 2) == "1\N{NARROW NO-BREAK SPACE}234,50"


def test_the_language_is_asked_for_else_configured_else_the_environments() -> None:
    french = {"LANG": "fr_FR.UTF-8"}
    assert preferred(Language.ENGLISH, Language.FRENCH, french) is Language.ENGLISH
    assert preferred(None, Language.ENGLISH, french) is Language.ENGLISH
    assert preferred(None, None, french) is Language.FRENCH
    assert preferred(None, None, {"LC_ALL": "C", "LANG": "fr_FR"}) is Language.ENGLISH
    assert preferred(None, None, {"LC_ALL": "", "LANG": "fr_FR"}) is Language.FRENCH
    assert preferred(None, None, {}) is Language.ENGLISH


def _parts(sentence: str) -> set[str]:
    return {part.partition("}")[0] for part in sentence.split("{")[1:]}
