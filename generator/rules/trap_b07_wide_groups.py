"""Trap B7: a security group is open to a whole network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from generator.rules._finding import Finding, TrapRule, within
from generator.rules._reading import Reading, Resource
from generator.rules._values import listed, mapping, text


class WideGroups(TrapRule):
    """Finds where a security group is open to a whole network."""

    id = "E9207"
    shortdesc = "A security group is open to a whole network"
    description = (
        "A rule for every address, or for the VPC's own range, lets whatever is ever put there in. "
        "Let groups name groups, and let a partner's rule name its exact subnets."
    )
    source_url = "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html"
    tags = ("trap B7", "ec2")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return rules open to all addresses or to the range of a VPC of this template."""
        ranges = {
            text(properties.get("CidrBlock"))
            for vpc in template.resources("AWS::EC2::VPC")
            for properties in vpc.variants
            if "CidrBlock" in properties
        }
        ranges |= {f"${{{vpc.name}.CidrBlock}}" for vpc in template.resources("AWS::EC2::VPC")}
        for resource, path, body in _rules(template):
            for key in ("CidrIp", "CidrIpv6"):
                written = text(body.get(key)) if key in body else ""
                if written in ranges or re.fullmatch(r"[0-9a-f.:]+/0", written):
                    yield within(resource, f"{written} is too wide; name a group or exact subnets", *path, key)


def _rules(template: Reading) -> Iterator[tuple[Resource, tuple[str | int, ...], Mapping[str, Any]]]:
    for resource in template.resources("AWS::EC2::SecurityGroup"):
        for properties in resource.variants:
            for key in ("SecurityGroupIngress", "SecurityGroupEgress"):
                for index, body in enumerate(listed(properties.get(key))):
                    yield resource, (key, index), mapping(body)
    for resource in template.resources("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"):
        for properties in resource.variants:
            yield resource, (), properties
