"""How a function's process finds the databases, and the time: RDS's host names lead to front doors on loopback.

The process reads a file of names (:mod:`inside/sitecustomize <twin.cloud.databases>`) and asks it, as its own
region, for every name of RDS: one that is not there does not resolve, as a standby's writer endpoint does not
(trap 70). It believes the local authority beside Amazon's. A second file says how far its region's clock is off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

INSIDE = Path(__file__).with_name("inside")
NAMES = "DR_TWIN_NAMES"
AUTHORITY = "DR_TWIN_AUTHORITY"
CLOCKS = "DR_TWIN_CLOCKS"


class Names:
    """The files that functions' processes read. ``environment`` is what those processes are given."""

    def __init__(self, folder: Path, authority: bytes) -> None:
        self._names = folder / "names.json"
        self._authority = folder / "authority.pem"
        self._authority.write_bytes(authority)
        self._clocks = folder / "clocks.json"
        self._off: dict[str, float] = {}
        self._said = ""
        self.publish({})
        self.right()

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables of a function's process."""
        path = os.environ.get("PYTHONPATH", "")
        return {
            NAMES: str(self._names),
            AUTHORITY: str(self._authority),
            CLOCKS: str(self._clocks),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(INSIDE), path))),
        }

    def publish(self, doors: Mapping[str, Mapping[str, tuple[str, int]]]) -> None:
        """Let each host name lead to its address, as each region sees it, and no other to any; at once and whole."""
        said = json.dumps(doors, sort_keys=True)
        if said != self._said:
            self._said = said
            _replace(self._names, said)

    def shift(self, region: str, seconds: float) -> None:
        """Have the clock of a region's functions be so far ahead of the true one, behind it when negative."""
        self._off[region] = seconds
        _replace(self._clocks, json.dumps(self._off))

    def right(self) -> None:
        """Have every clock be right."""
        self._off.clear()
        _replace(self._clocks, json.dumps(self._off))


def _replace(path: Path, text: str) -> None:
    """Write a file, at once and whole."""
    unfinished = path.with_suffix(".new")
    unfinished.write_text(text)
    unfinished.replace(path)
