"""Trap 84: an Aurora cluster leaves port, backups or version to defaults."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import RESOURCE, Finding, TrapRule, within
from generator.rules._reading import Reading


class SilentDefaults(TrapRule):
    """Finds where an Aurora cluster leaves port, backups or version to defaults."""

    id = "E9084"
    shortdesc = "An Aurora cluster leaves port, backups or version to defaults"
    description = (
        "Port becomes 3306 for aurora-postgresql in the resource handler, BackupRetentionPeriod "
        "becomes one day and is sent again at each update, and a member without EngineVersion is "
        "refused."
    )
    source_url = RESOURCE + "aws-resource-rds-dbcluster.html"
    tags = ("trap 84", "rds")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return Aurora clusters that leave one of the three out."""
        for resource in template.resources("AWS::RDS::DBCluster"):
            for properties in resource.variants:
                aurora = str(properties.get("Engine", "")).startswith("aurora")
                for key in ("Port", "BackupRetentionPeriod", "EngineVersion"):
                    if aurora and key not in properties:
                        yield within(resource, f"say {key}")
