"""Who is told otherwise than by webhook: by e-mail, by marks in Grafana, as it is configured."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING
from urllib.parse import quote

from monitor.config import Language
from monitor.subscriber import GRAFANA, GROUP

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.notify.delivery import Post
    from monitor.notify.letters import Writer
    from monitor.notify.mailing import Mail
    from monitor.notify.marks import Marks
    from monitor.subscriber import Bringer


def mail_of(config: Config) -> Mail | None:
    """Return what goes out by e-mail under *config*; None where nothing does."""
    if not config.email.host:
        return None
    from monitor.notify.mailing import Mail  # noqa: PLC0415 - most hosts send none

    return Mail(config.email, writer_of(config), config.network.outgoing)


def posts_of(config: Config) -> tuple[Post, ...]:
    """Return all that is told otherwise than by webhook under *config*."""
    return tuple(post for post in (mail_of(config), marks_of(config)) if post is not None)


def marks_of(config: Config) -> Marks | None:
    """Return what is marked in Grafana under *config*; None where nothing is."""
    if not config.grafana.annotations:
        return None
    from monitor.notify.marks import Marks  # noqa: PLC0415 - most hosts mark nothing

    return Marks(
        config.grafana,
        config.network.outgoing,
        _bringer,
        source=source_of(config),
        language=config.grafana.language or config.organisation.language,
        zone=config.organisation.timezone,
    )


def _bringer() -> Bringer:
    """Return what marks events in Grafana. Raises whatever the package that brings it may raise."""
    found = entry_points(group=GROUP, name=GRAFANA)
    if not found:
        raise LookupError("it is not installed")
    bringer: Bringer = next(iter(found)).load()
    return bringer


def source_of(config: Config) -> str:
    """Return what events come from, a reference: `/ia-01`."""
    return f"/{quote(config.host.name, safe='')}"


def writer_of(config: Config) -> Writer:
    """Return who writes to the people of *config*."""
    from monitor.notify.letters import Writer  # noqa: PLC0415 - as above
    from monitor.wording import words  # noqa: PLC0415 - as above

    language = Language(config.email.language or config.organisation.language)
    told = words("monitor.notify", language)
    return Writer(config.email, told, config.organisation.timezone, config.host.name, config.organisation.name)
