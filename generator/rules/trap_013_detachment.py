"""Trap 13: a condition can take a cluster out of its global database."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import RESOURCE, Finding, TrapRule, within
from generator.rules._reading import Reading


class Detachment(TrapRule):
    """Finds where a condition can take a cluster out of its global database."""

    id = "E9013"
    shortdesc = "A condition can take a cluster out of its global database"
    description = (
        "An update that leaves GlobalClusterIdentifier out detaches the cluster from the global "
        "database. A condition on it is a switch that does that."
    )
    source_url = RESOURCE + "aws-resource-rds-dbcluster.html"
    tags = ("trap 13", "rds")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return clusters that are members in one variant and not in another."""
        for resource in template.resources("AWS::RDS::DBCluster"):
            has = {"GlobalClusterIdentifier" in properties for properties in resource.variants}
            if has == {True, False}:
                message = "a flipped condition would detach the cluster; give the identifier always"
                yield within(resource, message, "GlobalClusterIdentifier")
