"""This file knows what Grafana holds and what it refuses, with its statuses and its words.

Facts: operations of Grafana 9.4 (errors of dashboards, folders, data sources) and of 13.0.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
SHORTEST_REFRESH: Final = 5
SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
WRITERS: Final = ("Editor", "Admin")

Query = dict[str, list[str]]
Content = dict[str, Any]


class Refusal(Exception):  # noqa: N818 - it is an answer
    """Grafana says no: the status of HTTP (`code`), and what it says with it (`content`)."""

    def __init__(self, code: int, message: str, /, **more: object) -> None:
        super().__init__(message)
        self.code = code
        self.content = {"message": message, **more}


class Store:
    """Folders, dashboards, data sources, annotations and public dashboards of one organisation."""

    def __init__(self, *, public: bool, migrates: bool) -> None:
        self.folders: dict[str, Content] = {}
        self.dashboards: dict[str, Content] = {}
        self.data_sources: dict[str, Content] = {}
        self.annotations: list[Content] = []
        self.publics: dict[str, Content] = {}
        self.failing = False
        """Whether its database fails."""
        self._public = public
        self._migrates = migrates
        self._last_id = 0

    def does(self, role: str, method: str, path: str, query: Query, content: Content) -> object:
        """Return the answer to a request of somebody who has this *role*. Raises Refusal."""
        for pattern, operation in self._operations().items():
            wanted, _, rest = pattern.partition(" ")
            match = re.fullmatch(rest, path)
            if wanted == method and match is not None:
                if not _allowed(role, method, path):
                    raise Refusal(
                        403,
                        "You'll need additional permissions to perform this action.",
                        title="Access denied",
                        accessErrorId="ACE0000000001",
                    )
                return operation(match.groups(), query, content)
        raise Refusal(404, "Not found")

    def edit(self, uid: str, change: Callable[[Content], None]) -> None:
        """Have a person change the JSON of a dashboard, and save it."""
        stored = self.dashboards[uid]
        change(stored["model"])
        stored["version"] += 1

    def provision(self, uid: str, model: Mapping[str, Any]) -> None:
        """Have a dashboard that comes from files."""
        self.dashboards[uid] = self._new(model=dict(model), folder="", version=1, provisioned=True)

    def _operations(self) -> dict[str, Callable[[tuple[str, ...], Query, Content], object]]:
        public = "/api/dashboards/uid/([^/]+)/public-dashboards"
        return {
            "GET /api/health": self._health,
            "GET /api/folders/([^/]+)": self._folder,
            "POST /api/folders": self._create_folder,
            "PUT /api/folders/([^/]+)": self._update_folder,
            "GET /api/datasources/uid/([^/]+)": self._data_source,
            "POST /api/datasources": self._create_data_source,
            "PUT /api/datasources/uid/([^/]+)": self._update_data_source,
            "GET /api/dashboards/uid/([^/]+)": self._dashboard,
            "POST /api/dashboards/db": self._save_dashboard,
            "GET /api/search": self._search,
            "GET /api/annotations": self._annotations,
            "POST /api/annotations": self._annotate,
            f"GET {public}": self._public_dashboard,
            f"POST {public}": self._create_public,
            f"PATCH {public}/([^/]+)": self._update_public,
        }

    def _new(self, **content: object) -> Content:
        self._last_id += 1
        return {"id": self._last_id, **content}

    def _health(self, _: tuple[str, ...], __: Query, ___: Content) -> object:
        if self.failing:
            refusal = Refusal(503, "")
            refusal.content = {"database": "failing"}
            raise refusal
        return {"commit": "abcdef", "database": "ok", "version": "13.0.1", "enterpriseCommit": "", "apiserver": "ok"}

    def _folder(self, names: tuple[str, ...], _: Query, __: Content) -> Content:
        if names[0] not in self.folders:
            raise Refusal(404, "folder not found", status="not-found")
        return self.folders[names[0]]

    def _create_folder(self, _: tuple[str, ...], __: Query, content: Content) -> object:
        uid, title = content["uid"], content["title"]
        if not title:
            raise Refusal(400, "folder title cannot be empty")
        if UID.fullmatch(uid) is None:
            raise Refusal(400, "uid contains illegal characters")
        if uid in self.folders or any(folder["title"] == title for folder in self.folders.values()):
            raise Refusal(409, "a folder with the same name already exists in the current location")
        self.folders[uid] = self._new(uid=uid, title=title, version=1, canSave=True, parentUid="")
        return self.folders[uid]

    def _update_folder(self, names: tuple[str, ...], query: Query, content: Content) -> object:
        folder = self._folder(names, query, content)
        if not content.get("overwrite") and content.get("version") != folder["version"]:
            raise Refusal(412, "the folder has been changed by someone else", status="version-mismatch")
        folder.update(title=content["title"], version=folder["version"] + 1)
        return folder

    def _data_source(self, names: tuple[str, ...], _: Query, __: Content) -> Content:
        if names[0] not in self.data_sources:
            raise Refusal(404, "Data source not found")
        return self.data_sources[names[0]]

    def _create_data_source(self, _: tuple[str, ...], __: Query, content: Content) -> object:
        taken = {one[key] for one in self.data_sources.values() for key in ("uid", "name")}
        if content["uid"] in taken or content["name"] in taken:
            raise Refusal(409, "data source with the same name already exists")
        made = self._new(**content, readOnly=False, orgId=1)
        self.data_sources[content["uid"]] = made
        return {"datasource": made, "id": made["id"], "message": "Datasource added", "name": made["name"]}

    def _update_data_source(self, names: tuple[str, ...], query: Query, content: Content) -> object:
        there = self._data_source(names, query, content)
        if there["readOnly"]:
            raise Refusal(403, "Cannot update read-only data source")
        there.update(content)
        return {"datasource": there, "id": there["id"], "message": "Datasource updated", "name": there["name"]}

    def _dashboard(self, names: tuple[str, ...], _: Query, __: Content) -> object:
        stored = self._stored(names[0])
        model = {**copy.deepcopy(stored["model"]), "id": stored["id"], "version": stored["version"]}
        if self._migrates:
            model["schemaVersion"] = 42
            for panel in model["panels"]:
                panel["pluginVersion"] = "13.0.1"
        folder = self.folders.get(stored["folder"], {})
        about = {
            "slug": "x",
            "version": stored["version"],
            "folderUid": stored["folder"],
            "folderTitle": folder.get("title", "General"),
            "provisioned": stored["provisioned"],
        }
        return {"dashboard": model, "meta": about}

    def _save_dashboard(self, _: tuple[str, ...], __: Query, content: Content) -> object:
        model, folder, overwrite = content["dashboard"], content["folderUid"], content["overwrite"]
        uid = model["uid"]
        self._check(model, folder)
        there = self.dashboards.get(uid)
        if there and not overwrite and model.get("version") != there["version"]:
            raise Refusal(412, "The dashboard has been changed by someone else", status="version-mismatch")
        same = [
            other
            for other, one in self.dashboards.items()
            if other != uid and one["folder"] == folder and one["model"]["title"] == model["title"]
        ]
        if same and not overwrite:
            message = "A dashboard with the same name in the folder already exists"
            raise Refusal(412, message, status="name-exists")
        for other in same:
            # as the real one does: what is overwritten is the dashboard of that title
            del self.dashboards[other]
        stored = there or self._new(version=0, provisioned=False)
        kept = {name: value for name, value in model.items() if name not in {"id", "version"}}
        stored.update(model=kept, folder=folder, version=stored["version"] + 1, message=content["message"])
        self.dashboards[uid] = stored
        return {
            "id": stored["id"],
            "uid": uid,
            "url": f"/d/{uid}/x",
            "status": "success",
            "version": stored["version"],
            "slug": "x",
        }

    def _check(self, model: Content, folder: str) -> None:
        if not model["title"]:
            raise Refusal(400, "Dashboard title cannot be empty", status="empty-name")
        if UID.fullmatch(model["uid"]) is None:
            raise Refusal(400, "uid contains illegal characters or is too long")
        refresh = re.fullmatch(r"(\d+)([smhd])", model.get("refresh") or "1d")
        if refresh is None or int(refresh[1]) * SECONDS[refresh[2]] < SHORTEST_REFRESH:
            raise Refusal(400, "Dashboard refresh interval is too low")
        if self.dashboards.get(model["uid"], {}).get("provisioned"):
            raise Refusal(400, "Cannot save provisioned dashboard")
        if folder not in self.folders:
            raise Refusal(404, "folder not found", status="not-found")

    def _stored(self, uid: str) -> Content:
        if uid not in self.dashboards:
            raise Refusal(404, "Dashboard not found", status="not-found")
        return self.dashboards[uid]

    def _search(self, _: tuple[str, ...], query: Query, __: Content) -> object:
        wanted = query.get("query", [""])[0].lower()
        return [
            {"id": one["id"], "uid": uid, "title": one["model"]["title"], "type": "dash-db", "tags": []}
            | ({"folderUid": one["folder"]} if one["folder"] else {})
            for uid, one in self.dashboards.items()
            if wanted in one["model"]["title"].lower()
        ]

    def _annotations(self, _: tuple[str, ...], query: Query, __: Content) -> object:
        begin, end = int(query["from"][0]), int(query["to"][0])
        tags = set(query.get("tags", []))
        found = [
            one
            for one in self.annotations
            if one["time"] <= end and one["timeEnd"] >= begin and tags <= set(one["tags"])
        ]
        return found[::-1][: int(query.get("limit", ["100"])[0])]

    def _annotate(self, _: tuple[str, ...], __: Query, content: Content) -> object:
        if not content["text"]:
            raise Refusal(400, "Failed to save annotation: text field should not be empty")
        made = self._new(**{"timeEnd": content["time"], **content}, dashboardUID="")
        self.annotations.append(made)
        return {"id": made["id"], "message": "Annotation added"}

    def _public_dashboard(self, names: tuple[str, ...], _: Query, __: Content) -> Content:
        if not self._public:
            raise Refusal(404, "Not found")
        if names[0] not in self.publics:
            raise Refusal(404, "Dashboard not found", messageId="publicdashboards.notFound", statusCode=404)
        return self.publics[names[0]]

    def _create_public(self, names: tuple[str, ...], _: Query, content: Content) -> object:
        if not self._public:
            raise Refusal(404, "Not found")
        self._stored(names[0])
        if names[0] in self.publics:
            raise Refusal(
                400, "Dashboard already has a public dashboard", messageId="publicdashboards.dashboardIsPublic"
            )
        self.publics[names[0]] = self._new(
            uid=f"public{len(self.publics)}", dashboardUid=names[0], accessToken=f"{len(self.publics):032x}", **content
        )
        return self.publics[names[0]]

    def _update_public(self, names: tuple[str, ...], query: Query, content: Content) -> object:
        there = self._public_dashboard(names, query, content)
        if there["uid"] != names[1]:
            raise Refusal(404, "Public dashboard not found", messageId="publicdashboards.notFound")
        there.update(content)
        return there


def _allowed(role: str, method: str, path: str) -> bool:
    """Return whether somebody of this *role* may; data sources are the administrators', also to look at."""
    if method == "GET":
        return role == "Admin" or "datasources" not in path
    return role in (("Admin",) if "datasources" in path or "public-dashboards" in path else WRITERS)
