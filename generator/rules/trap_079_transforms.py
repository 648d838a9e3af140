"""Trap 79: a template needs a transform or a nested stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.rules._finding import CLOUDFORMATION, Finding, TrapRule
from generator.rules._reading import Reading
from generator.rules._values import walk


class Transforms(TrapRule):
    """Finds where a template needs a transform or a nested stack."""

    id = "E9079"
    shortdesc = "A template needs a transform or a nested stack"
    description = (
        "Service-managed StackSets refuse templates with transforms and with nested stacks, and "
        "macros need a function in every region. Build the template beforehand."
    )
    source_url = CLOUDFORMATION + "UserGuide/stacksets-orgs-manage-auto-deployment.html"
    tags = ("trap 79", "stacksets")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return transforms, at the top or inside, and nested stacks."""
        message = "service-managed StackSets refuse it; build it beforehand"
        for key in ("Transform", "Fn::Transform"):
            if key in template.template:
                yield Finding((key,), message)
        for resource in template.resources():
            if resource.type == "AWS::CloudFormation::Stack":
                yield Finding((*resource.place, "Type"), message)
            for path, node in walk(resource.body):
                if isinstance(node, Mapping) and "Fn::Transform" in node:
                    yield Finding((*resource.place, *path, "Fn::Transform"), message)
