"""What StackSets may do in an account: what the library's own resource types need, on the environment's names.

Three kinds of call: on what carries the environment's name; on what AWS names by itself (a VPC, a key),
bound to the environment's regions; and describe calls, which have no resource level. The actions come from
:mod:`generator.policies.handlers`, so a type that leaves the library takes its rights with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from awacs import sts
from awacs.aws import Action, Allow, ArnNotEquals, Condition, Deny, Statement, StringEquals, StringLike
from troposphere import Ref, Sub

from generator import naming
from generator.policies.handlers import HANDLERS

NAMED: dict[str, tuple[str, ...]] = {
    "backup": (
        "arn:${AWS::Partition}:backup:*:${AWS::AccountId}:backup-plan:*",
        "arn:${AWS::Partition}:backup:*:${AWS::AccountId}:backup-vault:dr-${Suffix}-*",
    ),
    "cloudwatch": (
        "arn:${AWS::Partition}:cloudwatch:*:${AWS::AccountId}:alarm:dr-${Suffix}-*",
        "arn:${AWS::Partition}:cloudwatch::${AWS::AccountId}:dashboard/dr-${Suffix}-*",
    ),
    "dynamodb": ("arn:${AWS::Partition}:dynamodb:*:${AWS::AccountId}:table/dr-${Suffix}-*",),
    "iam": ("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/dr-${Suffix}-*",),
    "lambda": ("arn:${AWS::Partition}:lambda:*:${AWS::AccountId}:function:dr-${Suffix}-*",),
    "logs": ("arn:${AWS::Partition}:logs:*:${AWS::AccountId}:log-group:*dr-${Suffix}-*",),
    "rds": (
        "arn:${AWS::Partition}:rds::${AWS::AccountId}:global-cluster:dr-${Suffix}",
        "arn:${AWS::Partition}:rds:*:${AWS::AccountId}:*:dr-${Suffix}-*",
        "arn:${AWS::Partition}:rds:*:${AWS::AccountId}:og:default*",
    ),
    "s3": ("arn:${AWS::Partition}:s3:::dr-${Suffix}-*",),
    "scheduler": ("arn:${AWS::Partition}:scheduler:*:${AWS::AccountId}:schedule/default/dr-${Suffix}-*",),
    "secretsmanager": ("arn:${AWS::Partition}:secretsmanager:*:${AWS::AccountId}:secret:dr-${Suffix}-*",),
    "sns": ("arn:${AWS::Partition}:sns:*:${AWS::AccountId}:dr-${Suffix}-*",),
    "ssm": ("arn:${AWS::Partition}:ssm:*:${AWS::AccountId}:parameter/dr/${Suffix}/*",),
    "states": ("arn:${AWS::Partition}:states:*:${AWS::AccountId}:stateMachine:dr-${Suffix}-*",),
}
"""Services whose resources carry the environment's name."""

UNNAMED = ("apigateway", "backup-storage", "ec2", "kms")
"""Services whose resources get their names from AWS."""

GLOBAL = ("route53",)
"""Services without a region, and without names of ours; asked in us-east-1."""

PASSED_TO = (
    "apigateway.amazonaws.com",
    "backup.amazonaws.com",
    "lambda.amazonaws.com",
    "monitoring.rds.amazonaws.com",
    "s3.amazonaws.com",
    "scheduler.amazonaws.com",
    "states.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
)

AWS_POLICIES = (
    "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
    "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
)
"""The only managed policies that the library's roles carry."""

_SPECIAL = ("iam:PassRole", "iam:CreateServiceLinkedRole", "secretsmanager:GetRandomPassword")
_WITHOUT_RESOURCE = (
    "backup:CreateBackupPlan", "backup:CreateBackupSelection", "backup:DeleteBackupPlan",
    "backup:DeleteBackupSelection", "backup:GetBackupPlan", "backup:GetBackupSelection",
    "backup:ListBackupSelections", "backup:UpdateBackupPlan", "logs:CreateLogDelivery", "logs:DeleteLogDelivery",
    "secretsmanager:GetRandomPassword",
)  # fmt: skip
"""Calls without a resource of our naming although their service has them."""

_READ = ("Describe", "List")


def administer() -> Statement:
    """Let the administration role assume the execution role of this environment, and no other role."""
    return Statement(
        Sid="AssumeExecution",
        Effect=Allow,
        Action=[sts.AssumeRole],
        Resource=[Sub("arn:${AWS::Partition}:iam::${WorkloadAccount}:role/" + naming.EXECUTION_ROLE.text())],
    )


def execute(regions: Any) -> dict[str, list[Statement]]:
    """Return the execution role's policies by their names, each under a managed policy's 6,144 characters."""
    actions = sorted({action for needed in HANDLERS.values() for action in needed})
    named = [_on_names(service, _of(service, actions)) for service in sorted(NAMED)]
    half = len(named) // 2
    return {
        "stacks": [
            _own_stacks(),
            _read_templates(regions),
            _pass_roles(),
            _link_roles(),
            _never_itself(),
            _foreign_policies(),
            *named[:half],
        ],
        "names": named[half:],
        "network": [_in_regions("ManageUnnamed", [a for a in actions if a.startswith("ec2:")], regions)],
        "unnamed": [
            _in_regions("ManageUnnamed", _unnamed(actions), regions),
            _in_regions("DescribeAnything", [a for a in actions if _describes(a)], regions),
            _globally("ManageRoute53", [a for a in actions if a.split(":")[0] in GLOBAL]),
        ],
    }


def _of(service: str, actions: Iterable[str]) -> list[str]:
    return [
        action
        for action in actions
        if action.split(":")[0] == service and action not in (*_SPECIAL, *_WITHOUT_RESOURCE) and not _describes(action)
    ]


def _describes(action: str) -> bool:
    service, verb = action.split(":")
    return service in NAMED and service != "iam" and verb.startswith(_READ) and action not in _WITHOUT_RESOURCE


def _unnamed(actions: Iterable[str]) -> list[str]:
    others = [s for s in UNNAMED if s != "ec2"]
    return [a for a in actions if a.split(":")[0] in others or a in _WITHOUT_RESOURCE]


def _on_names(service: str, actions: list[str]) -> Statement:
    """Let the role manage what carries the environment's name."""
    resources = [Sub(arn) for arn in NAMED[service]]
    if service == "s3":
        resources.append(Sub(NAMED["s3"][0] + "/*"))
    return Statement(
        Sid=f"Manage{service.capitalize()}",
        Effect=Allow,
        Action=_actions(actions),
        Resource=resources,
    )


def _in_regions(sid: str, actions: list[str], regions: Any) -> Statement:
    return Statement(
        Sid=sid,
        Effect=Allow,
        Action=_actions(actions),
        Resource=["*"],
        Condition=Condition(StringEquals("aws:RequestedRegion", regions)),
    )


def _globally(sid: str, actions: list[str]) -> Statement:
    """Let the role use a global service; its requests count as made in us-east-1.

    IAM User Guide, "AWS global condition context keys", ``aws:RequestedRegion``.
    """
    return _in_regions(sid, actions, "us-east-1")


def _own_stacks() -> Statement:
    """Let the role work on the stacks that StackSets of this environment make."""
    return Statement(
        Sid="OwnStacks",
        Effect=Allow,
        Action=[Action("cloudformation", "*")],
        Resource=[Sub("arn:${AWS::Partition}:cloudformation:*:${AWS::AccountId}:stack/StackSet-dr-${Suffix}-*")],
        Condition=Condition(StringEquals("aws:ResourceAccount", Ref("AWS::AccountId"))),
    )


def _read_templates(regions: Any) -> Statement:
    """Let the role read the template that StackSets hand over in a bucket of their own."""
    return _in_regions("ReadStackSetTemplates", ["s3:GetObject"], regions)


def _pass_roles() -> Statement:
    """Let the role hand the environment's roles to the services that run under them, and to no other."""
    return Statement(
        Sid="PassRoles",
        Effect=Allow,
        Action=[Action("iam", "PassRole")],
        Resource=[Sub(NAMED["iam"][0])],
        Condition=Condition(StringEquals("iam:PassedToService", list(PASSED_TO))),
    )


def _never_itself() -> Statement:
    """Deny the role every change of the StackSets' own roles: it could give itself any right otherwise."""
    own = (naming.ADMINISTRATION_ROLE, naming.EXECUTION_ROLE)
    return Statement(
        Sid="NeverItself",
        Effect=Deny,
        Action=_actions(
            [
                "iam:AttachRolePolicy",
                "iam:DeleteRole",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePolicy",
                "iam:UpdateAssumeRolePolicy",
            ]
        ),
        Resource=[Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/" + name.text()) for name in own],
    )


def _foreign_policies() -> Statement:
    """Deny the role to attach any managed policy but the two of AWS's own that the library uses."""
    return Statement(
        Sid="ForeignPolicies",
        Effect=Deny,
        Action=_actions(["iam:AttachRolePolicy"]),
        Resource=[Sub(NAMED["iam"][0])],
        Condition=Condition(ArnNotEquals("iam:PolicyARN", [Sub(arn) for arn in AWS_POLICIES])),
    )


def _link_roles() -> Statement:
    """Let the role make the service-linked roles that RDS wants when it is used for the first time."""
    return Statement(
        Sid="LinkRoles",
        Effect=Allow,
        Action=[Action("iam", "CreateServiceLinkedRole")],
        Resource=[Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/aws-service-role/*")],
        Condition=Condition(
            StringLike(
                "iam:AWSServiceName",
                [
                    "backup.amazonaws.com",
                    "ops.apigateway.amazonaws.com",
                    "rds.amazonaws.com",
                ],
            )
        ),
    )


def _actions(names: Iterable[str]) -> list[Action]:
    return [Action(*name.split(":")) for name in names]
