"""Where packages are kept from one run to the next: files that name their content, in a folder of the user's.

(XDG Base Directory Specification: ``XDG_CACHE_HOME``, else ``~/.cache``). Nothing is left in a temporary folder by a
process that is killed, and a second deployment builds nothing anew. What nobody used for a month is removed.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

_MONTH = 30 * 86_400.0


def packages() -> Path | None:
    """Return the folder of the packages, made if need be; None where the user has no folder to write to."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    try:
        base = Path(given) if given.startswith("/") else Path.home() / ".cache"
        place = base / "multi-region-recovery" / "packages"
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return place if os.access(place, os.W_OK | os.X_OK) else None


def sweep(place: Path, used: Iterable[Path], now: float | None = None) -> None:
    """Note that these files were used, and remove what nobody used for a month: old packages, halves of builds."""
    last = (time.time() if now is None else now) - _MONTH
    with contextlib.suppress(OSError):
        for each in used:
            os.utime(each)
    with contextlib.suppress(OSError):
        for each in place.iterdir():
            if ".zip" in each.name and each.stat().st_mtime < last:
                each.unlink(missing_ok=True)
