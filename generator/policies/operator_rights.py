"""What each command calls, on what, and why a resource has to be ``*``: the table of the operator's rights.

Nothing else is given: a test reads every call of :mod:`generator.aws` and holds that each is allowed, and that
nothing is that is not called. What a call needs beside itself (a role that is passed, a stack's own resources) is
in :data:`BEHIND`.

Actions and their resources: Service Authorization Reference, the page of each service.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from generator import naming
from generator.policies.handlers import HANDLERS

ADMINISTRATION, WORKLOAD = "administration", "workload"
_DEPLOYING = ("plan", "deploy", "diff", "status", "outputs", "stop", "destroy")
_BEFORE_AND_AFTER = ("preflight", "rehome")
_RECOVERIES = ("failover", "switchover", "failback")
_WATCHED = ("follow", "approve", "refuse")
COMMANDS = (*_DEPLOYING, *_BEFORE_AND_AFTER, *_RECOVERIES, *_WATCHED)
"""The commands that ask AWS, in the order of the documentation."""

_ALL = frozenset(COMMANDS)
_EVERY = frozenset({*_DEPLOYING, *_BEFORE_AND_AFTER})
"""Those that look at a whole environment; a recovery asks its target region alone."""
_RECOVERING, _FOLLOWING = frozenset(_RECOVERIES), frozenset({*_RECOVERIES, *_WATCHED})
_LOOKING = frozenset({"plan", "deploy", "diff", "outputs", "stop", "destroy", "rehome"})
_PLANNING = frozenset({"plan", "deploy", "diff"})
_CHANGING, _OPERATING = frozenset({"deploy", "destroy"}), frozenset({"deploy", "destroy", "rehome"})
_DEPLOY, _DESTROY = frozenset({"deploy"}), frozenset({"destroy"})
_STATUS = frozenset({"status", *_BEFORE_AND_AFTER})
_REHOME, _PREFLIGHT = frozenset({"rehome"}), frozenset({"preflight"})
_STOP = frozenset({"stop"})

FREE = frozenset({"sts:GetCallerIdentity"})
"""Calls that nobody needs a right for (STS API Reference, ``GetCallerIdentity``)."""

_STACKSET = "arn:aws:cloudformation:{home}:{owner}:stackset/dr-{suffix}-*:*"
_TARGETS = (
    "arn:aws:cloudformation:*:{owner}:stackset-target/dr-{suffix}-*",
    "arn:aws:cloudformation:*::type/resource/*",
)
_PLAIN = "arn:aws:cloudformation:{home}:{account}:stack/dr-{suffix}-*/*"
_BEHIND = "arn:aws:cloudformation:*:{account}:stack/StackSet-dr-{suffix}-*/*"
_TEMPLATES = "arn:aws:s3:::dr-{suffix}-*-{administration}-bodies"
_SECRET = "arn:aws:secretsmanager:*:{workload}:secret:dr-{suffix}-database-??????"
_MACHINE = "arn:aws:states:*:{workload}:stateMachine:dr-{suffix}-*-recovery"
_EXECUTION = "arn:aws:states:*:{workload}:execution:dr-{suffix}-*-recovery:*"
_TABLE = "arn:aws:dynamodb:*:{workload}:table/dr-{suffix}"
_LEASE = f"arn:aws:dynamodb:{{home}}:{{administration}}:table/{naming.DEPLOYMENT_TABLE.pattern}"
_CODE = "arn:aws:s3:::dr-{suffix}-*-{workload}-code"


@dataclass(frozen=True)
class Right:
    """A row: calls on resources, for some commands, in one of the accounts.

    resources: ARNs with holes; ``*`` needs a reason and ``within``. within: ``home``, ``regions``, ``everywhere`` or a
    region that the request must be made in. when: ``self-managed``, ``service-managed`` or ``two accounts``; always
    otherwise.
    condition: a key and its value, compared as text, or as a list's member for ``kms:ResourceAliases``.
    """

    sid: str
    account: str
    commands: frozenset[str]
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    reason: str = ""
    within: str = ""
    when: str = ""
    condition: tuple[tuple[str, str], ...] = ()


PLAIN: dict[str, tuple[str, ...]] = {
    "AWS::IAM::ManagedPolicy": (
        "iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:GetPolicy",
        "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy", "iam:ListPolicyVersions",
    ),
    **{
        kind: tuple(each for each in HANDLERS[kind] if each != "iam:PassRole")
        for kind in ("AWS::DynamoDB::Table", "AWS::IAM::Role", "AWS::S3::Bucket", "AWS::S3::BucketPolicy")
    },
}  # fmt: skip
"""What CloudFormation calls, with the caller's rights, for the plain stacks' own resources.

Only the roles of StackSets have managed policies, so :mod:`generator.policies.handlers` does not know them; the
actions are those of the type's handlers (CloudFormation registry, ``AWS::IAM::ManagedPolicy``).
"""


def _handlers(types: Iterable[str], verb: str) -> tuple[str, ...]:
    """Return what the types' handlers call: all to ``Make`` them, to ``Remove`` them only what looks or deletes."""
    found = {action for each in types for action in PLAIN[each]}
    looks = ("Delete", "Describe", "Detach", "Get", "List")
    return tuple(sorted(each for each in found if verb == "Make" or each.split(":")[1].startswith(looks)))


_VERBS = (("Make", _DEPLOY), ("Remove", _DESTROY))
_OWN = "the stack is made with the caller's own rights, since no role of CloudFormation's is there yet"

RIGHTS: tuple[Right, ...] = (
    Right(
        "AssumeAccessRole", ADMINISTRATION, _ALL, ("sts:AssumeRole",), ("arn:aws:iam::{workload}:role/{access}",),
        when="two accounts",
    ),
    Right(
        "ListStackSets", ADMINISTRATION, _EVERY, ("cloudformation:ListStackSets",), within="home",
        reason="the list is of all StackSets of the region; asked in the StackSets' region only",
    ),
    Right(
        "FindTrustedAccess", ADMINISTRATION, _EVERY, ("cloudformation:DescribeOrganizationsAccess",), within="home",
        when="service-managed", reason="it is about the organization; asked in the StackSets' region only",
    ),
    Right(
        "FindManagementAccount", ADMINISTRATION, _LOOKING, ("organizations:DescribeOrganization",), within="us-east-1",
        when="service-managed", reason="it is about the organization; its requests count as us-east-1's",
    ),
    Right(
        "ReadStackSets", ADMINISTRATION, _LOOKING,
        (
            "cloudformation:DescribeStackSet", "cloudformation:ListStackInstances",
            "cloudformation:ListStackSetOperationResults", "cloudformation:ListStackSetOperations",
        ),
        (_STACKSET,),
    ),
    Right(
        "ReadInstances", ADMINISTRATION, _STATUS,
        ("cloudformation:ListStackInstances", "cloudformation:ListStackSetOperations"), (_STACKSET,),
    ),
    Right(
        "FollowOperations", ADMINISTRATION, _OPERATING,
        ("cloudformation:DescribeStackSetOperation",), (_STACKSET,),
    ),
    Right(
        "StopOperations", ADMINISTRATION, _STOP, ("cloudformation:StopStackSetOperation",), (_STACKSET,),
    ),
    Right(
        "CreateStackSets", ADMINISTRATION, _DEPLOY,
        ("cloudformation:CreateStackInstances", "cloudformation:CreateStackSet"), (_STACKSET, *_TARGETS),
    ),
    Right(
        "ChangeStackSets", ADMINISTRATION, _CHANGING,
        (
            "cloudformation:DeleteStackInstances", "cloudformation:DeleteStackSet", "cloudformation:TagResource",
            "cloudformation:UntagResource", "cloudformation:UpdateStackInstances", "cloudformation:UpdateStackSet",
        ),
        (_STACKSET, *_TARGETS),
    ),
    Right(
        "UpdateInstances", ADMINISTRATION, _REHOME, ("cloudformation:UpdateStackInstances",), (_STACKSET, *_TARGETS),
    ),
    Right(
        "PassAdministrationRole", ADMINISTRATION, _OPERATING, ("iam:GetRole", "iam:PassRole"),
        (f"arn:aws:iam::{{administration}}:role/{naming.ADMINISTRATION_ROLE.pattern}",), when="self-managed",
    ),
    Right(
        "HoldLease", ADMINISTRATION, _OPERATING, ("dynamodb:GetItem", "dynamodb:UpdateItem"),
        (_LEASE,),
    ),
    Right(
        "PutTemplates", ADMINISTRATION, _CHANGING, ("s3:GetObject", "s3:PutObject"), (f"{_TEMPLATES}/*",),
    ),
    *(
        Right(
            "ListStacks", account, _EVERY, ("cloudformation:DescribeStacks", "cloudformation:ListStacks"),
            within="regions", reason="DescribeStacks without a name lists a region's stacks, and asks for both rights",
        )
        for account in (ADMINISTRATION, WORKLOAD)
    ),
    *(
        Right("ReadPlainStacks", account, _LOOKING, ("cloudformation:GetTemplate",), (_PLAIN,))
        for account in (ADMINISTRATION, WORKLOAD)
    ),
    Right(
        "ReadMissedTemplates", WORKLOAD, _DESTROY, ("cloudformation:GetTemplate",), (_BEHIND,),
    ),
    Right(
        "FindReleased", WORKLOAD, _DESTROY, ("cloudformation:DescribeStacks", "cloudformation:ListStacks"),
        within="everywhere", reason="stacks that were kept may be in a region that the file does not have any more",
    ),
    *(
        Right(
            "CreatePlainStacks", account, _DEPLOY,
            (
                "cloudformation:CreateStack", "cloudformation:TagResource", "cloudformation:UntagResource",
                "cloudformation:UpdateStack",
            ),
            (_PLAIN,),
        )
        for account in (ADMINISTRATION, WORKLOAD)
    ),
    *(
        Right(
            "DeletePlainStacks", account, _CHANGING,
            (
                "cloudformation:DeleteStack", "cloudformation:DescribeStackEvents",
                "cloudformation:UpdateTerminationProtection",
            ),
            (_PLAIN,),
        )
        for account in (ADMINISTRATION, WORKLOAD)
    ),
    *(
        Right(f"{verb}LeaseTable", ADMINISTRATION, commands, _handlers(["AWS::DynamoDB::Table"], verb), (_LEASE,), _OWN)
        for verb, commands in _VERBS
    ),
    *(
        Right(
            f"{verb}TemplateBucket", ADMINISTRATION, commands,
            _handlers(["AWS::S3::Bucket", "AWS::S3::BucketPolicy"], verb), (_TEMPLATES,), _OWN,
        )
        for verb, commands in _VERBS
    ),
    *(
        Right(
            f"{verb}StackSetRoles", account, commands,
            _handlers(["AWS::IAM::Role", "AWS::IAM::ManagedPolicy"], verb),
            (
                "arn:aws:iam::{account}:role/dr-{suffix}-stackset-*",
                "arn:aws:iam::{account}:policy/dr-{suffix}-stackset-*",
            ),
            _OWN, when="self-managed",
        )
        for account in (ADMINISTRATION, WORKLOAD)
        for verb, commands in _VERBS
    ),
    *(
        Right(
            "EmptyBuckets", account, _DESTROY,
            (
                "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketMultipartUploads",
                "s3:ListBucketVersions",
            ),
            ("arn:aws:s3:::dr-{suffix}-*-{account}-*",),
        )
        for account in (ADMINISTRATION, WORKLOAD)
    ),
    Right(
        "TakeSnapshots", WORKLOAD, _DESTROY, ("rds:CreateDBClusterSnapshot", "rds:DescribeDBClusterSnapshots"),
        ("arn:aws:rds:*:{workload}:cluster:dr-{suffix}-*", "arn:aws:rds:*:{workload}:cluster-snapshot:dr-{suffix}-*"),
    ),
    Right(
        "SeeSecretReplicas", WORKLOAD, _CHANGING, ("secretsmanager:DescribeSecret",), (_SECRET,),
    ),
    Right(
        "RemoveSecretReplicas", WORKLOAD, _DESTROY, ("secretsmanager:RemoveRegionsFromReplication",), (_SECRET,),
    ),
    Right(
        "ReplicateSecret", WORKLOAD, _DEPLOY, ("secretsmanager:ReplicateSecretToRegions",), (_SECRET,),
    ),
    Right(
        "EncryptReplicas", WORKLOAD, _DEPLOY, ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
        ("arn:aws:kms:*:{workload}:key/*",),
        condition=(
            ("kms:ResourceAliases", naming.KEY_ALIAS.pattern), ("kms:ViaService", "secretsmanager.*.amazonaws.com"),
        ),
    ),
    Right(
        "LiftTerminationProtection", WORKLOAD, _DESTROY, ("cloudformation:UpdateTerminationProtection",), (_BEHIND,),
    ),
    Right(
        "ReadStackEvents", WORKLOAD, _OPERATING, ("cloudformation:DescribeStackEvents",), (_BEHIND,),
    ),
    Right(
        "ProtectStacks", WORKLOAD, _CHANGING, ("cloudformation:GetStackPolicy", "cloudformation:SetStackPolicy"),
        (_BEHIND,),
    ),
    Right(
        "SeeGlobalDatabase", WORKLOAD, _EVERY | _RECOVERING, ("rds:DescribeDBClusters", "rds:DescribeGlobalClusters"),
        within="regions", reason="AWS's own policy for a Region switch plan describes on * too; in these regions",
    ),
    Right(
        "ReadAlarms", WORKLOAD, _EVERY, ("cloudwatch:DescribeAlarms",), within="regions",
        reason="alarms that are asked for by a prefix are looked for among all; asked in these regions only",
    ),
    Right(
        "ReadPrefixLists", WORKLOAD, _PLANNING, ("ec2:DescribeManagedPrefixLists",), within="regions",
        reason="EC2's describe calls have no resource level; asked in these regions only",
    ),
    Right(
        "PutPackages", WORKLOAD, _DEPLOY, ("s3:GetObject", "s3:PutObject"), (f"{_CODE}/*",),
    ),
    Right(
        "EncryptPackages", WORKLOAD, _DEPLOY, ("kms:Decrypt", "kms:GenerateDataKey"),
        ("arn:aws:kms:*:{workload}:key/*",),
        condition=(("kms:ResourceAliases", naming.KEY_ALIAS.pattern), ("kms:ViaService", "s3.*.amazonaws.com")),
    ),
    Right(
        "CallBootstrap", WORKLOAD, _DEPLOY, ("lambda:InvokeFunction",),
        ("arn:aws:lambda:*:{workload}:function:dr-{suffix}-*-bootstrap-database",),
    ),
    Right(
        "ReadState", WORKLOAD, _STATUS | _RECOVERING, ("dynamodb:Scan",), (f"{_TABLE}-*-state",),
    ),
    Right(
        "ReadSubscribers", WORKLOAD, _STATUS | _DEPLOY, ("sns:ListSubscriptionsByTopic",),
        ("arn:aws:sns:*:{workload}:dr-{suffix}-*-notices",),
    ),
    Right(
        "ReadMetrics", WORKLOAD, _STATUS, ("cloudwatch:GetMetricData",), within="metrics",
        reason="GetMetricData has no resource level; Route 53's own metrics are in us-east-1",
    ),
    Right(
        "ReadZoneParameter", WORKLOAD, _STATUS, ("ssm:GetParameter",),
        ("arn:aws:ssm:{home}:{workload}:parameter/dr/{suffix}/*",),
    ),
    Right(
        "ReadDns", WORKLOAD, _STATUS,
        (
            "route53:GetHealthCheckStatus", "route53:ListHealthChecks", "route53:ListHostedZonesByName",
            "route53:ListResourceRecordSets", "route53:TestDNSAnswer",
        ),
        within="us-east-1", reason="Route 53 chooses the ids of zones and checks; its requests count as us-east-1's",
    ),
    Right(
        "StartRecovery", WORKLOAD, _RECOVERING, ("states:StartExecution",), (_MACHINE,),
    ),
    Right(
        "CallAssess", WORKLOAD, _RECOVERING, ("lambda:InvokeFunction",),
        ("arn:aws:lambda:*:{workload}:function:dr-{suffix}-*-assess",),
    ),
    Right(
        "ReadRecoveryLease", WORKLOAD, _FOLLOWING | _REHOME, ("dynamodb:GetItem",), (f"{_TABLE}-*-state",),
    ),
    Right(
        "FollowRecovery", WORKLOAD, _FOLLOWING, ("states:DescribeExecution", "states:GetExecutionHistory"),
        (_EXECUTION,),
    ),
    Right(
        "SeeRecovery", WORKLOAD, _REHOME, ("states:DescribeExecution",), (_EXECUTION,),
    ),
    Right(
        "FindRecovery", WORKLOAD, frozenset({"follow"}), ("states:ListExecutions",), (_MACHINE,),
    ),
    Right(
        "ApproveRecovery", WORKLOAD, frozenset({"approve"}), ("states:SendTaskSuccess",), within="regions",
        reason="an answer names a task's token and no resource; whoever may read the history has it",
    ),
    Right(
        "RefuseRecovery", WORKLOAD, frozenset({"refuse"}), ("states:SendTaskFailure",), within="regions",
        reason="an answer names a task's token and no resource; whoever may read the history has it",
    ),
    Right(
        "CallPreflight", WORKLOAD, _PREFLIGHT, ("lambda:InvokeFunction",),
        ("arn:aws:lambda:*:{workload}:function:dr-{suffix}-*-preflight",),
    ),
    Right(
        "SeeSchedules", WORKLOAD, _PREFLIGHT, ("scheduler:GetSchedule",),
        ("arn:aws:scheduler:*:{workload}:schedule/default/dr-{suffix}-*",),
    ),
)  # fmt: skip
"""Every right, the administration account's first."""


@dataclass(frozen=True)
class Behind:
    """A right that no call names, and why it is needed all the same."""

    action: str
    why: str


BEHIND: tuple[Behind, ...] = (
    Behind("cloudformation:ListStacks", "DescribeStacks without a name (CloudFormation API, DescribeStacks)"),
    Behind("cloudformation:TagResource", "a stack or StackSet is made or updated with tags"),
    Behind("cloudformation:UntagResource", "a tag that the environment file no longer has is removed by an update"),
    Behind("iam:GetRole", "a StackSet names its administration role (guide, Grant self-managed permissions)"),
    Behind("iam:PassRole", "a StackSet names its administration role (guide, Grant self-managed permissions)"),
    Behind("s3:GetObject", "HeadObject, and the template that a call names by its address"),
    Behind("kms:Decrypt", "HeadObject on an encrypted object, and a secret that is replicated"),
    Behind("kms:Encrypt", "a secret's replica is kept under a key of ours (API, ReplicateSecretToRegions)"),
    Behind("kms:GenerateDataKey", "PutObject into a bucket that encrypts with a key of ours; the same for a replica"),
    *(
        Behind(action, f"a plain stack's own resources ({kind})")
        for kind, actions in PLAIN.items()
        for action in actions
    ),
)  # fmt: skip
"""Rights that follow from a call and are not the call's own."""
