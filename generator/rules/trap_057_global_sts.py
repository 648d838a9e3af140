"""Trap 57: a program is sent to the global endpoint of STS."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.rules._finding import Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import walk

_GLOBAL = re.compile(r"(?<![\w.-])sts\.amazonaws\.com")


class GlobalSts(TrapRule):
    """Finds where a program is sent to the global endpoint of STS."""

    id = "E9057"
    shortdesc = "A program is sent to the global endpoint of STS"
    description = (
        "sts.amazonaws.com is us-east-1. When that region has trouble no role can be assumed. Use the "
        "regional endpoint."
    )
    source_url = "https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html"
    tags = ("trap 57", "sts", "lambda")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return environment variables and code that name the global endpoint."""
        for resource in template.resources("AWS::Lambda::Function", "AWS::ECS::TaskDefinition"):
            for properties in resource.variants:
                for path, node in walk(properties):
                    if isinstance(node, str) and _GLOBAL.search(node):
                        yield within(resource, "that is us-east-1; use sts.REGION.amazonaws.com", *path)
                    elif path and path[-1] == "AWS_STS_REGIONAL_ENDPOINTS" and node == "legacy":
                        yield within(resource, "legacy is us-east-1; say regional", *path)
