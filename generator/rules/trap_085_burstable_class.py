"""Trap 85: a member of an Aurora cluster has a burstable class."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import AURORA, Finding, TrapRule, within
from generator.rules._reading import Reading


class BurstableClass(TrapRule):
    """Finds where a member of an Aurora cluster has a burstable class."""

    id = "E9085"
    shortdesc = "A member of an Aurora cluster has a burstable class"
    description = "Burstable classes are not supported in a global database. Use db.r classes or db.serverless."
    source_url = AURORA + "aurora-global-database.configuration.requirements.html"
    tags = ("trap 85", "rds")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return members with a ``db.t`` class, by default too, beside a global database's cluster."""
        joined = any(
            "GlobalClusterIdentifier" in properties
            for cluster in template.resources("AWS::RDS::DBCluster")
            for properties in cluster.variants
        )
        for resource in template.resources("AWS::RDS::DBInstance"):
            for properties in resource.variants:
                size = template.default(properties.get("DBInstanceClass"))
                if joined and "DBClusterIdentifier" in properties and str(size).startswith("db.t"):
                    yield within(
                        resource,
                        f"{size} can't be in a global database; use db.r or db.serverless",
                        "DBInstanceClass",
                    )
