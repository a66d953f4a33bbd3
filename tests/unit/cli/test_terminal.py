import pytest

from monitor.cli.terminal import Terminal, Tone

PLAIN = Terminal(width=40, colours=False)


def test_columns_are_aligned_and_the_last_one_is_wrapped() -> None:
    text = PLAIN.table([("a", "one two three four five six seven eight nine"), ("long", "x")])
    assert text.split("\n") == [
        "  a     one two three four five six",
        "        seven eight nine",
        "  long  x",
    ]


def test_numbers_are_aligned_to_the_right() -> None:
    text = PLAIN.table([("a", "1.5", "W"), ("b", "100.0", "W")], right=frozenset({1}))
    assert text.split("\n") == ["  a    1.5  W", "  b  100.0  W"]
    last = PLAIN.table([("a", "1.5"), ("b", "100.0")], right=frozenset({1}))
    assert last.split("\n") == ["  a    1.5", "  b  100.0"]


def test_accents_and_wide_letters_take_the_columns_they_take() -> None:
    text = PLAIN.table([("e\N{COMBINING ACUTE ACCENT}té", "x"), ("日本", "x"), ("abcd", "x")])
    assert text.split("\n") == ["  e\N{COMBINING ACUTE ACCENT}té   x", "  日本  x", "  abcd  x"]


def test_paths_are_not_cut_and_nothing_is_nothing() -> None:
    path = "/sys/class/powercap/intel-rapl:0/intel-rapl:0:0/energy_uj"
    assert path in PLAIN.table([("rapl", path)])
    assert PLAIN.table([]) == ""


def test_colours_show_only_where_they_can() -> None:
    assert PLAIN.paint("x", Tone.BAD) == "x"
    assert Terminal(80, colours=True).paint("x", Tone.BAD) == "\x1b[31mx\x1b[0m"
    assert Terminal(80, colours=True).paint("x", Tone.PLAIN) == "x"


def test_output_that_is_no_terminal_has_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "7")
    terminal = Terminal.of_output()
    assert not terminal.colours
    assert terminal.width == 40


def test_sentences_are_wrapped() -> None:
    wrapped = PLAIN.paragraph("a sentence that is longer than forty columns are wide", "  ")
    assert all(line.startswith("  ") and len(line) <= 40 for line in wrapped.split("\n"))
