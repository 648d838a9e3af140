"""Trap 92: a function in a VPC does not wait for its role's rights."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import LAMBDA, Finding, TrapRule, beside
from generator.rules._reading import Reading, Resource
from generator.rules._values import listed, target


class FunctionRole(TrapRule):
    """Finds where a function in a VPC does not wait for its role's rights."""

    id = "E9092"
    shortdesc = "A function in a VPC does not wait for its role's rights"
    description = (
        "A policy that is a resource of its own is no dependency of the function, so its network "
        "interfaces fail at random at creation and leak at deletion. Put the policy inside the role, "
        "or let the function depend on it."
    )
    source_url = LAMBDA + "configuration-vpc.html"
    tags = ("trap 92", "lambda", "iam")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return functions in a VPC that don't depend on a separate policy of their role."""
        for function in template.resources("AWS::Lambda::Function"):
            for properties in function.variants:
                role = target(properties.get("Role"))
                if "VpcConfig" not in properties or template.resource(role, "AWS::IAM::Role") is None:
                    continue
                for policy in template.resources("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"):
                    if role in _roles(policy) and policy.name not in function.depends_on:
                        yield beside(function, f"let it depend on {policy.name}", "DependsOn")


def _roles(policy: Resource) -> set[str | None]:
    return {
        target(role)
        for properties in policy.variants
        for role in [properties.get("RoleName"), *listed(properties.get("Roles"))]
    }
