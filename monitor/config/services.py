"""Services, as the file names them."""

from dataclasses import dataclass
from typing import Annotated

from monitor.config import values
from monitor.config.activity import ActivityTable
from monitor.config.intake import EventsTable
from monitor.config.tables import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchTable:
    """How a service is recognised: one of these."""

    systemd: Annotated[str, Key("Name of its systemd unit, a glob.", values.systemd_unit, '"vllm.service"')] = ""
    container: Annotated[str, Key("Id of its container, or the beginning of it.", values.text, '"3f9a1c0b7e52"')] = ""
    pod: Annotated[str, Key("Uid of its pod, a glob.", values.text, '"7b0a5cde-*"')] = ""
    cgroup: Annotated[
        str, Key("Path of its control group below the root of the hierarchy, a glob.", values.text, '"/ia.slice/*"')
    ] = ""
    process: Annotated[
        str,
        Key("Regular expression searched for in the command line.", values.expression, '"llama-server .*--port 8080"'),
    ] = ""
    port: Annotated[int | None, Key("Port it listens on.", values.port, "8000")] = None
    virtual_machine: Annotated[
        str, Key("Name of the virtual machine, as libvirt has it; with Proxmox VE, its number.", values.text, '"web"')
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTable:
    """A service, as the file names it. Services that are not named are discovered."""

    key: Annotated[str, Key("Stable short name, in every series and report.", values.service_key, '"assistant"')]
    name: Annotated[str, Key("Name for people.", values.text, '"Assistant rédactionnel"', unset="the key")] = ""
    department: Annotated[str, Key("Department it works for.", values.text, '"Communication"', unset="none")] = ""
    contract: Annotated[str, Key("Contract it belongs to.", values.text, '"2026-DSI-042"', unset="none")] = ""
    was: Annotated[
        tuple[str, ...],
        Key("Keys it had before, whose history it carries on.", values.service_keys, '["old-key"]'),
    ] = ()
    activity: Annotated[
        ActivityTable | None,
        Key(
            "Metrics page on which it tells what it does.",
            ActivityTable,
            '{ url = "http://127.0.0.1:8000/metrics" }',
            unset="found, where it is a known server that listens on this machine",
        ),
    ] = None
    events: Annotated[
        EventsTable | None,
        Key(
            "Which events from outside are its own, beside those that name it.",
            EventsTable,
            '{ models = ["mistral-small*"], sources = ["litellm"] }',
            unset="those that name it",
        ),
    ] = None
