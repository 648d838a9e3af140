"""Trap 11: a template of a global database's member can't serve a standby."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import Finding, TrapRule, within
from generator.rules._reading import Reading


class OneRegionTemplate(TrapRule):
    """Finds where a template of a global database's member can't serve a standby."""

    id = "W9011"
    shortdesc = "A template of a global database's member can't serve a standby"
    description = (
        "MasterUsername and DatabaseName are given whatever the region, so the template can't be sent "
        "to a standby, and the standby needs a second one that will drift from it."
    )
    source_url = "https://github.com/pulumi/pulumi/issues/15818"
    tags = ("trap 11", "rds")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return members that have master credentials in every variant."""
        for resource in template.resources("AWS::RDS::DBCluster"):
            members = [each for each in resource.variants if "GlobalClusterIdentifier" in each]
            joins = [each for each in members if "SourceRegion" in each]
            if members and not joins and all("MasterUsername" in each for each in members):
                yield within(resource, "only the origin may have it; put it under a condition", "MasterUsername")
