"""The lines between regions on which storage is replicated: not the peering, and broken apart from it (fault 22)."""

from __future__ import annotations

import threading

from twin.passage import Faults

ANY = "*"
CUT = Faults(drop=True, refuse=True)


class Lines:
    """What is wrong with the line from one region to another. A rule may be for any region at either end."""

    def __init__(self) -> None:
        self._rules: dict[tuple[str, str], Faults] = {}
        self._lock = threading.Lock()

    def set(self, start: str, end: str, faults: Faults) -> None:
        """Have the line from ``start`` to ``end`` be so; from a region to any is every line that touches it."""
        with self._lock:
            for pair in {(start, end), (end, start)} if end == ANY else {(start, end)}:
                self._rules[pair] = faults

    def faults(self, start: str, end: str) -> Faults:
        """Return what is wrong with the line, from all rules together."""
        with self._lock:
            rules = dict(self._rules)
        whole = Faults()
        for pair in ((start, end), (start, ANY), (ANY, end), (ANY, ANY)):
            whole |= rules.get(pair, Faults())
        return whole

    def connected(self, one: str, other: str) -> bool:
        """Tell whether something gets through, both ways."""
        return not any(self.faults(*pair).drop for pair in ((one, other), (other, one)))
