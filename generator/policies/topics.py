"""Who may publish to a region's topic."""

from __future__ import annotations

from awacs import sns
from awacs.aws import (
    Allow,
    ArnLike,
    Bool,
    Condition,
    Deny,
    PolicyDocument,
    Principal,
    Statement,
    StringEquals,
)
from troposphere import Ref, Sub

from generator import naming

_TOPIC = Sub("arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:" + naming.TOPIC.text())


def notices() -> PolicyDocument:
    """Return the topic's policy.

    A topic's own policy replaces the default one that lets RDS publish, so RDS is named, for clusters and
    instances (trap 89; RDS guide, "Granting permissions to publish notifications to an Amazon SNS topic").
    """
    return PolicyDocument(
        Version="2012-10-17",
        Statement=[_own_account(), _alarms(), _database_events(), _only_tls()],
    )


def _own_account() -> Statement:
    """Let identities of the account publish where their own policies say so."""
    return Statement(
        Sid="OwnAccount",
        Effect=Allow,
        Principal=Principal("AWS", Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")),
        Action=[sns.Publish],
        Resource=[_TOPIC],
    )


def _alarms() -> Statement:
    """Let this account's alarms publish (CloudWatch guide, "Notifying users on alarm changes")."""
    return Statement(
        Sid="Alarms",
        Effect=Allow,
        Principal=Principal("Service", "cloudwatch.amazonaws.com"),
        Action=[sns.Publish],
        Resource=[_TOPIC],
        Condition=Condition(
            [
                StringEquals("aws:SourceAccount", Ref("AWS::AccountId")),
                ArnLike(
                    "aws:SourceArn",
                    Sub("arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:dr-${Suffix}-*"),
                ),
            ]
        ),
    )


def _database_events() -> Statement:
    """Let RDS publish events of this environment's cluster and its instances."""
    return Statement(
        Sid="DatabaseEvents",
        Effect=Allow,
        Principal=Principal("Service", "events.rds.amazonaws.com"),
        Action=[sns.Publish],
        Resource=[_TOPIC],
        Condition=Condition(
            [
                StringEquals("aws:SourceAccount", Ref("AWS::AccountId")),
                ArnLike(
                    "aws:SourceArn",
                    [
                        Sub("arn:${AWS::Partition}:rds:${AWS::Region}:${AWS::AccountId}:cluster:dr-${Suffix}-*"),
                        Sub("arn:${AWS::Partition}:rds:${AWS::Region}:${AWS::AccountId}:db:dr-${Suffix}-*"),
                        Sub("arn:${AWS::Partition}:rds:${AWS::Region}:${AWS::AccountId}:es:dr-${Suffix}-*"),
                    ],
                ),
            ]
        ),
    )


def _only_tls() -> Statement:
    """Deny publishing without TLS."""
    return Statement(
        Sid="OnlyTls",
        Effect=Deny,
        Principal=Principal("*"),
        Action=[sns.Publish],
        Resource=[_TOPIC],
        Condition=Condition(Bool("aws:SecureTransport", "false")),
    )
