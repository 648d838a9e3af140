"""The region's own bucket of function packages, and the bucket that access logs go to.

Lambda takes code only from a bucket of its own region (trap 45), so ``deploy`` uploads every package to
every region before the first function is made, under a key that holds the package's digest. A region whose
functions had to fetch their code from the lost region could not be changed on the day.
"""

from __future__ import annotations

from troposphere import Ref, Template

from generator import naming
from generator.inputs import KEY_ARN, SUFFIX
from generator.policies import buckets as policies
from generator.shape import Shape
from generator.stacks import _buckets
from generator.stacks._template import outputs, template

_LOG_DAYS = 400
_OLD_CODE_DAYS = 90


def build(shape: Shape) -> Template:
    """Return the template ``artifacts``."""
    result = template("The region's bucket of function packages, and its bucket of access logs.", (SUFFIX, KEY_ARN))
    result.add_resource(
        _buckets.bucket(
            "LogBucket",
            naming.LOG_BUCKET,
            shape,
            noncurrent_days=_LOG_DAYS,
            current_days=_LOG_DAYS,
            Metadata={
                "checkov": {
                    "skip": [{"id": "CKV_AWS_18", "comment": "it holds the access logs: logging itself would not end"}]
                }
            },
        )
    )
    result.add_resource(
        _buckets.policy("LogBucketPolicy", "LogBucket", naming.LOG_BUCKET, policies.access_logs(naming.LOG_BUCKET))
    )
    result.add_resource(
        _buckets.bucket(
            "CodeBucket",
            naming.CODE_BUCKET,
            shape,
            key=KEY_ARN.ref,
            logs=Ref("LogBucket"),
            noncurrent_days=_OLD_CODE_DAYS,
            DependsOn="LogBucketPolicy",
        )
    )
    result.add_resource(_buckets.policy("CodeBucketPolicy", "CodeBucket", naming.CODE_BUCKET))
    outputs(
        result,
        CodeBucket=(Ref("CodeBucket"), "Where deploy puts the function packages."),
        LogBucket=(Ref("LogBucket"), "Where access logs of the region's buckets go."),
    )
    return result
