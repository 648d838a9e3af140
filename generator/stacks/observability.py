"""The region's dashboard, and the alarms of both directions of replication.

Lag metrics of a global database exist only where the cluster is secondary, so after a swap an alarm on them
falls silent just when it is wanted (trap 9). Every region has the same alarms, and one more that says so
when a region neither writes nor knows its lag. Everything is made from references: an alarm on a literal id
can never fire (trap B5). The dashboard searches, so that it shows however many partners there are.
"""

from __future__ import annotations

import json
from typing import Any

from troposphere import Ref, Sub, Template
from troposphere.cloudwatch import (
    Alarm,
    CompositeAlarm,
    Dashboard,
    Metric,
    MetricDataQuery,
    MetricDimension,
    MetricStat,
)

from generator import naming
from generator.inputs import RPO_SECONDS, SUFFIX, TOPIC_ARN
from generator.shape import Shape
from generator.stacks._template import outputs, template
from recovery import signals

_NAMESPACE = Sub(signals.NAMESPACE_PREFIX + "${Suffix}")
_RTC_SECONDS = 900
_ALARMS = ("LagAlarm", "HeartbeatAlarm", "BehindAlarm", "UnwatchedAlarm", "S3LatencyAlarm", "S3FailedAlarm")


def build(shape: Shape) -> Template:
    """Return the template ``observability``."""
    result = template(
        "The region's dashboard and the alarms of replication.",
        (SUFFIX, TOPIC_ARN, RPO_SECONDS),
    )
    for resource in (
        _lag_alarm(), _heartbeat_alarm(), _no_heartbeat_alarm(),
        _not_writer_alarm(), _behind_alarm(), _unwatched_alarm(),
        _s3_latency_alarm(), _s3_failed_alarm(), _dashboard(),
    ):  # fmt: skip
        result.add_resource(resource)
    outputs(
        result,
        DashboardName=(Ref("Dashboard"), "The region's dashboard."),
        BehindAlarmName=(Ref("BehindAlarm"), "In alarm while a failover to this region would lose too much."),
    )
    return result


def _alarm(title: str, name: str, says: str, *, tell: bool = True, **settings: Any) -> Alarm:
    actions = {"AlarmActions": [TOPIC_ARN.ref], "OKActions": [TOPIC_ARN.ref]} if tell else {}
    return Alarm(
        title,
        AlarmName=Sub("dr-${Suffix}-${AWS::Region}-" + name),
        AlarmDescription=says,
        **actions,
        **settings,
    )


def _lag_alarm() -> Alarm:
    """Return the alarm on Aurora's own lag, which it publishes in milliseconds and on secondaries only (trap 102)."""
    return _alarm(
        "LagAlarm",
        "aurora-lag",
        "Aurora says that this region is further behind than the objective allows.",
        tell=False,
        Metrics=[
            MetricDataQuery(
                Id="lag",
                ReturnData=False,
                MetricStat=MetricStat(
                    Metric=Metric(
                        Namespace="AWS/RDS",
                        MetricName="AuroraGlobalDBReplicationLag",
                        Dimensions=[MetricDimension(Name="DBClusterIdentifier", Value=naming.CLUSTER.sub())],
                    ),
                    Period=60,
                    Stat="Maximum",
                ),
            ),
            MetricDataQuery(Id="seconds", Expression="lag / 1000", Label="seconds", ReturnData=True),
        ],
        EvaluationPeriods=3,
        DatapointsToAlarm=3,
        Threshold=RPO_SECONDS.ref,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )


def _heartbeat_alarm() -> Alarm:
    """Return the alarm on the lag as the replicated heartbeat shows it: measured, and not reported by Aurora."""
    return _alarm(
        "HeartbeatAlarm",
        "heartbeat-age",
        "The heartbeat that reached this region is older than the objective allows.",
        tell=False,
        Namespace=_NAMESPACE,
        MetricName=signals.HEARTBEAT_AGE,
        Dimensions=[MetricDimension(Name=signals.DIMENSION_REGION, Value=Ref("AWS::Region"))],
        Statistic="Minimum",
        Period=60,
        EvaluationPeriods=2,
        Threshold=RPO_SECONDS.ref,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )


def _behind_alarm() -> CompositeAlarm:
    """Return the one alarm people get when either says that a failover would lose too much."""
    return CompositeAlarm(
        "BehindAlarm",
        AlarmName=Sub("dr-${Suffix}-${AWS::Region}-behind"),
        AlarmDescription="A failover to this region would lose more than the objective allows.",
        AlarmRule=Sub('ALARM("${LagAlarm}") OR ALARM("${HeartbeatAlarm}")'),
        AlarmActions=[TOPIC_ARN.ref],
        OKActions=[TOPIC_ARN.ref],
    )


def _unwatched_alarm() -> CompositeAlarm:
    """Return the alarm of a region that is not the writer and does not know its lag either (trap 9).

    The heartbeat's absence is an alarm of its own that tells nobody by itself.
    """
    return CompositeAlarm(
        "UnwatchedAlarm",
        AlarmName=Sub("dr-${Suffix}-${AWS::Region}-unwatched"),
        AlarmDescription="This region is not the writer, and nothing says how far behind it is.",
        AlarmRule=Sub('ALARM("${NotWriterAlarm}") AND ALARM("${NoHeartbeatAlarm}")'),
        AlarmActions=[TOPIC_ARN.ref],
        OKActions=[TOPIC_ARN.ref],
    )


def _not_writer_alarm() -> Alarm:
    """Return the alarm that no proof has held for five minutes; one that fails now and then is no news."""
    return _alarm(
        "NotWriterAlarm",
        "not-writer",
        "No writer proof has held here for five minutes, which is right for a standby.",
        tell=False,
        Namespace=_NAMESPACE,
        MetricName=signals.WRITER_PROOF,
        Dimensions=[MetricDimension(Name=signals.DIMENSION_REGION, Value=Ref("AWS::Region"))],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=5,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
    )


def _no_heartbeat_alarm() -> Alarm:
    return _alarm(
        "NoHeartbeatAlarm",
        "no-heartbeat",
        "No heartbeat's age has been published for five minutes, which is right for the writer alone.",
        tell=False,
        Namespace=_NAMESPACE,
        MetricName=signals.HEARTBEAT_AGE,
        Dimensions=[MetricDimension(Name=signals.DIMENSION_REGION, Value=Ref("AWS::Region"))],
        Statistic="SampleCount",
        Period=60,
        EvaluationPeriods=5,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
    )


def _s3_query(statistic: str, metric: str, side: str) -> Sub:
    """Return the query over all rules whose ``side`` is this region's bucket.

    Latency and what is pending are published in the destination's region, failures in the source's (S3 guide,
    "Using S3 Replication metrics"): a query on the other side never finds anything, and its alarm never fires.
    """
    return Sub(
        f'SELECT {statistic}({metric}) FROM SCHEMA("AWS/S3", DestinationBucket, RuleId, SourceBucket)'
        f" WHERE {side} = '{naming.DATA_BUCKET.text()}'"
    )


def _s3_alarm(title: str, name: str, says: str, query: Sub, threshold: int) -> Alarm:
    """Return an alarm over all destinations of the bucket, however many there are.

    CloudWatch guide, "Create alarms on Metrics Insights queries"; the metrics exist for rules that have
    them on (S3 guide, "Monitoring replication with metrics").
    """
    return _alarm(
        title,
        name,
        says,
        Metrics=[MetricDataQuery(Id="all", Expression=query, Period=300, ReturnData=True, Label=name)],
        EvaluationPeriods=2,
        Threshold=threshold,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )


def _s3_latency_alarm() -> Alarm:
    return _s3_alarm(
        "S3LatencyAlarm",
        "s3-latency",
        "Objects reach this region later than Replication Time Control promises (fifteen minutes).",
        _s3_query("MAX", "ReplicationLatency", "DestinationBucket"),
        _RTC_SECONDS,
    )


def _s3_failed_alarm() -> Alarm:
    return _s3_alarm(
        "S3FailedAlarm",
        "s3-failed",
        "Objects failed to replicate: look at the bucket's replication events, and at the key's rights.",
        _s3_query("SUM", "OperationsFailedReplication", "SourceBucket"),
        0,
    )


def _widget(x: int, y: int, title: str, metrics: list[Any], *, stat: str = "Maximum") -> dict[str, Any]:
    return {
        "type": "metric",
        "x": x,
        "y": y,
        "width": 12,
        "height": 6,
        "properties": {
            "title": title,
            "region": "${AWS::Region}",
            "view": "timeSeries",
            "stat": stat,
            "period": 60,
            "metrics": metrics,
        },
    }


def _search(schema: str, metric: str, stat: str, more: str = "") -> list[Any]:
    return [
        {"expression": f"SEARCH('{{{schema}}} MetricName=\"{metric}\" {more}', '{stat}', 60)", "id": metric.lower()}
    ]


def _dashboard() -> Dashboard:
    """Return the dashboard; the region is in its name because dashboards are global in an account."""
    own = signals.NAMESPACE_PREFIX + "${Suffix}"
    by_region = f'"{own}",{signals.DIMENSION_REGION}'
    s3 = '"AWS/S3",DestinationBucket,RuleId,SourceBucket'
    into, out = (f'{side}="{naming.DATA_BUCKET.text()}"' for side in ("DestinationBucket", "SourceBucket"))
    cluster = naming.CLUSTER.text()
    machine = (
        "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:" + naming.STATE_MACHINE.text()
    )
    widgets = [
        _widget(0, 0, "Writer proof (1 = written and read back)",
                [[own, signals.WRITER_PROOF, signals.DIMENSION_REGION, "${AWS::Region}"]], stat="Minimum"),
        _widget(12, 0, "What this region sees of the others", [
            _search(by_region, signals.PARTNER_REACHED, "Minimum"),
            _search(by_region, signals.PARTNER_WRITER, "Minimum"),
            _search(by_region, signals.SUPERSEDED, "Maximum")]),
        _widget(0, 6, "Replication lag: heartbeat (s) and Aurora (ms)", [
            [own, signals.HEARTBEAT_AGE, signals.DIMENSION_REGION, "${AWS::Region}"],
            ["AWS/RDS", "AuroraGlobalDBReplicationLag", "DBClusterIdentifier", cluster, {"yAxis": "right"}]]),
        _widget(12, 6, "Objects: latency (s) and pending inwards, failed outwards", [
            _search(s3, "ReplicationLatency", "Maximum", into),
            _search(s3, "OperationsPendingReplication", "Average", into),
            _search(s3, "OperationsFailedReplication", "Sum", out)]),
        _widget(0, 12, "Database: connections and CPU", [
            ["AWS/RDS", "DatabaseConnections", "DBClusterIdentifier", cluster],
            ["AWS/RDS", "CPUUtilization", "DBClusterIdentifier", cluster, {"yAxis": "right"}]]),
        _widget(12, 12, "Health check (mirrored), pre-flight and recoveries", [
            [own, signals.HEALTH_CHECK_STATUS, signals.DIMENSION_REGION, "${AWS::Region}"],
            [own, signals.PREFLIGHT, signals.DIMENSION_REGION, "${AWS::Region}"],
            ["AWS/States", "ExecutionsStarted", "StateMachineArn", machine, {"stat": "Sum"}],
            ["AWS/States", "ExecutionsFailed", "StateMachineArn", machine, {"stat": "Sum"}]]),
        {"type": "alarm", "x": 0, "y": 18, "width": 24, "height": 3,
         "properties": {"title": "Alarms", "alarms": [f"${{{alarm}.Arn}}" for alarm in _ALARMS]}},
    ]  # fmt: skip
    return Dashboard(
        "Dashboard",
        DashboardName=Sub("dr-${Suffix}-${AWS::Region}"),
        DashboardBody=Sub(json.dumps({"widgets": widgets}, indent=1)),
    )
