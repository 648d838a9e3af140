"""How a function's process finds the databases: RDS's host names lead to front doors on loopback.

The process reads a file of names (:mod:`inside/sitecustomize <twin.cloud.databases>`) and asks it, as its own
region, for every name of RDS: one that is not there does not resolve, as a standby's writer endpoint does not
(trap 70). It believes the local authority beside Amazon's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

INSIDE = Path(__file__).with_name("inside")
NAMES = "DR_TWIN_NAMES"
AUTHORITY = "DR_TWIN_AUTHORITY"


class Names:
    """The files that functions' processes read. ``environment`` is what those processes are given."""

    def __init__(self, folder: Path, authority: bytes) -> None:
        self._names = folder / "names.json"
        self._authority = folder / "authority.pem"
        self._authority.write_bytes(authority)
        self._said = ""
        self.publish({})

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables of a function's process."""
        path = os.environ.get("PYTHONPATH", "")
        return {
            NAMES: str(self._names),
            AUTHORITY: str(self._authority),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(INSIDE), path))),
        }

    def publish(self, doors: Mapping[str, Mapping[str, tuple[str, int]]]) -> None:
        """Let each host name lead to its address, as each region sees it, and no other to any; at once and whole."""
        said = json.dumps(doors, sort_keys=True)
        if said != self._said:
            self._said = said
            unfinished = self._names.with_suffix(".new")
            unfinished.write_text(said)
            unfinished.replace(self._names)
