"""Who may assume a role."""

from __future__ import annotations

from typing import Any

from awacs import sts
from awacs.aws import (
    Allow,
    ArnLike,
    Condition,
    PolicyDocument,
    Principal,
    Statement,
    StringEquals,
    StringLike,
)
from troposphere import If, Ref, Sub

from generator import naming
from generator.inputs import EXTERNAL_ID, ORGANIZATION
from generator.slots import Slots

HAS_ORGANIZATION = "HasOrganization"
HAS_EXTERNAL_ID = "HasExternalId"

SAYS_SOURCE = (
    "monitoring.rds.amazonaws.com",
    "scheduler.amazonaws.com",
    "states.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
)
"""Services whose guides show ``aws:SourceAccount`` in a role's trust (Aurora User Guide, "Setting up and
enabling Enhanced Monitoring"; EventBridge Scheduler guide, "Confused deputy prevention"; Step Functions
guide, "Creating an IAM role for your state machine"; VPC guide, "IAM role for publishing flow logs")."""


def service(principal: str, *, source_arn: str | None = None) -> PolicyDocument:
    """Let one AWS service assume the role, for this account's resources where the service says whose they are.

    The conditions keep the service from being used by another account (IAM User Guide, "The confused
    deputy problem"). A service that does not document that it sends its source is trusted without them: a
    condition on a key that never comes would deny without a word, on the day. ``source_arn`` is the text of
    a Fn::Sub.
    """
    conditions: list[Any] = []
    if principal in SAYS_SOURCE:
        conditions.append(StringEquals("aws:SourceAccount", Ref("AWS::AccountId")))
    if source_arn:
        conditions.append(ArnLike("aws:SourceArn", Sub(source_arn)))
    optional = {"Condition": Condition(conditions)} if conditions else {}
    return PolicyDocument(
        Version="2012-10-17",
        Statement=[
            Statement(Effect=Allow, Principal=Principal("Service", principal), Action=[sts.AssumeRole], **optional)
        ],
    )


def fence() -> PolicyDocument:
    """Let the recovery roles of the environment's other regions assume this region's fence role.

    Bound by a condition on the principal's ARN, not by naming roles: a principal that does not exist yet
    is refused, and the number of partners must not be in a template. Nothing looks at
    ``aws:RequestedRegion``, which would be the region of the STS endpoint and not the one worked in
    (trap 49a). Organization and external id are checked where the environment gives them.
    """
    trusted = Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/" + naming.RECOVERY_ROLE.text(region="*"))
    return PolicyDocument(
        Version="2012-10-17",
        Statement=[
            Statement(
                Sid="PartnersRecoveryRole",
                Effect=Allow,
                Principal=Principal("AWS", Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")),
                Action=[sts.AssumeRole],
                Condition=Condition(
                    [
                        StringEquals(
                            {
                                "aws:PrincipalAccount": Ref("AWS::AccountId"),
                                "aws:PrincipalOrgID": If(HAS_ORGANIZATION, ORGANIZATION.ref, Ref("AWS::NoValue")),
                                "sts:ExternalId": If(HAS_EXTERNAL_ID, EXTERNAL_ID.ref, Ref("AWS::NoValue")),
                            }
                        ),
                        ArnLike("aws:PrincipalArn", trusted),
                    ]
                ),
            )
        ],
    )


def administration(opted_in: Slots) -> PolicyDocument:
    """Let CloudFormation assume the StackSets' administration role, for this environment's StackSets only.

    CloudFormation guide, "Grant self-managed permissions" (the trust policy, with the conditions against the
    confused deputy), and "Prerequisites for using StackSets in opt-in Regions": each has a principal of its own
    (trap 44d).
    """
    return PolicyDocument(
        Version="2012-10-17",
        Statement=[
            Statement(
                Effect=Allow,
                Principal=Principal(
                    "Service",
                    [
                        "cloudformation.amazonaws.com",
                        *opted_in.each(lambda region, _: Sub("cloudformation.${Own}.amazonaws.com", Own=region)),
                    ],
                ),
                Action=[sts.AssumeRole],
                Condition=Condition(
                    [
                        StringEquals("aws:SourceAccount", Ref("AWS::AccountId")),
                        StringLike(
                            "aws:SourceArn",
                            Sub("arn:${AWS::Partition}:cloudformation:*:${AWS::AccountId}:stackset/dr-${Suffix}-*"),
                        ),
                    ]
                ),
            )
        ],
    )


def execution(account: Any) -> PolicyDocument:
    """Let the administration account's administration role assume the execution role."""
    return PolicyDocument(
        Version="2012-10-17",
        Statement=[
            Statement(
                Effect=Allow,
                Principal=Principal("AWS", Sub("arn:${AWS::Partition}:iam::${AdministrationAccount}:root")),
                Action=[sts.AssumeRole],
                Condition=Condition(
                    [
                        StringEquals("aws:PrincipalAccount", account),
                        ArnLike(
                            "aws:PrincipalArn",
                            Sub(
                                "arn:${AWS::Partition}:iam::${AdministrationAccount}:role/"
                                + naming.ADMINISTRATION_ROLE.text()
                            ),
                        ),
                    ]
                ),
            )
        ],
    )
