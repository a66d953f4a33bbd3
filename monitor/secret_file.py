"""A secret that a collector needs: it stands in a file, which is read whenever the collector is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.collector import Reason, Unavailable

if TYPE_CHECKING:
    from pathlib import Path


def secret_of(file: Path, what: str) -> str:
    """Return what *file* holds, which is a *what*: `token`, `password`.

    Raises Unavailable where it can't be read: what is measured goes on, and the file is looked at again.
    """
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        why, cure = f"can't be read ({error.strerror})", "make it, and let the daemon's user alone read it"
    except UnicodeDecodeError:
        why, cure = "holds no text", f"name the file that holds the {what} alone"
    else:
        if secret:
            return secret
        why, cure = "is empty", f"write the {what} in it"
    raise Unavailable(Reason.FORBIDDEN, f"the file of the {what}, {file}, {why}", cure)
