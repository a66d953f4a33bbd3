"""What can go wrong with Grafana: a type for each kind, one sentence with the cure in each. None holds the token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST: Final = 200
"""How much of Grafana's own words is repeated, in characters. Our choice."""
UNAUTHORISED: Final = 401
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
CONFLICT: Final = 409
PRECONDITION_FAILED: Final = 412
TOO_MANY: Final = 429
SERVER_ERRORS: Final = range(500, 600)

CURES: Final[Mapping[int, str]] = {
    UNAUTHORISED: "it does not know the token: make a new one for its service account (Administration, Service"
    " accounts), and put it into the token's file",
    FORBIDDEN: "the token does not allow it: give its service account the role Editor, or Admin where data sources or"
    " public dashboards are to be written",
    NOT_FOUND: "it has no such thing: check the address, and that nobody removed it meanwhile",
    CONFLICT: "something with that name or uid is there already: rename or remove it, or choose another",
    PRECONDITION_FAILED: "something else of that name is there: rename or remove it, then do this again",
    TOO_MANY: "it is asked too often: do this again in a minute",
}
"""What helps, by status. Source of the statuses: Grafana 9.4 and 13, HTTP API, dashboard, folder, data source."""
CURES_OF_STATUS: Final[Mapping[str, str]] = {
    "name-exists": "another dashboard of that title is in the folder: rename or remove that one, then do this again",
    "version-mismatch": "somebody saved it meanwhile: do this again, to see what was changed",
}
"""What helps, by the word that Grafana sends with 412. Source: Grafana 9.4, HTTP API, dashboard, status codes."""


class GrafanaError(Exception):
    """Grafana did not do what it was asked. The text is one sentence, with the cure."""


class UnreachableError(GrafanaError):
    """No answer came: Grafana is down, slow, elsewhere, behind a proxy, or shows a certificate that is not trusted."""


class WrongAnswerError(GrafanaError):
    """What answered is not Grafana's HTTP API: a login page, a redirect, something that is no JSON."""


class WrongRequestError(GrafanaError):
    """What was asked for can't be: a uid that Grafana would not take, an address that is none."""


class NotPushedError(GrafanaError):
    """Nothing was written, and nothing can be: the text says why, and what helps."""


class RefusedError(GrafanaError):
    """Grafana said no."""

    def __init__(self, sentence: str, status: int, answer: Mapping[str, Any]) -> None:
        super().__init__(sentence)
        self.status = status
        """Of HTTP."""
        self.answer = answer
        """What it said, where that was an object of JSON; else empty."""

    @property
    def reason(self) -> str:
        """Grafana's own word for it, `version-mismatch`; empty where it gives none."""
        return str(self.answer.get("status", ""))


class NotFoundError(RefusedError):
    """There is no such thing (404)."""


class ConflictError(RefusedError):
    """There is such a thing already (409)."""


class PreconditionFailedError(RefusedError):
    """It is not as it should be to be changed (412): another version, another of the same name."""


KINDS: Final[Mapping[int, type[RefusedError]]] = {
    NOT_FOUND: NotFoundError,
    CONFLICT: ConflictError,
    PRECONDITION_FAILED: PreconditionFailedError,
}


def refusal(where: str, deed: str, status: int, answer: Mapping[str, Any], secret: str) -> RefusedError:
    """Return what it means that Grafana at *where* answers the *deed* with *status*; *secret* is never repeated."""
    said = short(answer.get("message", ""), secret)
    told = f"{status}: {said}" if said else f"status {status}"
    cure = _cure(status, str(answer.get("status", "")), said)
    return KINDS.get(status, RefusedError)(f"Grafana at {where} will not {deed} ({told}): {cure}", status, answer)


def short(said: object, secret: str) -> str:
    """Return what a server *said* in one line of printable text, not too long, without the *secret*."""
    line = " ".join(str(said).split()).replace(secret, "***") if secret else " ".join(str(said).split())
    line = "".join(character for character in line if character.isprintable()).rstrip(".")
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."


def _cure(status: int, reason: str, said: str) -> str:
    if "provisioned" in said.lower():
        return "it comes from files on Grafana's machine: change it there, or take it out of them first"
    if reason in CURES_OF_STATUS:
        return CURES_OF_STATUS[reason]
    if status in CURES:
        return CURES[status]
    if status in SERVER_ERRORS:
        return "its log says why; do this again when it is well"
    return "change what it complains of; if Empreinte made that, please report it with this sentence"
