"""Files packed into one, the same bytes on every machine."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The first moment that the format can tell: nothing inside has another date. Source: PKWARE, APPNOTE 4.4.6."""


def packed(parts: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a zip file of *parts*, each a name and its content, in that order.

    Nothing is compressed: which bytes come of that depends on the version of the library that does it.
    """
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts:
            about = zipfile.ZipInfo(name, EPOCH)
            about.create_system = 0
            archive.writestr(about, content)
    return whole.getvalue()


def unpacked(content: bytes) -> Iterable[tuple[str, bytes]]:
    """Yield the names and contents of what is in a zip file, in its order."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)
