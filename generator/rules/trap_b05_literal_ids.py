"""Trap B5: an alarm or dashboard names something by its literal id."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from generator.rules._finding import CLOUDWATCH, Finding, TrapRule, within
from generator.rules._reading import Reading, Resource
from generator.rules._values import known, walk

IDENTIFYING = frozenset(
    [
        "DBClusterIdentifier",
        "DBInstanceIdentifier",
        "FunctionName",
        "TableName",
        "StateMachineArn",
        "LoadBalancer",
        "TargetGroup",
        "InstanceId",
        "VpcId",
        "TopicName",
        "QueueName",
        "HealthCheckId",
        "BucketName",
        "NatGatewayId",
        "ClusterName",
    ]
)
_ID = re.compile(
    r"\b(?:vpc|i|subnet|sg|eni|vol|acl|rtb|tgw|nat|vpce|db|cluster|pcx)-(?:[0-9a-f]{8}|[0-9a-f]{17})\b"
    r"|\b(?:cluster|db)-[A-Z0-9]{20,}\b"
    r"|\b(?:app|net)/[\w-]+/[0-9a-f]{16}\b"
    r"|\barn:aws[\w-]*:[\w-]+:[\w-]*:\d{12}:\S+"
)


class LiteralIds(TrapRule):
    """Finds where an alarm or dashboard names something by its literal id."""

    id = "E9205"
    shortdesc = "An alarm or dashboard names something by its literal id"
    description = (
        "An id that was copied from a console belongs to one account, region and day. Anywhere else "
        "the alarm watches nothing and never fires. Use references."
    )
    source_url = CLOUDWATCH + "AlarmThatSendsEmail.html"
    tags = ("trap B5", "cloudwatch")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return literal ids in dimensions, alarm actions and dashboards."""
        for resource in template.resources("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
            for properties in resource.variants:
                for path, node in walk(properties):
                    if path and isinstance(node, str) and path[0] not in ("AlarmDescription", "AlarmName"):
                        yield from _literal(resource, path, node)
                    elif isinstance(node, Mapping) and _identifying(node) and known(node.get("Value")):
                        yield within(resource, f"refer to the {node['Name']}, do not write it", *path, "Value")
        for resource in template.resources("AWS::CloudWatch::Dashboard"):
            for properties in resource.variants:
                for path, node in walk(properties):
                    if path and isinstance(node, str):
                        yield from _literal(resource, path, node)


def _literal(resource: Resource, path: tuple[str | int, ...], node: str) -> Iterator[Finding]:
    found = _ID.search(node)
    if found:
        yield within(resource, f"{found[0]} exists in one place only; refer to it", *path)


def _identifying(dimension: Mapping[str, Any]) -> bool:
    name = dimension.get("Name")
    return isinstance(name, str) and name in IDENTIFYING
