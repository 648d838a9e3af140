"""Trap 89: events of the database can't reach their topic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.rules._finding import AURORA, Finding, TrapRule, beside, within
from generator.rules._policies import statements
from generator.rules._reading import Reading, Resource
from generator.rules._values import listed, mapping, target, text, walk


class EventTopic(TrapRule):
    """Finds where events of the database can't reach their topic."""

    id = "E9089"
    shortdesc = "Events of the database can't reach their topic"
    description = (
        "A topic policy replaces the default that lets RDS publish. Allow events.rds.amazonaws.com "
        "for instances and clusters, and create the subscription after the policy."
    )
    source_url = AURORA + "USER_Events.GrantingPermissions.html"
    tags = ("trap 89", "rds", "sns")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return subscriptions that don't wait for the policy, and policies that leave clusters out."""
        policies = list(_policies(template))
        for subscription in template.resources("AWS::RDS::EventSubscription"):
            for properties in subscription.variants:
                topic = target(properties.get("SnsTopicArn"))
                for policy, document in policies:
                    if topic is None or not _covers(policy, topic):
                        continue
                    if policy.name not in subscription.depends_on:
                        yield beside(subscription, f"let it depend on {policy.name}", "DependsOn")
                    if not any(_publishes(each.body) for each in statements(policy, document)):
                        message = "let events.rds.amazonaws.com publish, for :cluster: and :db: sources"
                        yield within(policy, message, "PolicyDocument")


def _policies(template: Reading) -> Iterator[tuple[Resource, Any]]:
    for policy in template.resources("AWS::SNS::TopicPolicy"):
        for properties in policy.variants:
            yield policy, properties.get("PolicyDocument")


def _covers(policy: Resource, topic: str) -> bool:
    return any(topic in map(target, listed(each.get("Topics"))) for each in policy.variants)


def _publishes(body: Mapping[str, Any]) -> bool:
    """Return whether a statement lets RDS publish the events of a cluster."""
    services = [text(each) for each in listed(mapping(body.get("Principal")).get("Service"))]
    if body.get("Effect") != "Allow" or "events.rds.amazonaws.com" not in services:
        return False
    sources = [text(node) for _, node in walk(body.get("Condition")) if ":rds:" in text(node)]
    return not sources or any(":cluster:" in each or each.endswith(":*") for each in sources)
