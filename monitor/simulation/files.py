"""Files that change in place, as a kernel's do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

NOTHING: Final = "\n"
"""What a file holds that can't be read now. One that is empty is gone: there, the kernel would refuse to read."""
RETIRED: Final = "removed"
KEPT: Final = 16
"""How many removed directories keep their inode."""


class Files:
    """Files below one directory. Each is written in place, and only when its content has changed.

    A file keeps its inode, so that whoever holds it open reads what is new, as with a kernel's files. It is never
    empty in between.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._content: dict[str, bytes] = {}
        self._retired = 0

    def write(self, path: str, content: str) -> None:
        """Let the file at *path*, below the root, hold *content*; its directory is there."""
        data = content.encode()
        before = self._content.get(path)
        if before == data:
            return
        self._content[path] = data
        descriptor = os.open(f"{self.root}/{path}", os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            os.pwrite(descriptor, data, 0)
            if before is not None and len(before) > len(data):
                os.ftruncate(descriptor, len(data))
        finally:
            os.close(descriptor)

    def link(self, path: str, target: str) -> None:
        """Let *path* be a symbolic link to *target*."""
        (self.root / path).symlink_to(target)

    def make(self, path: str) -> None:
        """Make the directory *path*, and those above it."""
        (self.root / path).mkdir(parents=True, exist_ok=True)

    def retire(self, path: str) -> None:
        """Remove the directory *path* as `remove` does, but for a while let no other have its inode.

        The kernel gives each control group an inode that no other gets; a disk's file system gives it again at once.
        """
        self._retired += 1
        self.make(RETIRED)
        retired = (self.root / path).rename(self.root / f"{RETIRED}/{self._retired}")
        self._empty(retired, path)
        if self._retired > KEPT:
            self.remove(f"{RETIRED}/{self._retired - KEPT}")

    def remove(self, path: str) -> None:
        """Remove the directory *path* with its files, which are empty for whoever still holds them open."""
        self._empty(self.root / path, path)
        _remove(self.root / path)

    def _empty(self, directory: Path, path: str) -> None:
        """Empty the files of *directory*, which were written as those of *path*."""
        for name in [name for name in self._content if name.startswith(f"{path}/")]:
            os.truncate(directory / name.removeprefix(f"{path}/"), 0)
            del self._content[name]


def _remove(directory: Path) -> None:
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            _remove(entry)
        else:
            entry.unlink()
    directory.rmdir()
