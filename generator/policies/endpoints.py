"""What passes through a VPC endpoint: this account's identities, this account's resources."""

from __future__ import annotations

from awacs import dynamodb, s3
from awacs.aws import (
    Action,
    Allow,
    Condition,
    PolicyDocument,
    Principal,
    Statement,
    StringEquals,
)
from troposphere import Ref, Sub

from generator import naming

SERVICES: dict[str, tuple[str, ...]] = {
    "ecr.api": ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken",
                "ecr:GetDownloadUrlForLayer"),
    "ecr.dkr": ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
    "events": ("events:PutEvents",),
    "kms": ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
    "logs": ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
    "secretsmanager": ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"),
    "sns": ("sns:Publish",),
    "sqs": ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"),
    "ssm": ("ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"),
    "states": ("states:SendTaskFailure", "states:SendTaskHeartbeat", "states:SendTaskSuccess",
               "states:StartExecution"),
    "sts": ("sts:AssumeRole", "sts:GetCallerIdentity"),
}  # fmt: skip
"""The services an environment may name for its application, and what passes to each."""

WITHOUT_RESOURCE = ("ecr.api", "sts")
"""Services of which a call has no resource (``GetAuthorizationToken``, ``GetCallerIdentity``)."""


def monitoring() -> PolicyDocument:
    """Let this account's identities publish metrics, and nothing else."""
    return _document(_own_account("PublishOwnMetrics", "cloudwatch:PutMetricData", resources=False))


def service(name: str) -> PolicyDocument:
    """Let this account's identities use this account's resources of the service called ``name``."""
    resources = name not in WITHOUT_RESOURCE
    return _document(_own_account("OwnAccountOnly", *SERVICES[name], resources=resources))


def state_table() -> PolicyDocument:
    """Let this account's identities read and write the region's state table through the endpoint."""
    return _document(
        Statement(
            Sid="StateTable",
            Effect=Allow,
            Principal=Principal("*"),
            Action=[dynamodb.GetItem, dynamodb.PutItem, dynamodb.Query, dynamodb.UpdateItem],
            Resource=[
                Sub(
                    "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/" + naming.STATE_TABLE.text()
                )
            ],
            Condition=Condition(StringEquals("aws:PrincipalAccount", Ref("AWS::AccountId"))),
        )
    )


def data_bucket(services: tuple[str, ...]) -> PolicyDocument:
    """Let this account's identities use the region's data bucket through the endpoint.

    With ECR among the application's ``services``, image layers come from a bucket of ECR's own as well (ECR
    guide, "Amazon ECR interface VPC endpoints", minimum bucket permissions).
    """
    layers = [_image_layers()] if any(service.startswith("ecr.") for service in services) else []
    arn = "arn:${AWS::Partition}:s3:::" + naming.DATA_BUCKET.text()
    return _document(
        Statement(
            Sid="DataBucket",
            Effect=Allow,
            Principal=Principal("*"),
            Action=[
                s3.AbortMultipartUpload,
                s3.DeleteObject,
                s3.GetObject,
                s3.GetObjectVersion,
                s3.ListBucket,
                s3.PutObject,
            ],
            Resource=[Sub(arn), Sub(arn + "/*")],
            Condition=Condition(StringEquals("aws:PrincipalAccount", Ref("AWS::AccountId"))),
        ),
        *layers,
    )


def _image_layers() -> Statement:
    """Let image layers be read from ECR's bucket, which belongs to AWS."""
    return Statement(
        Sid="ImageLayers",
        Effect=Allow,
        Principal=Principal("*"),
        Action=[s3.GetObject],
        Resource=[Sub("arn:${AWS::Partition}:s3:::prod-${AWS::Region}-starport-layer-bucket/*")],
        Condition=Condition(StringEquals("aws:PrincipalAccount", Ref("AWS::AccountId"))),
    )


def _own_account(sid: str, *actions: str, resources: bool = True) -> Statement:
    """Let identities of this account act on resources of this account.

    ``aws:ResourceAccount`` is left out where the service has no resources (IAM guide, "AWS global
    condition context keys": not every service sends it).
    """
    account = {"aws:PrincipalAccount": Ref("AWS::AccountId")}
    if resources:
        account["aws:ResourceAccount"] = Ref("AWS::AccountId")
    return Statement(
        Sid=sid,
        Effect=Allow,
        Principal=Principal("*"),
        Action=[Action(*action.split(":")) for action in actions],
        Resource=["*"],
        Condition=Condition(StringEquals(account)),
    )


def _document(*statements: Statement) -> PolicyDocument:
    return PolicyDocument(Version="2012-10-17", Statement=list(statements))
