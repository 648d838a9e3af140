"""The region's data bucket, replicated to and from every other data region.

Deployed in two passes, because a replication rule needs its destination first and both sides have rules
(trap 40): the first pass makes the buckets (``ReplicateTo`` all none), the second adds the rules. Each rule
has Replication Time Control, which promises fifteen minutes for 99.9 % of new objects (S3 guide, "Meeting
compliance requirements with S3 Replication Time Control") and says nothing of objects that were there
before, of lifecycle actions, or of objects encrypted with keys the role can't use (traps 38, 39, B9).
"""

from __future__ import annotations

from awacs.aws import PolicyDocument
from troposphere import GetAtt, If, NoValue, Ref, Sub, Template
from troposphere.iam import Policy, PolicyType, Role
from troposphere.s3 import (
    Bucket,
    DeleteMarkerReplication,
    EncryptionConfiguration,
    Metrics,
    ReplicaModifications,
    ReplicationConfiguration,
    ReplicationConfigurationRules,
    ReplicationConfigurationRulesDestination,
    ReplicationRuleFilter,
    ReplicationTime,
    ReplicationTimeValue,
    SourceSelectionCriteria,
    SseKmsEncryptedObjects,
)

from generator import naming
from generator.inputs import KEY_ARN, LOG_BUCKET, NONCURRENT_DAYS, REPLICA_KEY_ARNS, REPLICATE_TO, SUFFIX
from generator.policies import buckets as policies
from generator.policies import trust
from generator.shape import Shape
from generator.slots import PARTNERS, Slots
from generator.stacks import _buckets
from generator.stacks._template import outputs, template

_OTHERS = Slots("ReplicateTo", PARTNERS)
_SECOND_PASS = Slots("ReplicateTo", PARTNERS, required=1)
"""The same slots where the first is known to be taken."""
_KEYS = Slots("ReplicaKeyArns", PARTNERS)
_RTC_MINUTES = 15
"""The only value that S3 accepts (S3 API, ``ReplicationTimeValue``)."""


def build(shape: Shape) -> Template:
    """Return the template ``storage``."""
    result = template(
        "The region's data bucket with two-way replication.",
        (SUFFIX, KEY_ARN, LOG_BUCKET, NONCURRENT_DAYS, REPLICATE_TO, REPLICA_KEY_ARNS),
    )
    _OTHERS.declare(result)
    result.add_resource(_replication_role())
    result.add_resource(_write_policy())
    result.add_resource(_data_bucket(shape))
    result.add_resource(_buckets.policy("DataBucketPolicy", "DataBucket", naming.DATA_BUCKET))
    outputs(
        result,
        DataBucket=(Ref("DataBucket"), "The region's data bucket."),
        DataBucketArn=(GetAtt("DataBucket", "Arn"), "Its ARN, for the application's policies."),
        ReplicationRoleArn=(GetAtt("ReplicationRole", "Arn"), "The role that copies objects to the other regions."),
    )
    return result


def _replication_role() -> Role:
    return Role(
        "ReplicationRole",
        RoleName=naming.role("replication").sub(),
        Description="Copies the data bucket's objects to the other data regions.",
        AssumeRolePolicyDocument=trust.service("s3.amazonaws.com"),
        Policies=[
            Policy(
                PolicyName="read",
                PolicyDocument=PolicyDocument(
                    Version="2012-10-17",
                    Statement=policies.replicate_from(KEY_ARN.ref),
                ),
            )
        ],
    )


def _write_policy() -> PolicyType:
    return PolicyType(
        "ReplicateToOthers",
        PolicyName="replicate-to-others",
        Roles=[Ref("ReplicationRole")],
        PolicyDocument=PolicyDocument(Version="2012-10-17", Statement=policies.replicate_to(_SECOND_PASS, _KEYS)),
        Condition=_OTHERS.condition(0),
    )


def _data_bucket(shape: Shape) -> Bucket:
    rules = ReplicationConfiguration(Role=GetAtt("ReplicationRole", "Arn"), Rules=_SECOND_PASS.each(_rule))
    return _buckets.bucket(
        "DataBucket",
        naming.DATA_BUCKET,
        shape,
        key=KEY_ARN.ref,
        logs=LOG_BUCKET.ref,
        noncurrent_days=NONCURRENT_DAYS.ref,
        ReplicationConfiguration=If(_OTHERS.condition(0), rules, NoValue),
    )


def _rule(region: object, index: int) -> ReplicationConfigurationRules:
    """Return the rule to one region. Rules to several destinations need priorities of their own.

    S3 guide, "Replication configuration file elements" and "Replicating to multiple destinations".
    """
    return ReplicationConfigurationRules(
        Id=Sub("to-${Other}", Other=region),
        Priority=index + 1,
        Status="Enabled",
        Filter=ReplicationRuleFilter(Prefix=""),
        DeleteMarkerReplication=DeleteMarkerReplication(Status="Enabled"),
        SourceSelectionCriteria=SourceSelectionCriteria(
            ReplicaModifications=ReplicaModifications(Status="Enabled"),
            SseKmsEncryptedObjects=SseKmsEncryptedObjects(Status="Enabled"),
        ),
        Destination=ReplicationConfigurationRulesDestination(
            Bucket=Sub("arn:${AWS::Partition}:s3:::" + naming.DATA_BUCKET.text("${Other}"), Other=region),
            EncryptionConfiguration=EncryptionConfiguration(ReplicaKmsKeyID=_KEYS.value(index)),
            Metrics=Metrics(Status="Enabled", EventThreshold=ReplicationTimeValue(Minutes=_RTC_MINUTES)),
            ReplicationTime=ReplicationTime(Status="Enabled", Time=ReplicationTimeValue(Minutes=_RTC_MINUTES)),
        ),
    )
