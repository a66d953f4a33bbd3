"""Debian's Chromium without a window: what a page looks like, and what it says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FLAGS: Final = (
    "--headless",
    "--no-sandbox",  # it has none for root
    "--disable-gpu",
    "--hide-scrollbars",
    # no traffic of its own: only the page's
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TIME_LIMIT: Final = 90.0


@dataclass(frozen=True, slots=True)
class Browser:
    """How the page is opened: size of the window in CSS pixels, language, with or without scripts, dark or light."""

    width: int = 1280
    height: int = 900
    language: str = "en"
    scripts: bool = True
    dark: bool = False
    zoom: float = 1.0

    def screenshot(self, url: str, picture: Path) -> Path:
        """Write what the window shows of *url* to *picture*, a PNG file; return its path."""
        self._run(f"--screenshot={picture}", url)
        assert picture.exists(), f"no picture of {url}"
        return picture

    def dom(self, url: str) -> str:
        """Return the document of *url* as HTML, after its scripts have run."""
        return self._run("--dump-dom", url)

    def _run(self, *arguments: str) -> str:
        with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
            if not self.scripts:
                _refuse_scripts(Path(profile))
            command = ["chromium", *FLAGS, f"--user-data-dir={profile}", *self._appearance(), *arguments]
            return _finished(command, environment={**os.environ, "HOME": profile, "LANGUAGE": self.language})

    def _appearance(self) -> list[str]:
        return [
            f"--window-size={self.width},{self.height}",
            f"--force-device-scale-factor={self.zoom}",
            f"--lang={self.language}",
            f"--accept-lang={self.language}",
            *(["--blink-settings=preferredColorScheme=0"] if self.dark else []),
        ]


def _refuse_scripts(profile: Path) -> None:
    """Set it so for pages only: Chromium takes its pictures by scripts of its own, which a switch would stop too."""
    preferences = {"profile": {"default_content_setting_values": {"javascript": 2}}}
    (profile / "Default").mkdir()
    (profile / "Default/Preferences").write_text(json.dumps(preferences))


def _finished(command: list[str], environment: dict[str, str]) -> str:
    """Run a program to its end; return its standard output. Its processes are ended, whatever happens."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    try:
        said, complaints = process.communicate(timeout=TIME_LIMIT)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert process.returncode == 0, f"chromium ended with {process.returncode}: {complaints}"
    return said
