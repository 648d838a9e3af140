"""A function with its role and its log group, as ``probe`` and ``recovery`` have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from awacs.aws import PolicyDocument, Statement
from troposphere import GetAtt, Join, Ref, Sub
from troposphere.awslambda import (
    Code,
    Environment,
    EventInvokeConfig,
    Function,
    LoggingConfig,
    TracingConfig,
    VPCConfig,
)
from troposphere.iam import Policy, Role
from troposphere.logs import LogGroup
from troposphere.scheduler import FlexibleTimeWindow, RetryPolicy, Schedule, Target

from generator import naming
from generator.inputs import (
    CLIENT_GROUP_ID,
    CODE_BUCKET,
    COMPUTE_SUBNET_IDS,
    DATA_REGIONS,
    KEY_ARN,
    LOG_DAYS,
    WITNESS_REGIONS,
    code_key,
)
from generator.policies import functions as allow
from generator.policies import services, trust
from generator.policies.wildcards import reasons

RUNTIME = "python3.13"
"""Supported by Lambda until October 2029 (Lambda guide, "Lambda runtimes"); trap 82."""

_MAX_AGE = 60
"""Seconds. An older start is dropped: a region that comes back must not replay stale probes (trap 100)."""

NOT_ENCRYPTED = {
    "id": "CKV_AWS_173",
    "comment": "the environment holds names, no secret; Lambda's own key encrypts it, and a key of ours would put"
    " KMS on the path of every cold start in an incident",
}
NO_QUEUE = {
    "id": "CKV_AWS_116",
    "comment": "nothing is kept for later: a stale probe or notice must not be replayed (trap 100); the next"
    " minute's run replaces a lost one, and an alarm tells of its errors",
}
NO_RESERVE = {
    "id": "CKV_AWS_115",
    "comment": "reserved concurrency fails in young accounts, of whose ten executions none may be reserved (trap 91)",
}
NO_SCHEDULE_KEY = {
    "id": "CKV_AWS_297",
    "comment": "what a schedule holds is an empty payload; a key of ours would put KMS on the path of every proof",
}
NOT_IN_VPC = {
    "id": "CKV_AWS_117",
    "comment": "calls other regions' services, which a function in a VPC without NAT can't reach (trap 71)",
}


@dataclass(frozen=True)
class Work:
    """What makes one function differ from another.

    name: the module in lambda/. seconds: its time limit. memory: MB. statements: what it may do beside
    writing its logs. in_vpc: whether it connects to a database. settings: its environment variables beside
    those that all have.
    """

    name: str
    says: str
    seconds: int
    statements: Sequence[Statement]
    settings: Mapping[str, Any] = field(default_factory=dict)
    memory: int = 256
    in_vpc: bool = False
    role_name: naming.Name | None = None

    @property
    def title(self) -> str:
        """Return the title that the function's resources share."""
        return "".join(part.capitalize() for part in self.name.split("_"))


def function(work: Work) -> Function:
    """Return the function itself."""
    vpc = (
        {"VpcConfig": VPCConfig(SecurityGroupIds=[CLIENT_GROUP_ID.ref], SubnetIds=COMPUTE_SUBNET_IDS.ref)}
        if work.in_vpc
        else {}
    )
    skips = [NOT_ENCRYPTED, NO_QUEUE, NO_RESERVE] + ([] if work.in_vpc else [NOT_IN_VPC])
    return Function(
        work.title,
        FunctionName=naming.function(work.name).sub(),
        Description=work.says,
        Runtime=RUNTIME,
        Architectures=["arm64"],
        Handler=f"{work.name}.handler",
        Code=Code(S3Bucket=CODE_BUCKET.ref, S3Key=code_key(work.name).ref),
        Role=GetAtt(f"{work.title}Role", "Arn"),
        Timeout=work.seconds,
        MemorySize=work.memory,
        LoggingConfig=LoggingConfig(LogGroup=Ref(f"{work.title}Logs")),
        TracingConfig=TracingConfig(Mode="PassThrough"),
        Environment=Environment(Variables={**_settings(), **work.settings}),
        Metadata={"checkov": {"skip": skips}},
        **vpc,
    )


def _settings() -> dict[str, Any]:
    return {
        "DR_SUFFIX": Ref("Suffix"),
        "DR_TABLE": naming.STATE_TABLE.sub(),
        "DR_DATA_REGIONS": Join(",", DATA_REGIONS.ref),
        "DR_WITNESS_REGIONS": Join(",", WITNESS_REGIONS.ref),
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
    }


def role(work: Work) -> Role:
    """Return the function's role; its policy is inline, so that neither is ever there alone (trap 92)."""
    statements = [allow.write_logs(work.name), *work.statements]
    if work.in_vpc:
        statements += allow.live_in_vpc(work.name)
    return Role(
        f"{work.title}Role",
        RoleName=(work.role_name or naming.role(work.name)).sub(),
        Description=f"Runs the function {work.name}.",
        AssumeRolePolicyDocument=trust.service("lambda.amazonaws.com"),
        Policies=[
            Policy(
                PolicyName=work.name.replace("_", "-"),
                PolicyDocument=PolicyDocument(Version="2012-10-17", Statement=statements),
            )
        ],
        Metadata=reasons(statements),
    )


def log_group(work: Work) -> LogGroup:
    """Return the function's log group, with a key and a retention (trap 73)."""
    return LogGroup(
        f"{work.title}Logs",
        LogGroupName=Sub("/aws/lambda/" + naming.function(work.name).text()),
        KmsKeyId=KEY_ARN.ref,
        RetentionInDays=LOG_DAYS.ref,
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
    )


def no_retries(work: Work) -> EventInvokeConfig:
    """Return the limits of asynchronous starts: never twice, never late (trap 100)."""
    return EventInvokeConfig(
        f"{work.title}Starts",
        FunctionName=Ref(work.title),
        Qualifier="$LATEST",
        MaximumRetryAttempts=0,
        MaximumEventAgeInSeconds=_MAX_AGE,
    )


def schedule(work: Work, expression: str) -> Schedule:
    """Return the schedule that starts the function; EventBridge Scheduler runs once a minute at most.

    A late or failed start is never made up for (trap 100).
    """
    return Schedule(
        f"{work.title}Schedule",
        Name=naming.function(work.name).sub(),
        Description=f"Starts {work.name}.",
        FlexibleTimeWindow=FlexibleTimeWindow(Mode="OFF"),
        ScheduleExpression=expression,
        Target=Target(
            Arn=GetAtt(work.title, "Arn"),
            RoleArn=GetAtt("ScheduleRole", "Arn"),
            Input="{}",
            RetryPolicy=RetryPolicy(MaximumRetryAttempts=0, MaximumEventAgeInSeconds=_MAX_AGE),
        ),
        Metadata={"checkov": {"skip": [NO_SCHEDULE_KEY]}},
    )


def schedule_role(purpose: str, works: Sequence[Work]) -> Role:
    """Return the role by which the scheduler starts the functions of one stack."""
    statements = [services.run_schedules(*(work.name for work in works))]
    return Role(
        "ScheduleRole",
        RoleName=naming.role(purpose).sub(),
        Description="Starts the scheduled functions.",
        AssumeRolePolicyDocument=trust.service("scheduler.amazonaws.com"),
        Policies=[
            Policy(
                PolicyName="start",
                PolicyDocument=PolicyDocument(Version="2012-10-17", Statement=statements),
            )
        ],
        Metadata=reasons(statements),
    )
