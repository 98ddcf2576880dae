"""The browser, for the few portals whose list exists only after scripts ran.

Found in this order: the variable MINGCHA_BROWSER, Playwright's own download, a browser of the system. Without one, such
portals are reported as not looked at; nothing crashes.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

_NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
)
_ARGUMENTS = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
_START_MS = 90_000  # a browser's start on a busy machine
_NOWHERE = {"server": "http://127.0.0.1:9", "bypass": "<-loopback>"}  # the browser has no network of its own


def find_browser() -> str | None:
    """The executable to use, or None when this machine has none."""
    named = os.environ.get("MINGCHA_BROWSER", "").strip()
    if named:
        return named if Path(named).exists() else shutil.which(named)
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    for pattern in ("chromium_headless_shell-*/*/*headless*shell", "chromium-*/*/chrome"):
        own = sorted(path for path in cache.glob(pattern) if os.access(path, os.X_OK))
        if own:
            return str(own[-1])
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def settings_of(executable: str, timeout_s: float) -> dict[str, Any]:
    """Scrapy's settings for a browser look."""
    return {
        "PLAYWRIGHT_BROWSER_TYPE": "chromium",
        "PLAYWRIGHT_BROWSER_PROVIDER": "crawler.browser_transport.SharedBrowser",
        "PLAYWRIGHT_LAUNCH_OPTIONS": {
            "executable_path": executable, "headless": True, "args": _ARGUMENTS, "proxy": _NOWHERE,
            "timeout": _START_MS,
        },
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": timeout_s * 1000,
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 4,
    }  # fmt: skip


def in_browser(*, picture: bool = False) -> dict[str, Any]:
    """A request's meta that has it opened in the browser; `picture`: what a visitor sees is kept as well."""
    return {"playwright": True, "picture": picture}
