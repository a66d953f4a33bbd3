"""A list that GLPI exported as CSV: its rows by what their headings say, each with its line.

Accepted are `;`, `,` and tabs between cells, UTF-8 with or without a mark, and what Windows writes (cp1252). A cell may
have several lines, or parts parted by `<br>`.
"""

from __future__ import annotations

import csv
import html
import io
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LARGEST: Final = 32 << 20
"""Bytes. A list of a hundred thousand computers is smaller."""
OTHER_KINDS: Final = {
    b"PK\x03\x04": "an Excel or OpenDocument file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"%PDF": "a PDF",
    b"{": "JSON",
    b"<": "a page of HTML, or XML",
}
"""How files begin that are no CSV. Source: each format's specification."""
EXPORT: Final = "in GLPI, open the list of computers and export it as CSV (docs/hardware.md says with which columns)"
SEPARATORS: Final = ";,\t"
NAME: Final = "name"
"""What every list needs."""


class ListError(Exception):
    """The file is no list that can be read. `what` and `cure` are one sentence each."""

    def __init__(self, what: str, cure: str = EXPORT) -> None:
        super().__init__(f"{what}: {cure}")
        self.what = what
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Row:
    """One computer: the parts of each cell, by what its heading says. `line` is where it begins."""

    line: int
    cells: Mapping[str, tuple[str, ...]]

    def one(self, name: str) -> str:
        """Return what stands under *name*, on one line; empty where there is nothing."""
        return " ".join(self.parts(name))

    def parts(self, name: str) -> tuple[str, ...]:
        """Return the parts of what stands under *name*; none where there is nothing."""
        return self.cells.get(name, ())


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows that can be read, what is known of each column, and the lines that can't be read, with the reason."""

    rows: tuple[Row, ...]
    columns: frozenset[str]
    unreadable: tuple[tuple[int, str], ...]


def read_list(content: bytes) -> Listed:
    """Return the list that the file *content* holds. Raises ListError, which says what it is instead."""
    text = _text(content)
    headings, separator = _headings(text)
    rows, unreadable = [], []
    for line, cells in islice(_lines(text, separator), 1, None):
        if len(cells) != len(headings):
            unreadable.append((line, f"it has {len(cells)} cells, and the headings are {len(headings)}"))
        else:
            pairs = zip(headings, cells, strict=True)
            rows.append(Row(line, {name: _parts(cell) for name, cell in pairs if name}))
    if not rows and not unreadable:
        raise ListError("the list has headings and no computer")
    return Listed(tuple(rows), frozenset(filter(None, headings)), tuple(unreadable))


def _text(content: bytes) -> str:
    if not content.strip():
        raise ListError("the file is empty")
    if len(content) > LARGEST:
        raise ListError("the file is larger than a list of computers can be", "name the right file")
    for beginning, kind in OTHER_KINDS.items():
        if content.lstrip(b"\xef\xbb\xbf \r\n").startswith(beginning):
            raise ListError(f"the file is {kind}, not CSV")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    if b"\0" in content:
        raise ListError("the file is no text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # cp1252 has no character for five bytes; latin-1, which has, is otherwise the same but for quotes and dashes
        return content.decode("cp1252", "replace")


def _headings(text: str) -> tuple[list[str], str]:
    """Return what each column says (empty: nothing of use), and what parts the cells: what finds the most headings."""
    known = _known()
    found: list[tuple[int, list[str], list[str], str]] = []
    for separator in SEPARATORS:
        _, written = next(_lines(text, separator), (0, []))
        names = [known.get(heading, known.get(heading.rpartition(" - ")[2], "")) for heading in map(_plain, written)]
        # the second of a name is another thing's, of a group of its own
        once = [name if names.index(name) == place else "" for place, name in enumerate(names)]
        found.append((len(set(once) - {""}), once, written, separator))
    _, names, written, separator = max(found, key=lambda one: one[0])
    if NAME not in names or len(set(names) - {""}) < 2:  # noqa: PLR2004 - a name alone may be any list's
        shown = ", ".join(heading.strip() for heading in written)[:100]
        raise ListError(f"these are not the headings of GLPI's list of computers: {shown}")
    return names, separator


def _known() -> dict[str, str]:
    tables = tomllib.loads(files("monitor.catalogue").joinpath("glpi_headings.toml").read_text("utf-8"))
    return {heading: name for name, headings in tables.items() for heading in headings}


def _plain(heading: str) -> str:
    """Return *heading* without accents, capitals, and blanks that are too many."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", heading) if not unicodedata.combining(one))
    return re.sub(r"\s+:", ":", " ".join(bare.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").casefold().split()))


def _lines(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line where it begins, cells) of each row that is not empty, the headings first.

    Older releases of GLPI end each row with a separator.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line = 1
    trailing: bool | None = None
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ListError(f"line {line} is no CSV ({error})") from error
        if any(cell.strip() for cell in cells):
            trailing = cells[-1] == "" if trailing is None else trailing
            yield line, cells[:-1] if trailing and cells[-1] == "" else cells
        line = reader.line_num + 1


def _parts(cell: str) -> tuple[str, ...]:
    parts: Sequence[str] = re.split(r"<[bh]r\s*/?>|\r?\n", cell, flags=re.IGNORECASE)
    bare = (" ".join(html.unescape(re.sub(r"<[^>]*>", "", part)).split()) for part in parts)
    return tuple(part for part in bare if part.strip("- "))
