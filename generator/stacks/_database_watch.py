"""What watches the database: its log group, enhanced monitoring, and the events that people are told."""

from __future__ import annotations

from typing import Any

from troposphere import If, NoValue, Ref, Sub
from troposphere.iam import Role
from troposphere.logs import LogGroup
from troposphere.rds import EventSubscription

from generator import naming
from generator.inputs import KEY_ARN, LOG_DAYS, TOPIC_ARN
from generator.policies import trust


def resources() -> list[Any]:
    """Return the log group and the role, which are there before the cluster, and the subscriptions."""
    return [
        _log_group(),
        _monitoring_role(),
        _subscription("db-cluster", [Ref("Cluster")]),
        _subscription("db-instance", _instance_ids()),
    ]


def _log_group() -> LogGroup:
    """Return the log group that RDS exports to, made first so that it has a key and a retention.

    The region-wide group of enhanced monitoring is not declared: environments would collide (trap 93).
    """
    return LogGroup(
        "PostgresqlLogs",
        LogGroupName=Sub(f"/aws/rds/cluster/{naming.CLUSTER.text()}/postgresql"),
        KmsKeyId=KEY_ARN.ref,
        RetentionInDays=LOG_DAYS.ref,
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
    )


def _monitoring_role() -> Role:
    """Return the role of enhanced monitoring, with AWS's own policy for it.

    Aurora User Guide, "Setting up and enabling Enhanced Monitoring".
    """
    return Role(
        "MonitoringRole",
        RoleName=naming.role("monitoring").sub(),
        Description="Lets RDS publish enhanced monitoring.",
        AssumeRolePolicyDocument=trust.service("monitoring.rds.amazonaws.com"),
        ManagedPolicyArns=[Sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole")],
    )


def _instance_ids() -> list[Any]:
    return [
        Ref("Instance1"),
        If("HasInstance2", Ref("Instance2"), NoValue),
        If("HasInstance3", Ref("Instance3"), NoValue),
    ]


def _subscription(source: str, ids: list[Any]) -> EventSubscription:
    """Return the subscription that tells people of events; clusters and instances have one each (trap 89).

    Aurora User Guide, "Amazon RDS event categories and event messages for Aurora".
    """
    categories = {
        "db-cluster": ["configuration change", "deletion", "failover", "failure", "global-failover", "maintenance"],
        "db-instance": [
            "availability",
            "configuration change",
            "deletion",
            "failover",
            "failure",
            "maintenance",
            "recovery",
        ],
    }
    title = {"db-cluster": "ClusterEvents", "db-instance": "InstanceEvents"}[source]
    return EventSubscription(
        title,
        SubscriptionName=Sub(f"{naming.CLUSTER.text()}-{source}"),
        SnsTopicArn=TOPIC_ARN.ref,
        SourceType=source,
        SourceIds=ids,
        EventCategories=categories[source],
        Enabled=True,
    )
