from dataclasses import dataclass
from typing import Annotated

from monitor.config import values
from monitor.config.tables import Fault, Faults, Key, keys_of, note_unknown, read_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A shelf."""

    label: Annotated[str, Key("What it says.", values.text, '"books"')]
    port: Annotated[int, Key("Where it is.", values.port, "80")] = 8
    unread: int = 0


def read(table: object) -> tuple[Shelf | None, list[Fault]]:
    faults = Faults()
    return read_table(Shelf, table, "shelf[1]", faults, {"shelf.lamp": "light"}), faults.found


def test_a_table_becomes_a_record_with_its_defaults() -> None:
    assert read({"label": "books"}) == (Shelf(label="books", port=8), [])
    assert read({"label": "books", "port": 80}) == (Shelf(label="books", port=80), [])


def test_only_what_is_described_can_be_configured() -> None:
    assert [name for name, _ in keys_of(Shelf)] == ["label", "port"]
    record, faults = read({"label": "books", "unread": 3})
    assert record is None
    assert faults == [Fault("shelf[1].unread", "there is no such key (there are: label, port)")]


def test_one_fault_hides_no_other_and_there_is_no_record() -> None:
    record, faults = read({"labl": "books", "port": "80", "lamp": True})
    assert record is None
    assert [str(fault) for fault in faults] == [
        "shelf[1].labl: there is no such key: write label",
        "shelf[1].lamp: not in this version (light): take it out until a later one has it",
        'shelf[1].label: this key is needed: write label = "books"',
        "shelf[1].port: it is a number, without quotes: write 80",
    ]


def test_what_is_no_table_is_refused() -> None:
    assert str(read("books")[1][0]) == "shelf[1]: it is a table: write [shelf[1]] and its keys below it"


def test_a_fault_of_the_whole_file_has_no_path() -> None:
    assert str(Fault("", "it is a directory")) == "it is a directory"
    faults = Faults()
    note_unknown({"hots": {}}, ("host",), "", faults, {})
    assert str(faults.found[0]) == "hots: there is no such key: write host"
