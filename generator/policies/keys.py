"""Who may use a region's key."""

from __future__ import annotations

from awacs import kms
from awacs.aws import (
    Action,
    Allow,
    ArnLike,
    Condition,
    PolicyDocument,
    Principal,
    Statement,
    StringEquals,
)
from troposphere import Ref, Sub

_USE = [kms.Decrypt, kms.DescribeKey, kms.Encrypt, Action("kms", "GenerateDataKey*"), Action("kms", "ReEncrypt*")]

NOTICE_SENDERS = ("cloudwatch.amazonaws.com", "events.rds.amazonaws.com")
"""The services that publish to an encrypted topic; without their own statement the message is dropped and
nobody is told (SNS guide, "Enable compatibility between event sources from AWS services and encrypted
topics"; trap 72). EventBridge would need a statement without conditions: it sends no source to KMS."""


def key() -> PolicyDocument:
    """Return the key's policy: the account administers it, and two kinds of service use it.

    Everything else (functions, RDS, Secrets Manager, S3, DynamoDB, backups) acts for a caller whose own
    policy names the key (trap 90).
    """
    return PolicyDocument(
        Version="2012-10-17", Statement=[_account_administers(), _logs_encrypt(), _services_publish()]
    )


def _account_administers() -> Statement:
    """Let identities of the account use the key where their own policies say so, and nobody else.

    The AWS default, to the letter (KMS guide, "Default key policy"): without it a key can become
    unmanageable. A condition on it might not pass the check by which KMS refuses a policy that locks its
    own maker out, and would say nothing that the principal does not.
    """
    return Statement(
        Sid="AccountAdministers",
        Effect=Allow,
        Principal=Principal("AWS", Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")),
        Action=[Action("kms", "*")],
        Resource=["*"],
    )


def _logs_encrypt() -> Statement:
    """Let this region's CloudWatch Logs encrypt the environment's log groups (trap 73).

    CloudWatch Logs guide, "Encrypt log data in CloudWatch Logs using AWS KMS": the service's principal is
    regional, and its encryption context holds the log group's ARN.
    """
    return Statement(
        Sid="LogsEncrypt",
        Effect=Allow,
        Principal=Principal("Service", Sub("logs.${AWS::Region}.amazonaws.com")),
        Action=_USE,
        Resource=["*"],
        Condition=Condition(
            ArnLike(
                "kms:EncryptionContext:aws:logs:arn",
                Sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*dr-${Suffix}-*"),
            )
        ),
    )


def _services_publish() -> Statement:
    """Let the services that tell people publish to the encrypted topic, for this account only."""
    return Statement(
        Sid="ServicesPublishToEncryptedTopic",
        Effect=Allow,
        Principal=Principal("Service", list(NOTICE_SENDERS)),
        Action=[kms.Decrypt, Action("kms", "GenerateDataKey*")],
        Resource=["*"],
        Condition=Condition(StringEquals("aws:SourceAccount", Ref("AWS::AccountId"))),
    )
