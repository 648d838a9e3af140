"""A bucket as every stack of the library has it: encrypted, versioned, private, TLS only, logged."""

from __future__ import annotations

from typing import Any

from awacs.aws import Statement
from troposphere import NoValue, Ref
from troposphere.s3 import (
    AbortIncompleteMultipartUpload,
    Bucket,
    BucketEncryption,
    BucketPolicy,
    LifecycleConfiguration,
    LifecycleRule,
    LoggingConfiguration,
    NoncurrentVersionExpiration,
    OwnershipControls,
    OwnershipControlsRule,
    PublicAccessBlockConfiguration,
    ServerSideEncryptionByDefault,
    ServerSideEncryptionRule,
    VersioningConfiguration,
)

from generator import naming
from generator.policies import buckets
from generator.shape import Shape

_STALE_UPLOAD_DAYS = 7


def bucket(
    title: str,
    name: naming.Name,
    shape: Shape,
    *,
    key: Any = None,
    logs: Any = None,
    noncurrent_days: Any,
    current_days: Any = NoValue,
    **more: Any,
) -> Bucket:
    """Return a bucket that keeps replaced and deleted objects for ``noncurrent_days``.

    ``key`` is the ARN of a KMS key (S3's own otherwise); ``logs`` is the bucket that access logs go to.
    """
    return Bucket(
        title,
        BucketName=name.sub(),
        BucketEncryption=_encryption(key),
        VersioningConfiguration=VersioningConfiguration(Status="Enabled"),
        PublicAccessBlockConfiguration=PublicAccessBlockConfiguration(
            BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
        ),
        OwnershipControls=OwnershipControls(Rules=[OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]),
        LifecycleConfiguration=_lifecycle(noncurrent_days, current_days),
        LoggingConfiguration=LoggingConfiguration(DestinationBucketName=logs, LogFilePrefix=f"{title}/")
        if logs is not None
        else NoValue,
        DeletionPolicy=shape.retain_policy,
        UpdateReplacePolicy=shape.data_policy,
        **more,
    )


def policy(title: str, of: str, name: naming.Name, *statements: Statement) -> BucketPolicy:
    """Return the policy of the bucket titled ``of``: TLS only, and the statements."""
    return BucketPolicy(title, Bucket=Ref(of), PolicyDocument=buckets.bucket(name, *statements))


def _encryption(key: Any) -> BucketEncryption:
    by_default = (
        ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=key)
        if key is not None
        else ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
    )
    return BucketEncryption(
        ServerSideEncryptionConfiguration=[
            ServerSideEncryptionRule(BucketKeyEnabled=key is not None, ServerSideEncryptionByDefault=by_default)
        ]
    )


def _lifecycle(noncurrent_days: Any, current_days: Any) -> LifecycleConfiguration:
    """Return the rules. Lifecycle actions are not replicated (trap 39): every region has the same ones."""
    return LifecycleConfiguration(
        Rules=[
            LifecycleRule(
                Id="old-versions",
                Status="Enabled",
                ExpirationInDays=current_days,
                NoncurrentVersionExpiration=NoncurrentVersionExpiration(NoncurrentDays=noncurrent_days),
                AbortIncompleteMultipartUpload=AbortIncompleteMultipartUpload(DaysAfterInitiation=_STALE_UPLOAD_DAYS),
            )
        ]
    )
