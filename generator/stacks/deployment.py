"""What a deployment needs for itself: the lease that only one holds, and a bucket for long templates.

The first stack of all, a plain one in the administration account and the DNS home region, where the StackSets
live. Nothing in it is data of anybody's, and recovery needs none of it. A template over 51,200 bytes can't be
sent in a call's own body (CloudFormation User Guide, "CloudFormation quotas") and is read from the bucket.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from troposphere import Ref, Template
from troposphere.dynamodb import (
    AttributeDefinition,
    KeySchema,
    PointInTimeRecoverySpecification,
    Table,
    TimeToLiveSpecification,
)

from generator import naming
from generator.inputs import SUFFIX
from generator.shape import Shape
from generator.stacks import _buckets
from generator.stacks._template import outputs, template

KEY = "Name"
EXPIRES = "Expires"
_OLD_TEMPLATE_DAYS = 90


def build(shape: Shape) -> Template:
    """Return the template ``deployment``."""
    result = template("The lease of a running deployment, and the bucket of long templates.", (SUFFIX,))
    shape = replace(shape, disposable=True)  # it goes with its stack: nobody's data, and its names are wanted again
    result.add_resource(_table(shape))
    result.add_resource(
        _buckets.bucket(
            "TemplateBucket",
            naming.TEMPLATE_BUCKET,
            shape,
            noncurrent_days=_OLD_TEMPLATE_DAYS,
            Metadata=_skip("CKV_AWS_18", "templates that anybody can build again; the trail has who wrote them"),
        )
    )
    result.add_resource(_buckets.policy("TemplateBucketPolicy", "TemplateBucket", naming.TEMPLATE_BUCKET))
    outputs(
        result,
        DeploymentTable=(Ref("DeploymentTable"), "Where the lease of a running deployment is held."),
        TemplateBucket=(Ref("TemplateBucket"), "Where deploy puts templates that are too long for a call."),
    )
    return result


def _table(shape: Shape) -> Table:
    """Return the table of leases; what a killed process left in it is removed a while after its time."""
    return Table(
        "DeploymentTable",
        TableName=naming.DEPLOYMENT_TABLE.sub(),
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[AttributeDefinition(AttributeName=KEY, AttributeType="S")],
        KeySchema=[KeySchema(AttributeName=KEY, KeyType="HASH")],
        TimeToLiveSpecification=TimeToLiveSpecification(AttributeName=EXPIRES, Enabled=True),
        PointInTimeRecoverySpecification=PointInTimeRecoverySpecification(PointInTimeRecoveryEnabled=True),
        DeletionPolicy=shape.retain_policy,
        UpdateReplacePolicy=shape.data_policy,
        Metadata=_skip("CKV_AWS_119", "a key that DynamoDB owns: it holds who deploys, and nobody's data"),
    )


def _skip(check: str, comment: str) -> dict[str, Any]:
    return {"checkov": {"skip": [{"id": check, "comment": comment}]}}
