"""Trap B4: a network opens a way to the internet."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import Finding, TrapRule, beside
from generator.rules._reading import Reading


class WaysOut(TrapRule):
    """Finds where a network opens a way to the internet."""

    id = "E9204"
    shortdesc = "A network opens a way to the internet"
    description = (
        "Functions that reach AWS through a NAT gateway fail with it, and an internet gateway is a "
        "way in. Interface and gateway endpoints reach what is needed."
    )
    source_url = "https://docs.aws.amazon.com/vpc/latest/privatelink/what-is-privatelink.html"
    tags = ("trap B4", "ec2")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return NAT and internet gateways."""
        for resource in template.resources(
            "AWS::EC2::NatGateway", "AWS::EC2::InternetGateway", "AWS::EC2::EgressOnlyInternetGateway"
        ):
            yield beside(resource, "use endpoints for the services that are needed", "Type")
