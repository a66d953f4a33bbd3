"""Hand one message to one server of mail (SMTP), encrypted, within limits, and say what became of it.

Mail goes through no proxy: HTTP proxies let none through. The password is read for each message, and is in no log.
Source: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 8314 (TLS from the beginning), RFC 4954 (AUTH).
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from monitor.adapters.connections import secret_line, tls_context
from monitor.collector import Outgoing, Unavailable
from monitor.config.email import Security
from monitor.core.delivery import Accepted, Failed

# What is imported within functions is slow to load, and most hosts never need it.
if TYPE_CHECKING:
    import smtplib
    import ssl
    from collections.abc import Sequence
    from email.message import EmailMessage

    from monitor.config.email import EmailTable

log = logging.getLogger(__name__)

PATIENCE: Final = 30.0
"""In seconds: for a connection, and for each answer. Servers that look a sender up take their time. Our choice."""
LONGEST_ANSWER: Final = 200
"""Of what a server says, in characters, that is told."""
FOR_GOOD: Final = range(500, 600)
"""Source: RFC 5321, section 4.2.1."""


class Mailer:
    """Sends by the server of *table*. Between two messages nothing stays open."""

    def __init__(self, table: EmailTable, outgoing: Outgoing | None = None, *, patience: float = PATIENCE) -> None:
        self._table = table
        self._outgoing = outgoing or Outgoing()
        self._patience = patience

    def send(self, message: EmailMessage, to: Sequence[str]) -> Accepted | Failed:
        """Send *message* to all of *to*. Accepted: one of them at least has it; who does not is told in the log."""
        import smtplib  # noqa: PLC0415 - see above

        try:
            secret = self._secret()
            context = tls_context(self._outgoing.certificates)
        except Unavailable as error:
            return Failed(f"{error.what}: {error.cure}")
        try:
            refused = self._sent(message, to, secret, context)
        except smtplib.SMTPException as error:
            return self._failed(error)
        except UnicodeEncodeError:
            # smtplib sends no others
            return Failed("the name or the password for the server of mail is not ASCII: choose one that is")
        except OSError as error:
            return Failed(f"{self._table.host} {_meaning(error)}")
        for who, (status, answer) in sorted(refused.items()):
            log.warning("%s does not take mail for %s (%d %s)", self._table.host, who, status, _told(answer))
        return Accepted()

    def _secret(self) -> str:
        file = self._table.password_file
        return "" if file is None else secret_line(file, "password for the server of mail")

    def _sent(
        self, message: EmailMessage, to: Sequence[str], secret: str, context: ssl.SSLContext
    ) -> dict[str, tuple[int, bytes]]:
        """Send it; return who does not get it, and why. Raises SMTPException, OSError."""
        server = self._connected(context)
        try:
            if self._table.security is Security.STARTTLS:
                server.starttls(context=context)
            if self._table.user:
                server.login(self._table.user, secret)
            return server.send_message(message, self._table.sender, list(to))
        finally:
            import smtplib  # noqa: PLC0415 - see above

            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _connected(self, context: ssl.SSLContext) -> smtplib.SMTP:
        import smtplib  # noqa: PLC0415 - see above

        where = self._table.host, self._table.actual_port
        if self._table.security is Security.TLS:
            return smtplib.SMTP_SSL(*where, timeout=self._patience, context=context)
        return smtplib.SMTP(*where, timeout=self._patience)

    def _failed(self, error: smtplib.SMTPException) -> Failed:
        """Return what *error* means. What a server refuses of the message itself is refused for good."""
        import smtplib  # noqa: PLC0415 - see above

        host = self._table.host
        match error:
            case smtplib.SMTPRecipientsRefused():
                answers = list(error.recipients.values())
                final = all(status in FOR_GOOD for status, _ in answers)
                return Failed(f"{host} takes mail for none of those it is for ({_answer(*answers[0])})", final)
            case smtplib.SMTPSenderRefused() | smtplib.SMTPDataError():
                final = error.smtp_code in FOR_GOOD
                return Failed(f"{host} does not take the message ({_answer(error.smtp_code, error.smtp_error)})", final)
        return Failed(f"{host} {_of_the_server(error)}")


def _of_the_server(error: smtplib.SMTPException) -> str:
    """Return what *error* means, where it is not about the message."""
    import smtplib  # noqa: PLC0415 - see above

    match error:
        case smtplib.SMTPAuthenticationError():
            return "takes neither name nor password: correct email.user and email.password_file"
        case smtplib.SMTPNotSupportedError():
            return f"does not offer what is asked of it ({_told(str(error))}): check email.security and email.user"
        case smtplib.SMTPServerDisconnected():
            return "broke off the connection: check email.port and email.security"
        case smtplib.SMTPResponseException():
            return f"does not work as it should ({_answer(error.smtp_code, error.smtp_error)})"
    return "answers something that is no SMTP: check email.port and email.security"


def _answer(status: int, answer: bytes | str) -> str:
    return f"{status} {_told(answer)}".rstrip()


def _told(answer: bytes | str) -> str:
    """Return what a server said, on one line and no longer than a line."""
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return "".join(one if one.isprintable() else " " for one in " ".join(text.split()))[:LONGEST_ANSWER]


def _meaning(error: OSError) -> str:
    import socket  # noqa: PLC0415 - see above
    import ssl  # noqa: PLC0415 - see above

    match error:
        case ssl.SSLCertVerificationError():
            return "shows a certificate that is not trusted: name the file of its authority in network.certificates"
        case ssl.SSLError():
            return "does not speak TLS as it is asked to: check email.port and email.security"
        case TimeoutError():
            return "did not answer in time"
        case socket.gaierror():
            return "has no address that is known here: check how email.host is written"
    return "can't be reached: check email.host and email.port, and that it runs"
