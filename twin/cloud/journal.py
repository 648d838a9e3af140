"""What happened in the local cloud, in order, for the time line of a drill.

Every part writes here what a reader of the report must know: a function that ended, an alarm that changed, a check,
a DNS answer, a call that was denied, a database that was promoted. :mod:`twin.cloud.control` gives it out.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

LONGEST = 50_000
"""Entries that are kept; a drill reads them every second."""


@dataclass(frozen=True)
class Entry:
    """One event. at_ms: milliseconds since 1970. source: the part of the cloud. cause: why, where it is known."""

    number: int
    at_ms: int
    source: str
    region: str
    what: str
    cause: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


class Journal:
    """The events, numbered from 1; any thread may write."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=LONGEST)
        self._lock = threading.Lock()
        self._count = 0

    def note(self, source: str, region: str, what: str, cause: str = "", **detail: Any) -> None:
        """Write an event down, as of now."""
        with self._lock:
            self._count += 1
            entry = Entry(self._count, int(time.time() * 1000), source, region, what, cause, detail)
            self._entries.append(entry)

    def after(self, number: int = 0) -> list[dict[str, Any]]:
        """Return the events after the one of that number, as JSON would show them."""
        with self._lock:
            return [asdict(entry) for entry in self._entries if entry.number > number]


JOURNAL = Journal()
"""The server's own; there is one server in a process."""
