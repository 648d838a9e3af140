"""Trap 78: a peering does not say its peer's region."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import RESOURCE, Finding, TrapRule, within
from generator.rules._reading import Reading


class PeerRegion(TrapRule):
    """Finds where a peering does not say its peer's region."""

    id = "E9078"
    shortdesc = "A peering does not say its peer's region"
    description = (
        "Without PeerRegion CloudFormation looks for the other VPC in its own region and the "
        "connection fails to stabilise. Say it, also where it is the same."
    )
    source_url = RESOURCE + "aws-resource-ec2-vpcpeeringconnection.html"
    tags = ("trap 78", "ec2")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return peering connections without ``PeerRegion``."""
        for resource in template.resources("AWS::EC2::VPCPeeringConnection"):
            for properties in resource.variants:
                if "PeerRegion" not in properties:
                    yield within(resource, "say PeerRegion")
