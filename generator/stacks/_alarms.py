"""Alarms that several stacks have, made from references: an alarm on a literal id can never fire (trap B5)."""

from __future__ import annotations

import hashlib
import json
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


def settings_hash(settings: dict[str, Any]) -> str:
    """Return eight characters that change with an alarm's settings.

    Editing an alarm does not update a health check that was made from it (trap 29), so new settings get a
    new name. Alarm and check are in one stack: it makes the new alarm, moves the check to it, and only then
    deletes the old one.
    """
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]
