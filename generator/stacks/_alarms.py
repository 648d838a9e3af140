"""Alarms that several stacks have, made from references: an alarm on a literal id can never fire (trap B5)."""

from __future__ import annotations

from typing import Any

from troposphere import Ref, Sub
from troposphere.cloudwatch import Alarm, MetricDimension

from generator.stacks._functions import Work


def error_alarm(work: Work, topic: Any) -> Alarm:
    """Return the alarm that tells when a function fails; a failed run is not tried again (trap 100)."""
    return Alarm(
        f"{work.title}Fails",
        AlarmName=Sub("dr-${Suffix}-${AWS::Region}-" + work.name.replace("_", "-") + "-fails"),
        AlarmDescription=f"The function {work.name} fails: its log group says why.",
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[MetricDimension(Name="FunctionName", Value=Ref(work.title))],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=3,
        DatapointsToAlarm=2,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
        OKActions=[topic],
    )
