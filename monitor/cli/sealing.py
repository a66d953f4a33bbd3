"""`empreinte report --seal` and `empreinte report verify`: editions of a report that nobody can change unseen."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from monitor.cli.session import CommandError, Status
from monitor.report.seal import BrokenSealError, faults, name_of, read, sealed, written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from monitor.report.material import Material
    from monitor.report.seal import Seal


def require_unsealed(material: Material, directory: Path, reason: str) -> None:
    """Refuse to replace a sealed report by another one. Raises CommandError, with the cure."""
    before = seal_in(directory / name_of(material.report.stem))
    if before is not None and before.fingerprint != material.fingerprint and not reason:
        message = (
            f"the report in {directory} is sealed, and its figures have changed since: "
            "write a corrective edition with --seal --correct REASON, or name another --output"
        )
        raise CommandError(message, Status.NO)


def no_seal_of(material: Material, files: Mapping[str, bytes], directory: Path) -> dict[str, bytes]:
    """Return no files of a seal: *files* get none. Raises CommandError where they would replace others that have."""
    before = seal_in(directory / name_of(material.report.stem))
    broken = [] if before is None else [name for name, what in faults(before, files) if what == "changed"]
    if broken:
        message = (
            f"{directory / broken[0]} is sealed, and would become another file: "
            "write it again with --seal, or name another --output"
        )
        raise CommandError(message, Status.NO)
    return {}


def seal_of(
    material: Material, files: Mapping[str, bytes], directory: Path, configuration: Path | None, reason: str
) -> dict[str, bytes]:
    """Return the files of the seal of *files*: the new one, and the one before where it is replaced."""
    before = seal_in(directory / name_of(material.report.stem))
    inputs = {"fingerprint": material.fingerprint} | inputs_of(material, configuration)
    return seal_files(sealed(material.report, files, inputs, before, reason), directory, before, reason)


def inputs_of(material: Material, configuration: Path | None) -> dict[str, str]:
    """Return what a seal says of the file of the *configuration* and of the program. Raises OSError."""
    return {
        "configuration": hashlib.sha256(configuration.read_bytes()).hexdigest() if configuration else "",
        "program": material.about.get("version", ""),
    }


def seal_files(seal: Seal, directory: Path, before: Seal | None, reason: str) -> dict[str, bytes]:
    """Return the file of *seal*, and that of the one *before* in *directory* where it is replaced for a *reason*."""
    place = directory / name_of(seal.stem)
    made = {place.name: written(seal)}
    return made if before is None or not reason else {name_of(seal.stem, before.edition): place.read_bytes(), **made}


def left_over(material: Material, files: Mapping[str, bytes], directory: Path, reason: str) -> tuple[str, ...]:
    """Return which files of the edition before stay in *directory*, and are no part of the corrective one: *files*.

    Asked before those are written.
    """
    before = seal_in(directory / name_of(material.report.stem))
    if before is None or not reason:
        return ()
    return tuple(name for name in sorted(before.outputs) if name not in files and (directory / name).exists())


def verify_seal(file: Path) -> tuple[Seal, tuple[tuple[str, str], ...]]:
    """Return the seal in *file*, and what is wrong with the files beside it. Raises CommandError, OSError."""
    seal = _read(file)
    found = {name: content_in(file.parent / name) for name in seal.outputs}
    return seal, faults(seal, found)


def content_in(file: Path) -> bytes | None:
    """Return what *file* holds; None where there is none. Raises OSError."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def seal_in(file: Path) -> Seal | None:
    """Return the seal in *file*; None where there is none. Raises CommandError, OSError."""
    return _read(file) if file.exists() else None


def _read(file: Path) -> Seal:
    try:
        return read(file.read_bytes(), str(file))
    except BrokenSealError as error:
        raise CommandError(str(error), Status.WRONG) from error
