"""Bring dashboards to Grafana: once is enough, and what a person changed there is left alone.

How a person's change is recognised. Each dashboard that is pushed carries a mark: the hash of its own JSON, the version
that Grafana gives it, and its folder. It has been edited if its folder is another, or if both its JSON and its version
are others than those of the mark: by the JSON alone, a Grafana that brings an old dashboard up to date as it loads it
would pass for a person. The mark is the name of an annotation query that is hidden and switched off: such queries are
part of the classic schema, so that Grafana keeps them from 9.4 to 13, also where a person saves the dashboard; they are
seen in its settings only. A key of our own would be lost there, the description and tags are for people, and a
hidden variable would keep a dashboard from being public.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from dashboards.differences import differences
from dashboards.failures import GrafanaError, NotPushedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dashboards.grafana import Grafana, StoredDashboard

NAME: Final = "empreinte"
MARK: Final = re.compile(rf"{NAME} ([0-9a-f]{{32}}) (\d+) ([A-Za-z0-9_-]{{1,40}})")
HASH_LENGTH: Final = 32
"""Hexadecimal digits kept of a SHA-256: 128 bits, so that no two dashboards share one by chance."""
GRAFANAS_OWN: Final = frozenset({"id", "version", "iteration"})
"""What Grafana counts by itself. Source: Grafana 9.4, HTTP API, dashboard."""
TYPE: Final = {"type": "grafana", "uid": "-- Grafana --"}


class Fate(StrEnum):
    """What becomes of a dashboard."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    EDITED = "edited"
    """A person edited it: it is left alone."""
    OVERWRITTEN = "overwritten"
    """A person edited it, and that is lost: it was asked for."""

    @property
    def writes(self) -> bool:
        """Whether Grafana is asked to save it."""
        return self not in {Fate.UNCHANGED, Fate.EDITED}


class HalfDoneError(GrafanaError):
    """Some was written before the failure: `written` says what. To push again completes it."""

    def __init__(self, cause: GrafanaError, written: Sequence[str]) -> None:
        super().__init__(f"{cause}; written before that: {', '.join(written)}; then push again to complete it")
        self.cause = cause
        self.written = tuple(written)


@dataclass(frozen=True, slots=True)
class Target:
    """The folder that dashboards go to."""

    uid: str
    title: str
    """If it is to be made; one that is there keeps its title."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes, or became, of one dashboard."""

    uid: str
    title: str
    fate: Fate
    paths: tuple[str, ...] = ()
    """Where what is there differs from what is to be: `panels[id=3].title`."""
    path: str = ""
    """Its address within Grafana, once it was saved."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written, made from what is there."""

    target: Target
    makes_folder: bool
    changes: tuple[Change, ...]
    versions: Mapping[str, int]
    """Version of each dashboard that is there, by uid."""
    models: Mapping[str, Mapping[str, Any]]
    """What each is to be, by uid."""

    @property
    def held_back(self) -> tuple[Change, ...]:
        """The dashboards that a person edited, and that are left alone."""
        return tuple(change for change in self.changes if change.fate is Fate.EDITED)


def plan(grafana: Grafana, models: Sequence[Mapping[str, Any]], target: Target, *, force: bool = False) -> Plan:
    """Read all that is there, and return what is to be done about it. Writes nothing.

    With *force*, what a person edited is overwritten. Raises NotPushedError where not all could be written (Grafana's
    database fails, a dashboard comes from files, a title is taken), and what Grafana raises.
    """
    health = grafana.health()
    if health.database != "ok":
        message = f"Grafana at {grafana.where} can't reach its own database: do this again when it can"
        raise NotPushedError(message)
    folder = grafana.folder(target.uid)
    there = {uid: grafana.dashboard(uid) for uid in (str(model["uid"]) for model in models)}
    changes = tuple(_change(model, there[str(model["uid"])], target, force=force) for model in models)
    _check_sources(grafana, there)
    for change in changes:
        if change.fate.writes:
            _check_title(grafana, change, target)
    return Plan(
        target,
        folder is None,
        changes,
        {uid: stored.version for uid, stored in there.items() if stored is not None},
        {str(model["uid"]): model for model in models},
    )


def carry_out(grafana: Grafana, made: Plan, message: str) -> tuple[Change, ...]:
    """Write what the plan says, with *message* in each dashboard's history; return the changes, with their addresses.

    A dashboard that somebody saved since the plan was made is not overwritten. Raises HalfDoneError where some was
    written before a failure; else what Grafana raises: then nothing was written.
    """
    written: list[str] = []
    if made.makes_folder and any(change.fate.writes for change in made.changes):
        grafana.create_folder(made.target.uid, made.target.title)
        written.append(f"the folder {made.target.uid}")
    done: list[Change] = []
    for change in made.changes:
        if not change.fate.writes:
            done.append(change)
            continue
        try:
            done.append(_saved(grafana, made, change, message))
        except GrafanaError as error:
            if not written:
                raise
            raise HalfDoneError(error, written) from error
        written.append(change.uid)
    return tuple(done)


def marked(model: Mapping[str, Any], version: int, folder: str) -> dict[str, Any]:
    """Return *model* with the mark that it is ours, as pushed to be this *version* in this *folder*."""
    mark = {
        "name": f"{NAME} {hash_of(model)} {version} {folder}",
        "enable": False,
        "hide": True,
        "iconColor": "blue",
        "datasource": TYPE,
    }
    annotations = model.get("annotations", {})
    return {**model, "annotations": {**annotations, "list": [*annotations.get("list", []), mark]}}


def hash_of(model: Mapping[str, Any]) -> str:
    """Return the hash of a dashboard's JSON, without its mark and what Grafana counts: 32 hexadecimal digits."""
    text = json.dumps(_canonical(_bare(model)), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]


def _saved(grafana: Grafana, made: Plan, change: Change, message: str) -> Change:
    version = made.versions.get(change.uid, 0)
    model = marked(made.models[change.uid], version + 1, made.target.uid)
    saved = grafana.save_dashboard({**model, "version": version}, folder=made.target.uid, message=message)
    return replace(change, path=saved.path)


def _change(model: Mapping[str, Any], stored: StoredDashboard | None, target: Target, *, force: bool) -> Change:
    uid, title = str(model["uid"]), str(model["title"])
    if stored is None:
        return Change(uid, title, Fate.CREATED)
    paths = tuple(differences(_canonical(_bare(stored.model)), _canonical(_bare(model))))
    if stored.folder != target.uid:
        paths = ("folder", *paths)
    mark = _mark(stored.model)
    if _edited(stored, mark):
        return Change(uid, title, Fate.OVERWRITTEN if force else Fate.EDITED, paths)
    same = mark is not None and mark[1] == hash_of(model) and stored.folder == target.uid
    return Change(uid, title, Fate.UNCHANGED) if same else Change(uid, title, Fate.UPDATED, paths)


def _edited(stored: StoredDashboard, mark: re.Match[str] | None) -> bool:
    """Return whether it is not as it was pushed. One without a mark is a person's."""
    if mark is None or stored.folder != mark[3]:
        return True
    return stored.version != int(mark[2]) and hash_of(stored.model) != mark[1]


def _check_sources(grafana: Grafana, there: Mapping[str, StoredDashboard | None]) -> None:
    """Raise NotPushedError where a dashboard comes from files: Grafana saves none of those."""
    uids = [uid for uid, stored in there.items() if stored is not None and stored.provisioned]
    if uids:
        message = (
            f"of Grafana at {grafana.where}, {', '.join(uids)} come from files on its machine: take them out there"
            " first, or bring it new files (`empreinte dashboards export`) in place of a push"
        )
        raise NotPushedError(message)


def _check_title(grafana: Grafana, change: Change, target: Target) -> None:
    """Raise NotPushedError where another dashboard of the folder has the title."""
    for other in grafana.dashboards_titled(change.title):
        if other.uid != change.uid and other.folder == target.uid:
            message = (
                f"the folder {target.uid} of Grafana at {grafana.where} has another dashboard called"
                f" {change.title!r}, {other.uid}: rename or remove it, or choose another folder"
            )
            raise NotPushedError(message)


def _mark(model: Mapping[str, Any]) -> re.Match[str] | None:
    """Return the mark of a dashboard that is there; None: it has none."""
    matches = (MARK.fullmatch(str(one.get("name", ""))) for one in _annotations(model))
    return next((match for match in matches if match is not None), None)


def _bare(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dashboard without its mark, and without what Grafana counts."""
    bare = {name: value for name, value in model.items() if name not in GRAFANAS_OWN}
    others = [one for one in _annotations(model) if MARK.fullmatch(str(one.get("name", ""))) is None]
    if others or "annotations" in bare:
        bare["annotations"] = {**_dict(bare.get("annotations")), "list": others}
    if bare.get("annotations") == {"list": []}:
        # a model that has none at all is given a list for the mark
        del bare["annotations"]
    return bare


def _annotations(model: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = _dict(model.get("annotations")).get("list")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _canonical(value: object) -> Any:  # noqa: ANN401 - JSON
    """Return JSON as Grafana gives it back: it writes 1.0 as 1."""
    if isinstance(value, dict):
        return {name: _canonical(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
