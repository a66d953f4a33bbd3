"""Where two dashboards differ, for a person: `panels[id=3].title`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

EMPTY: Final[tuple[object, ...]] = (None, "", False, 0, [], {})
"""What Grafana writes where nothing was said."""
NAMES: Final = ("id", "refId", "name")
"""What tells the members of a list from one another, in this order of preference."""


def differences(there: object, wanted: object, path: str = "") -> Iterator[str]:
    """Yield the path of each value that differs; that *there* says where nothing is *wanted*, if it is empty, doesn't.

    Members of a list are matched by their id, refId or name where all have one.
    """
    if isinstance(there, dict) and isinstance(wanted, dict):
        yield from _of_objects(there, wanted, path)
    elif isinstance(there, list) and isinstance(wanted, list):
        yield from _of_lists(there, wanted, path)
    elif there != wanted or isinstance(there, bool) != isinstance(wanted, bool):
        yield path


def _of_objects(there: Mapping[str, object], wanted: Mapping[str, object], path: str) -> Iterator[str]:
    for name in sorted(there.keys() | wanted.keys()):
        here = f"{path}.{name}" if path else name
        if name in there and name in wanted:
            yield from differences(there[name], wanted[name], here)
        elif name in wanted or there[name] not in EMPTY:
            yield here


def _of_lists(there: Sequence[object], wanted: Sequence[object], path: str) -> Iterator[str]:
    name = next((name for name in NAMES if _tells_apart(name, there) and _tells_apart(name, wanted)), "")
    before, after = _by_name(name, there), _by_name(name, wanted)
    for key in [*before, *(key for key in after if key not in before)]:
        here = f"{path}[{key}]"
        if key in before and key in after:
            yield from differences(before[key], after[key], here)
        else:
            yield here
    common = [key for key in before if key in after]
    if name and common != [key for key in after if key in before]:
        yield f"{path} (order)"


def _tells_apart(name: str, members: Sequence[object]) -> bool:
    values = [member.get(name) for member in members if isinstance(member, dict)]
    return len(values) == len(members) and None not in values and len({str(value) for value in values}) == len(values)


def _by_name(name: str, members: Sequence[object]) -> dict[str, object]:
    if not name:
        return {str(index): member for index, member in enumerate(members)}
    return {f"{name}={member[name]}": member for member in members if isinstance(member, dict)}
