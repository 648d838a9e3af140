"""Policy documents in templates, wherever a resource type keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.rules._reading import Reading, Resource
from generator.rules._values import listed, mapping

IDENTITY = {
    "AWS::IAM::Role": "Policies",
    "AWS::IAM::User": "Policies",
    "AWS::IAM::Group": "Policies",
    "AWS::IAM::ManagedPolicy": "",
    "AWS::IAM::Policy": "",
    "AWS::IAM::RolePolicy": "",
    "AWS::IAM::UserPolicy": "",
    "AWS::IAM::GroupPolicy": "",
}
"""Types that hold identity policies, and the list they are in ('' when the document is a property)."""


@dataclass(frozen=True)
class Statement:
    """One statement of a policy, the resource that holds it, and its path below the properties."""

    resource: Resource
    path: tuple[str | int, ...]
    body: Mapping[str, Any]

    @property
    def allows(self) -> bool:
        """Return whether the statement allows (a denial with a wildcard is no risk)."""
        return self.body.get("Effect") == "Allow"

    @property
    def actions(self) -> list[str]:
        """Return the literal actions."""
        return [each for each in listed(self.body.get("Action")) if isinstance(each, str)]

    @property
    def sid(self) -> str:
        """Return the statement's id, or an empty text."""
        sid = self.body.get("Sid")
        return sid if isinstance(sid, str) else ""


def identity_statements(template: Reading) -> Iterator[Statement]:
    """Return the statements of all identity policies of the template."""
    for resource in template.resources(*IDENTITY):
        for properties in resource.variants:
            place = IDENTITY[resource.type]
            if not place:
                yield from statements(resource, properties.get("PolicyDocument"), "PolicyDocument")
                continue
            for index, policy in enumerate(listed(properties.get(place))):
                document = mapping(policy).get("PolicyDocument")
                yield from statements(resource, document, place, index, "PolicyDocument")


def trust_statements(template: Reading) -> Iterator[Statement]:
    """Return the statements of all roles' trust policies."""
    for resource in template.resources("AWS::IAM::Role"):
        for properties in resource.variants:
            document = properties.get("AssumeRolePolicyDocument")
            yield from statements(resource, document, "AssumeRolePolicyDocument")


def statements(resource: Resource, document: Any, *path: str | int) -> Iterator[Statement]:
    """Return the statements of one policy document."""
    for index, body in enumerate(listed(mapping(document).get("Statement"))):
        if isinstance(body, Mapping):
            yield Statement(resource, (*path, "Statement", index), body)
