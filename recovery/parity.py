"""Which engine versions can take over from each other (trap 5).

A managed switchover or failover needs the same major and minor version; whether the patch level must be
the same too depends on the version (Aurora User Guide, "Upgrading an Amazon Aurora global database",
section "Patch level compatibility for managed cross-Region switchovers and failovers": for Aurora
PostgreSQL patch levels may differ from 15 on, and from 14.5, 13.8, 12.12 and 11.17 on within the older).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FIRST_FREE_MINOR = {11: 17, 12: 12, 13: 8, 14: 5}
"""The first minor version of a major one from which patch levels may differ."""

FIRST_FREE_MAJOR = 15
"""From this major version on, patch levels may always differ."""

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?(?:[-.].*)?$")


@dataclass(frozen=True)
class Parity:
    """Whether two versions can take over from each other, and why."""

    compatible: bool
    reason: str


def compare(one: str, other: str) -> Parity:
    """Return whether a cluster at version ``one`` may take over from one at ``other``, or the other way.

    A version that can't be read is compatible with its equal only.
    """
    if one == other:
        return Parity(True, f"both are at {one}")
    first, second = _VERSION.match(one), _VERSION.match(other)
    if first is None or second is None:
        return Parity(False, f"{one or 'unknown'} and {other or 'unknown'} can't be compared")
    major, minor = int(first[1]), int(first[2])
    if (major, minor) != (int(second[1]), int(second[2])):
        return Parity(False, f"{one} and {other} differ in the major or minor version")
    if first[3] == second[3]:
        return Parity(True, f"both are at {major}.{minor}")
    if patches_may_differ(major, minor):
        return Parity(True, f"{one} and {other} differ in the patch level, which {major}.{minor} allows")
    return Parity(False, f"{one} and {other} differ in the patch level, which {major}.{minor} does not allow")


def patches_may_differ(major: int, minor: int) -> bool:
    """Return whether managed takeovers at this version work across patch levels."""
    if major >= FIRST_FREE_MAJOR:
        return True
    return major in FIRST_FREE_MINOR and minor >= FIRST_FREE_MINOR[major]
