"""This file is a server of mail: a real one on loopback that takes messages well or badly."""

from __future__ import annotations

from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.parts.loopback import LOOPBACK, free_port

if TYPE_CHECKING:
    import ssl
    from email.message import EmailMessage
    from types import TracebackType


@dataclass
class Postbox:
    """Keeps what it takes. `answers` are said instead, one for each message that is handed over."""

    context: ssl.SSLContext | None = None
    starttls: bool = False
    """Encrypt when asked to, and take nothing before; else, with a context, from the beginning."""
    credentials: tuple[str, str] | None = None
    answers: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    """Who has no mailbox here."""
    port: int = field(default_factory=free_port)
    taken: list[EmailMessage] = field(default_factory=list)
    rcpt: list[list[str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        options: dict[str, Any] = {}
        if self.credentials is not None:
            options |= {"authenticator": self._known, "auth_required": True, "auth_require_tls": self.starttls}
        if self.starttls:
            options |= {"tls_context": self.context, "require_starttls": True}
        elif self.context is not None:
            options |= {"ssl_context": self.context}
        self._controller = Controller(self, hostname=LOOPBACK, port=self.port, **options)
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    async def handle_RCPT(self, _: object, __: object, envelope: Any, address: str, ___: object) -> str:  # noqa: N802 - aiosmtpd's names
        """Take mail for whoever has a mailbox."""
        if address in self.unknown:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: object, __: object, envelope: Any) -> str:  # noqa: N802 - as above
        """Take a message, or say what is to be said."""
        if self.answers:
            return self.answers.pop(0)
        self.taken.append(message_from_bytes(envelope.content, policy=default))
        self.rcpt.append(list(envelope.rcpt_tos))
        return "250 OK"

    def _known(self, _: object, __: object, ___: object, ____: object, data: Any) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.credentials, handled=False)
