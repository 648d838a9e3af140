"""Trap 94: a custom resource stands beside a global database's cluster."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import AURORA, Finding, TrapRule, beside
from generator.rules._reading import Reading


class Bootstrap(TrapRule):
    """Finds where a custom resource stands beside a global database's cluster."""

    id = "W9094"
    shortdesc = "A custom resource stands beside a global database's cluster"
    description = (
        "When it prepares the database it needs the writer; after a swap this stack's cluster is a "
        "replica, the write is refused (25006), and the stack can't be updated or deleted. Prepare "
        "the database from outside, in the active region."
    )
    source_url = AURORA + "aurora-global-database-disaster-recovery.html"
    tags = ("trap 94", "rds", "cloudformation")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return custom resources in templates of a member."""
        members = [
            cluster
            for cluster in template.resources("AWS::RDS::DBCluster")
            if any("GlobalClusterIdentifier" in properties for properties in cluster.variants)
        ]
        for resource in template.resources():
            custom = resource.type.startswith("Custom::") or resource.type == "AWS::CloudFormation::CustomResource"
            if members and custom:
                yield beside(resource, "after a swap it would find a replica; do this in the active region", "Type")
