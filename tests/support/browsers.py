"""The browser under which pages are tried: Debian's Chromium, or Chrome."""

import shutil
from typing import Final

BROWSERS: Final = ("chromium", "google-chrome")


def browser() -> str | None:
    """Where it is installed, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)
