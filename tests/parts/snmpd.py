"""Debian's agent of SNMP on loopback, whose figures under enterprises are what a test puts in files."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

from tests.parts.child import Child, Server
from tests.parts.loopback import LOOPBACK, free_port

if TYPE_CHECKING:
    from pathlib import Path

COMMUNITY: Final = "c0mmunity"
USER: Final = "monitor"
PASSPHRASE: Final = 'a "passphrase" # of 26'  # noqa: S105 - it opens nothing
ENTERPRISES: Final = ".1.3.6.1.4.1"
SCRIPT: Final = """
while read -r word; do
    case $word in
    PING) echo PONG ;;
    get) read -r oid; if [ -f "{tree}/$oid" ]; then echo "$oid"; cat "{tree}/$oid"; else echo NONE; fi ;;
    getnext) read -r oid; echo NONE ;;
    set) read -r oid; read -r value; echo not-writable ;;
    esac
done
"""
"""What the agent asks, and runs as long as itself: by `pass` an answer stands for 30 s. Source: snmpd.conf(5)."""
QUIET: Final = ("-Lo", "-C", "-f")


class Snmpd(Server):
    """An agent that a community (version 2c) and a user (version 3) may read."""

    def __init__(self, directory: Path, port: int | None = None, secret: str = PASSPHRASE) -> None:
        self.port = port or free_port()
        self.url = f"snmp://{LOOPBACK}:{self.port}"
        self._tree = directory / "tree"
        self._tree.mkdir(parents=True, exist_ok=True)
        script = directory / "answer.sh"
        script.write_text(SCRIPT.format(tree=self._tree))
        quoted = secret.replace('"', '\\"')
        configuration = directory / "snmpd.conf"
        configuration.write_text(
            f"agentaddress udp:{LOOPBACK}:{self.port}\nrocommunity {COMMUNITY}\n"
            f'createUser {USER} SHA "{quoted}" AES "{quoted}"\nrouser {USER} authPriv\n'
            f"pass_persist {ENTERPRISES} /bin/sh {script}\n"
        )
        places = {"SNMP_PERSISTENT_DIR": f"{directory / 'state'}", "MIBS": ""}
        self.child = Child(["snmpd", *QUIET, "-c", configuration], directory / "snmpd.log", environment=places)

    def show(self, oid: str, kind: str, value: object) -> None:
        """Have it show *value* at *oid*, a type as snmpd.conf(5) names it: gauge, counter, integer, string."""
        whole = self._tree / "new"
        whole.write_text(f"{kind}\n{value}\n")
        whole.rename(self._tree / f".{oid}")

    def is_ready(self) -> bool:
        """Whether it answers."""
        words = ["snmpget", "-v2c", "-c", COMMUNITY, "-t", "0.2", "-r", "0", f"{LOOPBACK}:{self.port}"]
        uptime = "1.3.6.1.2.1.1.3.0"
        return subprocess.run([*words, uptime], capture_output=True, check=False).returncode == 0
