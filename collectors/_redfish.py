"""A Redfish service, asked by somebody that it knows: one session for all questions, ended when it is closed.

A BMC allows few sessions at a time, and keeps each for half an hour: one a reading would lock everybody out. Where it
makes none (it knows none, or all are taken), name and password go with each question instead. A wrong password is tried
once, and not again before the collector is opened anew, for a BMC locks who guesses.

Source: DMTF, DSP0266 (Redfish Specification 1.20), section 13.3 (authentication); DSP0268, SessionService.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from collectors._http import Refusal
from collectors._meters import forbidden, inside, json_of
from monitor.collector import Reason, Retry, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from collectors._http import Client, Reply
    from monitor.collector import Meter

ROOT: Final = "/redfish/v1/"
SESSIONS: Final = "/redfish/v1/SessionService/Sessions"
MADE: Final = frozenset({200, 201})
UNKNOWN_CALLER: Final = 401
NO_RIGHT: Final = 403
MISSING: Final = frozenset({404, 405, 410, 501})


class Missing(Exception):  # noqa: N818 - an answer, not a fault
    """The service has no such resource."""


class Service:
    """The Redfish service of one BMC."""

    def __init__(self, client: Client, meter: Meter) -> None:
        """Ask by *client*, as the user that *meter* names; as nobody where it has no secret."""
        self._client = client
        self._meter = meter
        self._proof: Mapping[str, str] = {}
        self._session = ""

    def begin(self) -> None:
        """Begin a read: its time runs from now. Raises Retry where the BMC asked for a pause."""
        self._client.begin()

    def rest(self) -> None:
        """End a read; the session stays."""
        self._client.rest()

    def leave(self) -> None:
        """End the session, as far as the BMC can be reached."""
        session, proof = self._session, self._proof
        self._forget()
        if session:
            try:
                self._client.begin()
                self._client.send("DELETE", session, proof)
            except Retry:
                pass  # it ends by itself, after the time that the BMC gives it
        self._client.rest()

    def root(self) -> Mapping[str, object]:
        """Return what the service says of itself, which it says to everybody. Raises Missing, Retry, Unavailable."""
        return self._object(self._read(ROOT, {}))

    def get(self, path: str) -> Mapping[str, object]:
        """Return the resource at *path*. Raises Missing, Retry; Unavailable where the user is not known, or may not."""
        if self._meter.secret and not self._proof:
            self._enter()
        try:
            return self._object(self._read(path, self._proof))
        except Refusal as refusal:
            if not self._session:
                raise forbidden(self._meter) from refusal
        self._forget()  # it ran out, or the BMC began anew
        self._enter()
        try:
            return self._object(self._read(path, self._proof))
        except Refusal as refusal:
            raise forbidden(self._meter) from refusal

    def _read(self, path: str, proof: Mapping[str, str]) -> bytes:
        """Return what is at *path*. Raises Refusal where the caller is not known, Missing, Retry, Unavailable."""
        try:
            return self._client.read(path, proof)
        except Refusal as refusal:
            if refusal.status == UNKNOWN_CALLER:
                raise
            if refusal.status in MISSING:
                raise Missing(path) from refusal
            if refusal.status == NO_RIGHT:
                raise self._no_right() from refusal
            raise Retry(f"{refusal}: {self._client.again}") from refusal

    def _object(self, body: bytes) -> Mapping[str, object]:
        content = json_of(body, self._client)
        if not isinstance(content, dict):
            raise Retry(f"what {self._client.host} answers is no resource of Redfish: {self._client.again}")
        return content

    def _enter(self) -> None:
        """Have a session made. Raises Retry, Unavailable."""
        if not self._meter.user:
            what = f"the meter {self._meter.name} has a password, and no name that goes with it"
            raise Unavailable(Reason.FORBIDDEN, what, "set meter.user to a user of the BMC who may only read")
        sessions = _path_in(self.root(), "Links", "Sessions") or SESSIONS
        who = {"UserName": self._meter.user, "Password": self._meter.secret}
        reply = self._client.send("POST", sessions, content=who)
        if reply.status in {UNKNOWN_CALLER, NO_RIGHT}:
            raise forbidden(self._meter)
        token = reply.headers.get("X-Auth-Token", "")
        if reply.status in MADE and token and token.isascii() and token.isprintable():
            self._proof, self._session = {"X-Auth-Token": token}, _place_of(reply)
            return
        named = f"{self._meter.user}:{self._meter.secret}".encode()
        self._proof = {"Authorization": f"Basic {base64.b64encode(named).decode()}"}

    def _forget(self) -> None:
        self._proof, self._session = {}, ""

    def _no_right(self) -> Unavailable:
        who = f"{self._meter.user} may not read" if self._meter.secret else "nobody may read"
        what = f"the BMC {self._meter.name} says that {who} its power without more rights"
        return Unavailable(Reason.FORBIDDEN, what, "give that user the role ReadOnly in the BMC, or name another")


def link(content: object, *keys: str | int) -> str:
    """Return the path that the resource *content* links to at *keys*; empty where there is no link."""
    return _path_in(content, *keys)


def members(content: object) -> Sequence[str]:
    """Return the paths of the members of a collection, each of them once."""
    listed = inside(content, "Members")
    paths = [path for one in listed if (path := _path_in(one))] if isinstance(listed, list) else []
    return list(dict.fromkeys(paths))


def _path_in(content: object, *keys: str | int) -> str:
    return local(inside(content, *keys, "@odata.id"))


def local(address: object) -> str:
    """Return the path of *address* within the service, without what stands for a part of a page; empty: it is none."""
    if not isinstance(address, str) or not address.isascii() or not address.isprintable():
        return ""
    try:
        path = urlsplit(address).path
    except ValueError:
        return ""
    return path if path.startswith("/") and not path.startswith("//") else ""


def _place_of(reply: Reply) -> str:
    """Return where the session is that *reply* tells of, to end it; the place of all sessions where it does not say."""
    try:
        content: object = json.loads(reply.body)
    except (ValueError, RecursionError):
        content = None
    return local(reply.headers.get("Location", "")) or _path_in(content) or SESSIONS
