"""What a bucket accepts, and what replication between buckets may do."""

from __future__ import annotations

from typing import Any

from awacs import kms, s3
from awacs.aws import (
    Action,
    Allow,
    ArnLike,
    Bool,
    Condition,
    Deny,
    NumericLessThan,
    PolicyDocument,
    Principal,
    Statement,
    StringEquals,
    StringLike,
)
from troposphere import Ref, Sub

from generator import naming
from generator.slots import Slots


def _objects(bucket: naming.Name) -> list[Sub]:
    arn = "arn:${AWS::Partition}:s3:::" + bucket.text()
    return [Sub(arn), Sub(arn + "/*")]


def only_tls(bucket: naming.Name) -> Statement:
    """Deny every request that is not made over TLS 1.2 or newer.

    S3 guide, "Security best practices for Amazon S3" (aws:SecureTransport, s3:TlsVersion).
    """
    return Statement(
        Sid="OnlyTls",
        Effect=Deny,
        Principal=Principal("*"),
        Action=[Action("s3", "*")],
        Resource=_objects(bucket),
        Condition=Condition(Bool("aws:SecureTransport", "false")),
    )


def only_new_tls(bucket: naming.Name) -> Statement:
    """Deny requests over a TLS version older than 1.2."""
    return Statement(
        Sid="OnlyNewTls",
        Effect=Deny,
        Principal=Principal("*"),
        Action=[Action("s3", "*")],
        Resource=_objects(bucket),
        Condition=Condition(NumericLessThan("s3:TlsVersion", 1.2)),
    )


def access_logs(bucket: naming.Name) -> Statement:
    """Let S3 write access logs of the environment's buckets into the log bucket, and nothing else.

    S3 guide, "Enabling Amazon S3 server access logging": principal logging.s3.amazonaws.com, with the source
    bucket and account as conditions.
    """
    return Statement(
        Sid="AccessLogs",
        Effect=Allow,
        Principal=Principal("Service", "logging.s3.amazonaws.com"),
        Action=[s3.PutObject],
        Resource=[_objects(bucket)[1]],
        Condition=Condition(
            [
                StringEquals("aws:SourceAccount", Ref("AWS::AccountId")),
                ArnLike("aws:SourceArn", Sub("arn:${AWS::Partition}:s3:::dr-${Suffix}-${AWS::Region}-*")),
            ]
        ),
    )


def bucket(name: naming.Name, *more: Statement) -> PolicyDocument:
    """Return a bucket's policy: TLS only, and what else is said."""
    return PolicyDocument(Version="2012-10-17", Statement=[only_tls(name), only_new_tls(name), *more])


def replicate_from(source_key: Any) -> list[Statement]:
    """Let the replication role read this region's objects with their keys, tags and retention.

    S3 guide, "Setting up permissions for live replication" and "Replicating encrypted objects".
    """
    return [
        Statement(
            Sid="ReadConfiguration",
            Effect=Allow,
            Action=[s3.GetReplicationConfiguration, s3.ListBucket],
            Resource=[_objects(naming.DATA_BUCKET)[0]],
        ),
        Statement(
            Sid="ReadVersions",
            Effect=Allow,
            Action=[s3.GetObjectVersionForReplication, s3.GetObjectVersionAcl, s3.GetObjectVersionTagging],
            Resource=[_objects(naming.DATA_BUCKET)[1]],
        ),
        Statement(
            Sid="DecryptHere",
            Effect=Allow,
            Action=[kms.Decrypt],
            Resource=[source_key],
            Condition=Condition(
                [
                    StringLike("kms:ViaService", Sub("s3.${AWS::Region}.amazonaws.com")),
                    StringLike("kms:EncryptionContext:aws:s3:arn", _objects(naming.DATA_BUCKET)),
                ]
            ),
        ),
    ]


def replicate_to(others: Slots, keys: Slots) -> list[Statement]:
    """Let the replication role write to the other regions' buckets and encrypt with their keys.

    For the second pass, which brings the other regions; a policy with an empty resource list is refused.
    """
    return [
        Statement(
            Sid="WriteReplicas",
            Effect=Allow,
            Action=[s3.ReplicateObject, s3.ReplicateDelete, s3.ReplicateTags],
            Resource=others.each(lambda region, _: _other_objects(region)),
            Condition=Condition(StringEquals("aws:ResourceAccount", Ref("AWS::AccountId"))),
        ),
        Statement(
            Sid="EncryptThere",
            Effect=Allow,
            Action=[kms.Encrypt],
            Resource=[others.only(index, keys.value(index)) for index in range(others.size)],
            Condition=Condition(StringLike("kms:ViaService", "s3.*.amazonaws.com")),
        ),
    ]


def _other_objects(region: Any) -> Sub:
    return Sub("arn:${AWS::Partition}:s3:::" + naming.DATA_BUCKET.text("${Other}") + "/*", Other=region)
