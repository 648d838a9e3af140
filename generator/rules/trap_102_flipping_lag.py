"""Trap 102: an alarm on replication lag names what flips at a swap."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import AURORA, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import listed, mapping, walk


class FlippingLag(TrapRule):
    """Finds where an alarm on replication lag names what flips at a swap."""

    id = "E9102"
    shortdesc = "An alarm on replication lag names what flips at a swap"
    description = (
        "AuroraGlobalDB metrics exist in secondary regions only, by DBClusterIdentifier. The second "
        "grouping, by SourceRegion, changes at a swap and its alarm falls silent."
    )
    source_url = AURORA + "aurora-global-database-monitoring.html"
    tags = ("trap 102", "rds", "cloudwatch")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return alarms on AuroraGlobalDB metrics with any other dimension than the cluster."""
        for resource in template.resources("AWS::CloudWatch::Alarm"):
            for properties in resource.variants:
                for path, node in walk(properties):
                    if not str(mapping(node).get("MetricName", "")).startswith("AuroraGlobalDB"):
                        continue
                    for index, dimension in enumerate(listed(node.get("Dimensions"))):
                        if mapping(dimension).get("Name") != "DBClusterIdentifier":
                            message = "it changes at a swap; use DBClusterIdentifier alone"
                            yield within(resource, message, *path, "Dimensions", index)
