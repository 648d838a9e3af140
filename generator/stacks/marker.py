"""What this region says, and notices, about one other data region.

One StackSet for each data region, deployed in every *other* data region, so that no template depends on how
many there are. It holds the survivor's marker "superseded", which Route 53 reads to keep a region that comes
back from the dead from being answered, whatever that region believes of itself (trap 34), and the alarm by
which the survivor notices that the other can't be reached.

The marker's check is healthy while the region is *not* superseded and is not inverted, because a new check
starts healthy and an inverted one unhealthy (trap 31). Without data it keeps its last known status: silence
of the survivor must not bring a zombie back (trap 27).
"""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Ref, Sub, Template
from troposphere.cloudwatch import Alarm, MetricDimension
from troposphere.route53 import AlarmIdentifier, HealthCheck, HealthCheckConfig, Tags

from generator.inputs import NOTICE_ARN, SUFFIX, SUPERSEDED_REGION, TOPIC_ARN
from generator.shape import Shape
from generator.stacks._alarms import settings_hash
from generator.stacks._template import outputs, template
from recovery import signals

_SETTINGS: dict[str, Any] = {
    "MetricName": signals.SUPERSEDED,
    "Statistic": "Maximum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "ignore",
}


def build(shape: Shape) -> Template:
    """Return the template ``marker``."""
    result = template(
        "This region's marker and alarm about one other data region.",
        (SUFFIX, SUPERSEDED_REGION, TOPIC_ARN, NOTICE_ARN),
    )
    result.add_resource(_alarm())
    result.add_resource(_check())
    result.add_resource(_partner_alarm())
    outputs(
        result,
        MarkerCheckId=(GetAtt("MarkerCheck", "HealthCheckId"), "Unhealthy while this region supersedes the other."),
        MarkerAlarmName=(Ref("MarkerAlarm"), "The alarm whose metric the check reads."),
    )
    return result


def _alarm() -> Alarm:
    return Alarm(
        "MarkerAlarm",
        AlarmName=Sub("dr-${Suffix}-${AWS::Region}-superseded-${SupersededRegion}-" + settings_hash(_SETTINGS)),
        AlarmDescription="In alarm while this region has taken over and the other is not yet a replica again.",
        Namespace=Sub(signals.NAMESPACE_PREFIX + "${Suffix}"),
        Dimensions=[MetricDimension(Name=signals.DIMENSION_REGION, Value=SUPERSEDED_REGION.ref)],
        AlarmActions=[TOPIC_ARN.ref],
        OKActions=[TOPIC_ARN.ref],
        **_SETTINGS,
    )


def _check() -> HealthCheck:
    return HealthCheck(
        "MarkerCheck",
        HealthCheckConfig=HealthCheckConfig(
            Type="CLOUDWATCH_METRIC",
            AlarmIdentifier=AlarmIdentifier(Name=Ref("MarkerAlarm"), Region=Ref("AWS::Region")),
            InsufficientDataHealthStatus="LastKnownStatus",
        ),
        HealthCheckTags=Tags(Name=Sub("dr-${Suffix}-${AWS::Region}-superseded-${SupersededRegion}")),
        Metadata={"Silence": "a survivor that falls silent must not bring back the region that it superseded"},
    )


def _partner_alarm() -> Alarm:
    """Return the alarm that has ``notice`` look at once, instead of at the next minute (trap 36a)."""
    return Alarm(
        "PartnerLost",
        AlarmName=Sub("dr-${Suffix}-${AWS::Region}-lost-${SupersededRegion}"),
        AlarmDescription="This region's probe can't reach the other region's database over the peering.",
        Namespace=Sub(signals.NAMESPACE_PREFIX + "${Suffix}"),
        MetricName=signals.PARTNER_REACHED,
        Dimensions=[MetricDimension(Name=signals.DIMENSION_REGION, Value=SUPERSEDED_REGION.ref)],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="missing",
        AlarmActions=[TOPIC_ARN.ref, NOTICE_ARN.ref],
        OKActions=[TOPIC_ARN.ref],
    )
