"""Trap 16: a cluster of a global database has a name without its region."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import AURORA, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import target, text


class ClusterNames(TrapRule):
    """Finds where a cluster of a global database has a name without its region."""

    id = "E9016"
    shortdesc = "A cluster of a global database has a name without its region"
    description = (
        "Cluster identifiers of a global database must differ between regions; the same template sent "
        "to two regions with a fixed name is refused in the second."
    )
    source_url = AURORA + "aurora-global-database.configuration.requirements.html"
    tags = ("trap 16", "rds")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return members whose identifier does not hold the region and is no parameter."""
        for resource in template.resources("AWS::RDS::DBCluster"):
            for properties in resource.variants:
                name = properties.get("DBClusterIdentifier")
                if name is None or "GlobalClusterIdentifier" not in properties:
                    continue
                written = text(name)
                if "${AWS::Region}" not in written and not target(name) and "${Fn::" not in written:
                    yield within(
                        resource,
                        f"{written} is the same in every region; put AWS::Region in",
                        "DBClusterIdentifier",
                    )
