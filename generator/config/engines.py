"""Which Aurora PostgreSQL versions and instance classes a global database takes.

Versions: Aurora User Guide, "Supported Regions and DB engines for Aurora global databases" (the same
floors in every region). What is still offered to a new cluster: the list of cfn-lint 1.58, which a test
compares. Readers that stay available while the active region is lost: Aurora User Guide, "Cross-Region
resiliency for Global Database secondary clusters". Classes: Aurora User Guide, "Configuration
requirements of an Amazon Aurora global database" (memory-optimized, db.r5 or higher; trap 85).
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Major:
    """One major version, by its minors.

    first_global: the first that a global database takes. first_offered: the first that a new cluster can
    have today. first_resilient: the first whose standby readers outlive the active region's loss.
    """

    first_global: int
    first_offered: int
    first_resilient: int


MAJORS: dict[int, Major] = {
    13: Major(4, 23, 18),
    14: Major(3, 17, 15),
    15: Major(2, 10, 10),
    16: Major(1, 8, 6),
    17: Major(4, 4, 4),
    18: Major(3, 3, 3),
}

_CLASS = re.compile(r"^db\.(?P<family>[a-z]+)(?P<generation>\d+)[a-z0-9]*\.(?P<size>[a-z0-9]+)$")
SERVERLESS = "db.serverless"


def reason_against_version(version: str) -> str:
    """Return why ``version`` (``16.8``) can't be in a global database, or an empty string."""
    major, minor = _numbers(version)
    if major not in MAJORS:
        known = ", ".join(str(known) for known in MAJORS)
        return f"Aurora PostgreSQL {major} is none of the major versions for a new global database ({known})"
    floor = MAJORS[major].first_global
    if minor < floor:
        return f"Aurora PostgreSQL {version} can't be in a global database: {major}.{floor} is the first that can"
    return ""


def doubts_about_version(version: str) -> str:
    """Return what speaks against ``version`` though a global database takes it, or an empty string."""
    major, minor = _numbers(version)
    if major not in MAJORS:
        return ""
    line = MAJORS[major]
    if minor < line.first_offered:
        return f"Aurora PostgreSQL {version} is no longer offered to new clusters"
    if minor < line.first_resilient:
        return (
            f"Aurora PostgreSQL {version} may restart a standby's readers when the active region is lost;"
            f" {major}.{line.first_resilient} and later keep them"
        )
    return ""


def reason_against_class(name: str) -> str:
    """Return why an instance class can't be in a global database, or an empty string."""
    if name == SERVERLESS:
        return ""
    found = _CLASS.match(name)
    if not found:
        return f"{name} is no instance class"
    family, generation = found["family"], int(found["generation"])
    if family == "t":
        return f"{name} is burstable, which a global database does not take"
    if family not in {"r", "x"}:
        return f"{name} is not memory-optimized, which a global database requires"
    if family == "r" and generation < 5:
        return f"{name} is older than db.r5"
    return ""


def _numbers(version: str) -> tuple[int, int]:
    major, minor, *_ = version.split(".")
    return int(major), int(minor)
