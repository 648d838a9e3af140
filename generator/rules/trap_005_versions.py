"""Trap 5: an engine version is left to change by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from generator.rules._finding import AURORA, Finding, TrapRule, within
from generator.rules._reading import Reading, Resource
from generator.rules._values import truth

_PINNED = re.compile(r"\d+\.\d+")


class PinnedVersion(TrapRule):
    """Finds where an engine version is left to change by itself."""

    id = "E9005"
    shortdesc = "An engine version is left to change by itself"
    description = (
        "Managed failover and switchover need the same engine version in all regions, and automatic "
        "minor upgrades do nothing for a member of a global database. Pin major and minor, and switch "
        "the automatic upgrade off."
    )
    source_url = AURORA + "aurora-global-database-disaster-recovery.html"
    tags = ("trap 5", "rds")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return versions without a minor, global clusters without one, and automatic upgrades."""
        for resource in template.resources("AWS::RDS::DBCluster", "AWS::RDS::GlobalCluster"):
            for properties in resource.variants:
                yield from _version(resource, properties)
        for resource in template.resources("AWS::RDS::DBCluster", "AWS::RDS::DBInstance"):
            for properties in resource.variants:
                member = properties.keys() & {"GlobalClusterIdentifier", "DBClusterIdentifier"}
                if member and truth(properties.get("AutoMinorVersionUpgrade")):
                    message = "automatic minor upgrades let the regions' versions part; set it to false"
                    yield within(resource, message, "AutoMinorVersionUpgrade")


def _version(resource: Resource, properties: Mapping[str, Any]) -> Iterator[Finding]:
    globally = resource.type == "AWS::RDS::GlobalCluster"
    if not globally and "GlobalClusterIdentifier" not in properties:
        return
    version = properties.get("EngineVersion")
    if isinstance(version, str) and not _PINNED.search(version):
        yield within(resource, f"version {version} names no minor; regions can get different ones", "EngineVersion")
    elif version is None and globally and "SourceDBClusterIdentifier" not in properties:
        yield within(resource, "a global cluster without a version takes today's default", "EngineVersion")
