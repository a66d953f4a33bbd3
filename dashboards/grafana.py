"""Grafana, as far as Empreinte needs it: what it holds, and what is to be there. Same requests from 9.4 to 13.

Source of paths and fields: Grafana 9.4 and 13.0, HTTP API; only what both have is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self
from urllib.parse import quote

from dashboards.failures import NotFoundError, RefusedError, WrongAnswerError, WrongRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from dashboards.connection import Connection

UID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""Source: Grafana 9.4, HTTP API, dashboard: uid."""
MOST: Final = 5000
"""How many are asked for at once. Source: Grafana 9.4, HTTP API, folder and dashboard search: limit."""
FAILING: Final = 503


@dataclass(frozen=True, slots=True)
class Health:
    """How Grafana is."""

    database: str
    """`ok`, or `failing`."""
    version: str
    """Empty where it is not told to strangers."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder."""

    uid: str
    title: str


@dataclass(frozen=True, slots=True)
class DataSource:
    """Where Grafana takes figures from."""

    uid: str
    name: str
    kind: str
    """`prometheus`."""
    url: str
    read_only: bool
    """It is provisioned from files."""


@dataclass(frozen=True, slots=True)
class StoredDashboard:
    """A dashboard as Grafana holds it."""

    uid: str
    folder: str
    """Uid of its folder; empty: the general one."""
    version: int
    provisioned: bool
    """It is provisioned from files, and can't be saved."""
    model: Mapping[str, Any]
    """Its JSON."""


@dataclass(frozen=True, slots=True)
class SavedDashboard:
    """What came of saving one."""

    uid: str
    version: int
    path: str
    """Its address within Grafana."""


@dataclass(frozen=True, slots=True)
class FoundDashboard:
    """A dashboard, as the search tells of it."""

    uid: str
    title: str
    folder: str
    """Uid of its folder; empty: the general one."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A mark on the time axis."""

    id: int
    begin: int
    """In milliseconds since the epoch."""
    end: int
    """In milliseconds since the epoch; as begin where it is a moment."""
    text: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublicDashboard:
    """What makes a dashboard visible to everybody who has its address."""

    uid: str
    access_token: str
    """The last part of its address: public, once somebody has it."""
    enabled: bool


class Grafana:
    """One Grafana. Each method asks it once (a read that failed in passing, again), and returns what it holds.

    All of them raise UnreachableError, WrongAnswerError or RefusedError (dashboards.failures), each with the cure, and
    WrongRequestError for a uid that can't be one.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def where(self) -> str:
        """Host and port, for a person."""
        return self._connection.where

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def health(self) -> Health:
        """Return how it is; also where its database fails, which it answers with status 503."""
        try:
            answer = self._object("GET", "health", "say how it is")
        except RefusedError as error:
            if error.status != FAILING or "database" not in error.answer:
                raise
            answer = error.answer
        return Health(str(answer.get("database", "")), str(answer.get("version", "")))

    def folder(self, uid: str) -> Folder | None:
        """Return a folder; None: there is none."""
        answer = self._maybe(f"folders/{_quoted(uid)}", f"show the folder {uid}")
        return None if answer is None else self._folder(answer)

    def create_folder(self, uid: str, title: str) -> Folder:
        """Make a folder. Raises ConflictError where one of that uid or title is there."""
        body = {"uid": _checked(uid), "title": title}
        return self._folder(self._object("POST", "folders", f"make the folder {title!r}", body))

    def data_source(self, uid: str) -> DataSource | None:
        """Return a data source; None: there is none."""
        answer = self._maybe(f"datasources/uid/{_quoted(uid)}", f"show the data source {uid}")
        return None if answer is None else self._data_source(answer)

    def create_data_source(self, settings: Mapping[str, Any]) -> DataSource:
        """Make a data source. Raises ConflictError where one of that uid or name is there."""
        _checked(str(settings.get("uid", "")))
        deed = f"make the data source {settings['uid']}"
        return self._data_source(self._part(self._object("POST", "datasources", deed, settings), "datasource"))

    def update_data_source(self, uid: str, settings: Mapping[str, Any]) -> DataSource:
        """Change a data source to *settings*."""
        answer = self._object("PUT", f"datasources/uid/{_quoted(uid)}", f"change the data source {uid}", settings)
        return self._data_source(self._part(answer, "datasource"))

    def dashboard(self, uid: str) -> StoredDashboard | None:
        """Return a dashboard; None: there is none."""
        answer = self._maybe(f"dashboards/uid/{_quoted(uid)}", f"show the dashboard {uid}")
        if answer is None:
            return None
        model, about = self._part(answer, "dashboard"), self._part(answer, "meta")
        version = self._number(model.get("version", about.get("version")))
        folder, provisioned = str(about.get("folderUid") or ""), bool(about.get("provisioned"))
        return StoredDashboard(uid, folder, version, provisioned, model)

    def save_dashboard(
        self, model: Mapping[str, Any], *, folder: str, message: str, overwrite: bool = False
    ) -> SavedDashboard:
        """Save the dashboard *model* into the *folder* of this uid; *message* goes into its history.

        Without *overwrite*, its `version` has to be the one that is there. Raises PreconditionFailedError where that is
        another, or where another dashboard of the same title is in the folder.
        """
        uid = _checked(str(model.get("uid", "")))
        body = {
            "dashboard": {**model, "id": None},
            "folderUid": _checked(folder),
            "message": message,
            "overwrite": overwrite,
        }
        answer = self._object("POST", "dashboards/db", f"save the dashboard {uid}", body)
        return SavedDashboard(uid, self._number(answer.get("version")), str(answer.get("url", "")))

    def dashboards_titled(self, title: str) -> list[FoundDashboard]:
        """Return the dashboards of exactly this title, in all folders that the token may see."""
        query = {"type": "dash-db", "query": title, "limit": MOST}
        found = self._list("search", "search its dashboards", query)
        return [
            FoundDashboard(str(hit.get("uid", "")), title, str(hit.get("folderUid") or ""))
            for hit in found
            if hit.get("title") == title
        ]

    def annotations(self, tags: Sequence[str], begin: int, end: int, limit: int = MOST) -> list[Annotation]:
        """Return the annotations with all of *tags* from *begin* to *end*, in milliseconds since the epoch."""
        query = {"from": begin, "to": end, "tags": list(tags), "limit": limit, "type": "annotation"}
        return [self._annotation(one) for one in self._list("annotations", "show its annotations", query)]

    def annotate(self, text: str, tags: Sequence[str], begin: int, end: int | None = None) -> int:
        """Make an annotation of the whole organisation, at *begin* or up to *end* (ms since the epoch); return its id.

        Grafana does not know whether it has it already: look for it first.
        """
        body = {"text": text, "tags": list(tags), "time": begin, **({} if end is None else {"timeEnd": end})}
        answer = self._object("POST", "annotations", "take an annotation", body)
        return self._number(answer.get("id"))

    def public_dashboard(self, uid: str) -> PublicDashboard | None:
        """Return what makes the dashboard *uid* public; None: nothing does, or this Grafana can't."""
        answer = self._maybe(_public(uid), f"show whether the dashboard {uid} is public")
        return None if answer is None else self._public_dashboard(answer)

    def publish(self, uid: str) -> PublicDashboard:
        """Make the dashboard *uid* visible to everybody who has its address.

        Raises NotFoundError where this Grafana has no public dashboards.
        """
        there, body = self.public_dashboard(uid), {"isEnabled": True}
        if there is not None and there.enabled:
            return there
        deed = f"make the dashboard {uid} public"
        if there is not None:
            return self._public_dashboard(self._object("PATCH", f"{_public(uid)}/{_quoted(there.uid)}", deed, body))
        try:
            return self._public_dashboard(self._object("POST", _public(uid), deed, {**body, "share": "public"}))
        except NotFoundError as error:
            message = (
                f"Grafana at {self.where} has no public dashboards: they come with Grafana 10, where its"
                " administrator has not switched them off (public_dashboards in grafana.ini); push without --public"
            )
            raise NotFoundError(message, error.status, error.answer) from error

    def _maybe(self, path: str, deed: str) -> Mapping[str, Any] | None:
        try:
            return self._object("GET", path, deed)
        except NotFoundError:
            return None

    def _object(self, method: str, path: str, deed: str, payload: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        answer = self._connection.ask(method, path, deed, payload)
        return answer if isinstance(answer, dict) else self._strange(deed)

    def _list(self, path: str, deed: str, query: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        answer = self._connection.ask("GET", path, deed, query)
        if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
            self._strange(deed)
        return list(answer)

    def _part(self, answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        part = answer.get(name)
        return part if isinstance(part, dict) else self._strange(f"say {name!r}")

    def _number(self, value: object) -> int:
        return value if isinstance(value, int) else self._strange("say a number where one is needed")

    def _strange(self, deed: str) -> NoReturn:
        message = (
            f"Grafana at {self.where} was asked to {deed}, and answers what no known version does: check the address"
        )
        raise WrongAnswerError(message)

    def _folder(self, answer: Mapping[str, Any]) -> Folder:
        return Folder(str(answer.get("uid", "")), str(answer.get("title", "")))

    def _data_source(self, answer: Mapping[str, Any]) -> DataSource:
        uid, name, kind, url = (str(answer.get(key, "")) for key in ("uid", "name", "type", "url"))
        return DataSource(uid, name, kind, url, bool(answer.get("readOnly")))

    def _annotation(self, answer: Mapping[str, Any]) -> Annotation:
        begin = self._number(answer.get("time"))
        tags = tuple(str(tag) for tag in answer.get("tags") or ())
        end = int(answer.get("timeEnd") or begin)
        return Annotation(self._number(answer.get("id")), begin, end, str(answer.get("text", "")), tags)

    def _public_dashboard(self, answer: Mapping[str, Any]) -> PublicDashboard:
        uid, token = str(answer.get("uid", "")), str(answer.get("accessToken", ""))
        return PublicDashboard(uid, token, bool(answer.get("isEnabled")))


def _public(uid: str) -> str:
    return f"dashboards/uid/{_quoted(uid)}/public-dashboards"


def _quoted(uid: str) -> str:
    return quote(_checked(uid), safe="")


def _checked(uid: str) -> str:
    """Return *uid*. Raises WrongRequestError where Grafana would not take it, or would take it for a path."""
    if UID.fullmatch(uid) is None:
        message = f"{uid!r} can't be a uid of Grafana: write one of at most 40 of A-Z, a-z, 0-9, _ and -"
        raise WrongRequestError(message)
    return uid
