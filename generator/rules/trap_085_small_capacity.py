"""Trap 85: a serverless member may be too small to replicate."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import AURORA, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import at, number


class SmallCapacity(TrapRule):
    """Finds where a serverless member may be too small to replicate."""

    id = "W9085"
    shortdesc = "A serverless member may be too small to replicate"
    description = (
        "The primary of a global database should have at least 8 ACUs, and after a swap a standby is "
        "the primary. A smaller minimum may fall behind."
    )
    source_url = AURORA + "aurora-serverless-v2.setting-capacity.html"
    tags = ("trap 85", "rds")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return members whose least capacity, given or by default, is under 8 ACUs."""
        for resource in template.resources("AWS::RDS::DBCluster"):
            for properties in resource.variants:
                least = template.default(at(properties, "ServerlessV2ScalingConfiguration", "MinCapacity"))
                capacity = number(least)
                if "GlobalClusterIdentifier" in properties and capacity is not None and capacity < 8:
                    message = f"{capacity:g} ACUs may be too few to replicate after a swap; 8 are advised"
                    yield within(resource, message, "ServerlessV2ScalingConfiguration", "MinCapacity")
