"""Trap 14: a cluster that may be the writer is not protected from deletion."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import RESOURCE, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import truth


class DeletionProtection(TrapRule):
    """Finds where a cluster that may be the writer is not protected from deletion."""

    id = "E9014"
    shortdesc = "A cluster that may be the writer is not protected from deletion"
    description = (
        "After a swap the stack that is called the standby's holds the writer. Removing it must be "
        "refused by the service, so deletion protection has to be on, or be a parameter."
    )
    source_url = RESOURCE + "aws-resource-rds-dbcluster.html"
    tags = ("trap 14", "rds")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return members and global clusters with deletion protection absent or off."""
        for resource in template.resources("AWS::RDS::DBCluster", "AWS::RDS::GlobalCluster"):
            for properties in resource.variants:
                member = resource.type == "AWS::RDS::GlobalCluster" or "GlobalClusterIdentifier" in properties
                protection = properties.get("DeletionProtection")
                if member and (protection is None or truth(protection) is False):
                    yield within(resource, "set it to true, or to a parameter", "DeletionProtection")
