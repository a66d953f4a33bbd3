"""Who is written to by e-mail, as it is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.config import Language

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.notify.delivery import Post
    from monitor.notify.letters import Writer
    from monitor.notify.mailing import Mail


def mail_of(config: Config) -> Mail | None:
    """Return what goes out by e-mail under *config*; None where nothing does."""
    if not config.email.host:
        return None
    from monitor.notify.mailing import Mail  # noqa: PLC0415 - most hosts send none

    return Mail(config.email, writer_of(config), config.network.outgoing)


def posts_of(config: Config) -> tuple[Post, ...]:
    """Return all that is told otherwise than by webhook under *config*."""
    mail = mail_of(config)
    return () if mail is None else (mail,)


def writer_of(config: Config) -> Writer:
    """Return who writes to the people of *config*."""
    from monitor.notify.letters import Writer  # noqa: PLC0415 - as above
    from monitor.wording import words  # noqa: PLC0415 - as above

    language = Language(config.email.language or config.organisation.language)
    told = words("monitor.notify", language)
    return Writer(config.email, told, config.organisation.timezone, config.host.name, config.organisation.name)
