"""What AWS's services may do for us: flow logs, monitoring, schedules, state machines, backups, the API."""

from __future__ import annotations

from typing import Any

from awacs import awslambda, dynamodb, kms, logs, sns, states, xray
from awacs.aws import Allow, Condition, ForAllValuesStringEquals, Null, Statement, StringEquals
from troposphere import Ref

from generator import naming
from generator.inputs import KEY_ARN
from generator.policies.functions import arn

RECOVERY_FUNCTIONS = ("assess", "fence", "promote", "confirm_writer")
"""What the state machine invokes."""


def write_flow_logs(log_group: Any) -> Statement:
    """Let VPC flow logs write to their log group (VPC guide, "IAM role for publishing flow logs")."""
    return Statement(
        Sid="WriteFlowLogs",
        Effect=Allow,
        Action=[logs.CreateLogStream, logs.DescribeLogStreams, logs.PutLogEvents],
        Resource=[log_group],
    )


def run_recovery() -> list[Statement]:
    """Let the state machine call its functions, hold the lease, mark, tell, and look at other executions."""
    functions = [arn("lambda", "function:" + naming.function(name).text()) for name in RECOVERY_FUNCTIONS]
    execution = "execution:" + naming.STATE_MACHINE.text() + ":*"
    return [
        Statement(Sid="InvokeRecovery", Effect=Allow, Action=[awslambda.InvokeFunction], Resource=functions),
        Statement(
            Sid="HoldLease",
            Effect=Allow,
            Action=[dynamodb.DeleteItem, dynamodb.GetItem, dynamodb.PutItem],
            Resource=[arn("dynamodb", "table/" + naming.STATE_TABLE.text())],
        ),
        Statement(Sid="TellPeople", Effect=Allow, Action=[sns.Publish], Resource=[arn("sns", naming.TOPIC.text())]),
        Statement(Sid="UseKey", Effect=Allow, Action=[kms.Decrypt, kms.GenerateDataKey], Resource=[KEY_ARN.ref]),
        Statement(
            Sid="LookAtHolder",
            Effect=Allow,
            Action=[states.DescribeExecution],
            Resource=[arn("states", execution)],
        ),
        _deliver_logs(),
        _trace(),
    ]


def _deliver_logs() -> Statement:
    """Let Step Functions deliver its logs (Step Functions guide, "Using CloudWatch Logs to log execution history")."""
    return Statement(
        Sid="DeliverStateMachineLogs",
        Effect=Allow,
        Action=[
            logs.CreateLogDelivery,
            logs.DeleteLogDelivery,
            logs.DescribeLogGroups,
            logs.DescribeResourcePolicies,
            logs.GetLogDelivery,
            logs.ListLogDeliveries,
            logs.PutResourcePolicy,
            logs.UpdateLogDelivery,
        ],
        Resource=["*"],
        Condition=Condition(StringEquals("aws:RequestedRegion", Ref("AWS::Region"))),
    )


def _trace() -> Statement:
    """Let the state machine's executions be traced (Step Functions guide, "X-Ray and Step Functions")."""
    return Statement(
        Sid="TraceExecutions",
        Effect=Allow,
        Action=[xray.GetSamplingRules, xray.GetSamplingTargets, xray.PutTelemetryRecords, xray.PutTraceSegments],
        Resource=["*"],
        Condition=Condition(StringEquals("aws:RequestedRegion", Ref("AWS::Region"))),
    )


def run_schedules(*functions: str) -> Statement:
    """Let EventBridge Scheduler invoke these functions."""
    return Statement(
        Sid="InvokeScheduled",
        Effect=Allow,
        Action=[awslambda.InvokeFunction],
        Resource=[arn("lambda", "function:" + naming.function(name).text()) for name in functions],
    )


def read_newest_proof() -> Statement:
    """Let API Gateway ask the state table for the region's newest proof, and for nothing else.

    The key holds several values, so it wants ``ForAllValues`` (DynamoDB guide, "Using IAM policy conditions for
    fine-grained access control"), which is also true of no value at all: hence the second condition.
    """
    return Statement(
        Sid="ReadNewestProof",
        Effect=Allow,
        Action=[dynamodb.Query],
        Resource=[arn("dynamodb", "table/" + naming.STATE_TABLE.text())],
        Condition=Condition(
            [ForAllValuesStringEquals("dynamodb:LeadingKeys", ["view"]), Null("dynamodb:LeadingKeys", "false")]
        ),
    )
