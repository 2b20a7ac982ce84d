"""A real Chromium, if this machine has one."""

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """The browser's path."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def is_required() -> bool:
    """Whether a missing browser is a failure."""
    return os.environ.get("DESK_REQUIRE_BROWSER") == "1"
