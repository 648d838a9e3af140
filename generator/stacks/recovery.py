"""What carries out a recovery in this region: the state machine, its functions and roles, and the topic.

Every region has the whole of it, and a recovery always runs in the target region: it needs nothing from the
lost region and nothing from a global control plane, and every role it needs was made beforehand (traps 46,
50). It depends on no database, so that it is there first, and refers to everything by names that can be
computed. The functions are outside the VPC, because they call other regions (trap 71).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from awacs.aws import PolicyDocument
from troposphere import Equals, GetAtt, Not, Ref, Sub, Template
from troposphere.awslambda import Permission
from troposphere.cloudwatch import Alarm, Metric, MetricDataQuery, MetricDimension, MetricStat
from troposphere.iam import Policy, Role
from troposphere.logs import LogGroup
from troposphere.sns import SubscriptionResource, Topic, TopicPolicy
from troposphere.stepfunctions import (
    CloudWatchLogsLogGroup,
    LogDestination,
    LoggingConfiguration,
    StateMachine,
    TracingConfiguration,
)

from generator import naming
from generator.inputs import (
    APPROVAL_SECONDS,
    CODE_BUCKET,
    DATA_NETWORK_ACL_ID,
    DATA_REGIONS,
    DNS_REGION,
    DOMAIN,
    EXTERNAL_ID,
    GLOBAL_CLUSTER,
    KEY_ARN,
    LOG_DAYS,
    MODE,
    NOTICE_SECONDS,
    ORGANIZATION,
    OTHER_NETWORK_ACLS,
    PEOPLE_TO_TELL,
    RPO_SECONDS,
    SUFFIX,
    WITNESS_REGIONS,
    code_key,
)
from generator.policies import functions as allow
from generator.policies import services, topics, trust
from generator.policies.wildcards import reasons
from generator.shape import Shape
from generator.slots import NONE, PEOPLE, Slots
from generator.stacks import _functions, _recovery_functions
from generator.stacks._alarms import error_alarm
from generator.stacks._template import outputs, template

_PEOPLE = Slots("People", PEOPLE)
_DEFINITION = Path(__file__).with_name("recovery.asl.json")
_INPUTS = (
    *(SUFFIX, DATA_REGIONS, WITNESS_REGIONS, ORGANIZATION, EXTERNAL_ID, PEOPLE_TO_TELL, LOG_DAYS),
    *(KEY_ARN, DATA_NETWORK_ACL_ID, OTHER_NETWORK_ACLS, CODE_BUCKET),
    *(code_key(name) for name in _recovery_functions.PATH),
    *(DOMAIN, DNS_REGION, GLOBAL_CLUSTER, MODE, RPO_SECONDS, NOTICE_SECONDS, APPROVAL_SECONDS),
)


def build(shape: Shape) -> Template:
    """Return the template ``recovery``."""
    works = _recovery_functions.works()
    result = template(
        "The state machine that switches over and fails over, its functions and roles, and the topic.", _INPUTS
    )
    _PEOPLE.declare(result)
    result.add_condition(trust.HAS_ORGANIZATION, Not(Equals(ORGANIZATION.ref, NONE)))
    result.add_condition(trust.HAS_EXTERNAL_ID, Not(Equals(EXTERNAL_ID.ref, NONE)))
    for resource in (*_topic(), *(_subscription(index) for index in range(PEOPLE)), _fence_role()):
        result.add_resource(resource)
    for work in works:
        for resource in (
            _functions.log_group(work), _functions.role(work), _functions.function(work), _functions.no_retries(work),
        ):  # fmt: skip
            result.add_resource(resource)
    by_name = {work.name: work for work in works}
    scheduled = [by_name["notice"], by_name["preflight"]]
    for resource in (
        _functions.schedule_role("recovery-schedules", scheduled),
        _functions.schedule(by_name["notice"], "rate(1 minute)"),
        _functions.schedule(by_name["preflight"], "rate(1 hour)"),
        _alarm_permission(),
        _machine_logs(),
        _machine_role(),
        _machine(),
        _failure_alarm(),
        *(error_alarm(work, Ref("Topic")) for work in works),
        _preflight_alarm(),
    ):
        result.add_resource(resource)
    _outputs(result)
    return result


def _topic() -> list[Any]:
    """Return the topic that tells people, encrypted with our key: AWS's own can't be used by alarms (trap 72)."""
    return [
        Topic(
            "Topic",
            TopicName=naming.TOPIC.sub(),
            DisplayName="Disaster recovery",
            KmsMasterKeyId=KEY_ARN.ref,
        ),
        TopicPolicy("TopicPolicy", Topics=[Ref("Topic")], PolicyDocument=topics.notices()),
    ]


def _subscription(index: int) -> SubscriptionResource:
    """Return one person's subscription; it must be confirmed in every region, which pre-flight checks (trap 49f)."""
    return SubscriptionResource(
        f"Person{index + 1}",
        Condition=_PEOPLE.condition(index),
        TopicArn=Ref("Topic"),
        Protocol="email",
        Endpoint=_PEOPLE.value(index),
    )


def _fence_role() -> Role:
    """Return the role by which a partner's recovery role closes this region's data subnets."""
    statements = allow.close_data_subnets(DATA_NETWORK_ACL_ID.ref)
    return Role(
        "PartnersFence",
        RoleName=naming.FENCE_ROLE.sub(),
        Description="Lets the environment's other regions fence this region's database.",
        AssumeRolePolicyDocument=trust.fence(),
        MaxSessionDuration=3600,
        Policies=[
            Policy(
                PolicyName="fence",
                PolicyDocument=PolicyDocument(Version="2012-10-17", Statement=statements),
            )
        ],
        Metadata=reasons(statements),
    )


def _alarm_permission() -> Permission:
    """Let this environment's alarms call ``notice``: an alarm can't start a state machine (trap 36a)."""
    return Permission(
        "AlarmsMayNotice",
        Action="lambda:InvokeFunction",
        FunctionName=GetAtt("Notice", "Arn"),
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
        SourceAccount=Ref("AWS::AccountId"),
        SourceArn=allow.arn("cloudwatch", "alarm:dr-${Suffix}-*"),
    )


def _machine_logs() -> LogGroup:
    return LogGroup(
        "StateMachineLogs",
        LogGroupName=Sub("/aws/vendedlogs/states/" + naming.STATE_MACHINE.text()),
        KmsKeyId=KEY_ARN.ref,
        RetentionInDays=LOG_DAYS.ref,
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
    )


def _machine_role() -> Role:
    statements = services.run_recovery()
    return Role(
        "StateMachineRole",
        RoleName=naming.role("state-machine").sub(),
        Description="Runs the recovery.",
        AssumeRolePolicyDocument=trust.service("states.amazonaws.com"),
        Policies=[
            Policy(
                PolicyName="recover",
                PolicyDocument=PolicyDocument(Version="2012-10-17", Statement=statements),
            )
        ],
        Metadata=reasons(statements),
    )


@cache
def definition() -> dict[str, Any]:
    """Return the state machine as ``recovery.asl.json`` has it."""
    return dict(json.loads(_DEFINITION.read_text(encoding="utf-8")))


def _machine() -> StateMachine:
    """Return the state machine: Standard, since Express has no task tokens (trap 49d)."""
    arns = {f"{by}Arn": GetAtt(by, "Arn") for by in ("Assess", "Fence", "Promote", "ConfirmWriter")}
    return StateMachine(
        "StateMachine",
        StateMachineName=naming.STATE_MACHINE.sub(),
        StateMachineType="STANDARD",
        RoleArn=GetAtt("StateMachineRole", "Arn"),
        Definition=definition(),
        DefinitionSubstitutions={
            **arns,
            "StateTable": naming.STATE_TABLE.sub(),
            "Suffix": SUFFIX.ref,
            "TopicArn": Ref("Topic"),
        },
        LoggingConfiguration=LoggingConfiguration(
            Level="ALL",
            IncludeExecutionData=True,
            Destinations=[
                LogDestination(
                    CloudWatchLogsLogGroup=CloudWatchLogsLogGroup(LogGroupArn=GetAtt("StateMachineLogs", "Arn"))
                )
            ],
        ),
        TracingConfiguration=TracingConfiguration(Enabled=True),
    )


_ENDINGS = {"failed": "ExecutionsFailed", "late": "ExecutionsTimedOut", "aborted": "ExecutionsAborted"}
"""The ways in which an execution ends badly, each a metric of its own (Step Functions guide, "Monitoring Step
Functions metrics using Amazon CloudWatch"). For the last two the machine itself tells nobody: no Catch runs."""


def _failure_alarm() -> Alarm:
    dimension = MetricDimension(Name="StateMachineArn", Value=Ref("StateMachine"))
    counts = [
        MetricDataQuery(
            Id=name,
            ReturnData=False,
            MetricStat=MetricStat(
                Metric=Metric(Namespace="AWS/States", MetricName=metric, Dimensions=[dimension]), Period=60, Stat="Sum"
            ),
        )
        for name, metric in _ENDINGS.items()
    ]
    total = " + ".join(f"FILL({name}, 0)" for name in _ENDINGS)
    return Alarm(
        "RecoveryFailed",
        AlarmName=Sub("dr-${Suffix}-${AWS::Region}-recovery-failed"),
        AlarmDescription="A recovery failed, timed out or was aborted. Look at its execution: the last state says why.",
        Metrics=[*counts, MetricDataQuery(Id="all", Expression=total, Label="ended badly", ReturnData=True)],
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[Ref("Topic")],
    )


def _preflight_alarm() -> Alarm:
    """Return the alarm of the standing pre-flight, which runs every hour: two hours of silence are a failure too."""
    return Alarm(
        "PreflightFinds",
        AlarmName=Sub("dr-${Suffix}-${AWS::Region}-preflight"),
        AlarmDescription="The hourly pre-flight found something that would stop a recovery, or did not run.",
        Namespace=Sub("DisasterRecovery/${Suffix}"),
        MetricName="Preflight",
        Dimensions=[MetricDimension(Name="Region", Value=Ref("AWS::Region"))],
        Statistic="Minimum",
        Period=3600,
        EvaluationPeriods=2,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
        AlarmActions=[Ref("Topic")],
        OKActions=[Ref("Topic")],
    )


def _outputs(result: Template) -> None:
    outputs(
        result,
        TopicArn=(Ref("Topic"), "The topic that tells people."),
        NoticeArn=(GetAtt("Notice", "Arn"), "The function that alarms call."),
        StateMachineArn=(Ref("StateMachine"), "The state machine that a failover to this region starts."),
        FenceRoleArn=(GetAtt("PartnersFence", "Arn"), "The role that fences this region's database."),
        RecoveryRoleArn=(GetAtt("FenceRole", "Arn"), "The role that may assume the partners' fence roles."),
    )
