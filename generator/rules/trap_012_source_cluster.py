"""Trap 12: a global cluster is made from a source cluster."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import Finding, TrapRule, within
from generator.rules._reading import Reading


class SourceCluster(TrapRule):
    """Finds where a global cluster is made from a source cluster."""

    id = "E9012"
    shortdesc = "A global cluster is made from a source cluster"
    description = (
        "SourceDBClusterIdentifier drifts after a switchover or failover, and changing it replaces "
        "the global cluster. Make it empty, with engine and version, and let the members join by "
        "identifier."
    )
    source_url = "https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1856"
    tags = ("trap 12", "rds")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return global clusters with ``SourceDBClusterIdentifier``."""
        for resource in template.resources("AWS::RDS::GlobalCluster"):
            for properties in resource.variants:
                if "SourceDBClusterIdentifier" in properties:
                    message = "it drifts after a swap and replaces the global cluster; make an empty one"
                    yield within(resource, message, "SourceDBClusterIdentifier")
