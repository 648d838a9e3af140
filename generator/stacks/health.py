"""The region's health check, which its DNS records carry.

Calculated, and healthy only when all of its children are: the region's own writer proof, and one marker for
each other data region that might have superseded it. Silence of the proof is unhealthy; silence of a marker
keeps its last status (trap 27). The proof comes to Route 53 by metric (private, noticed in two to three
minutes) or by an endpoint (a regional REST API that reads the newest proof from the state table without a
function, asked every ten seconds by checkers from several regions, noticed in about thirty seconds).

Interval and type of a check can't be changed in place, and a new check starts healthy (trap 31): the plan
refuses such a change while the active region is not home.
"""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Join, Ref, Split, Sub, Template
from troposphere.cloudwatch import Alarm, MetricDimension
from troposphere.route53 import AlarmIdentifier, HealthCheck, HealthCheckConfig, Tags
from troposphere.ssm import Parameter as StoredParameter

from generator import naming
from generator.inputs import CHILD_COUNT, MARKER_CHECKS, SUFFIX
from generator.shape import Shape
from generator.stacks import _endpoint
from generator.stacks._alarms import settings_hash
from generator.stacks._template import outputs, template
from recovery import signals

CHECK_INTERVAL = 10
"""Seconds between two looks of one checker: the fast of the two intervals that Route 53 has."""

FAILURE_THRESHOLD = 3


def build(shape: Shape) -> Template:
    """Return the template ``health``."""
    by_metric = shape.probe == "metric"
    result = template(
        "The region's health check: its writer proof, and no survivor's marker against it.",
        (SUFFIX, MARKER_CHECKS, CHILD_COUNT),
    )
    result.add_resource(_proof_alarm())
    if by_metric:
        result.add_resource(_metric_check())
    else:
        for resource in _endpoint.resources(shape.checker_ranges):
            result.add_resource(resource)
        result.add_resource(_endpoint_check())
        outputs(result, ProofUrl=(_endpoint.url(), "Answers 200 while the newest proof holds, 503 otherwise."))
    result.add_resource(_calculated_check())
    result.add_resource(_parameter())
    outputs(
        result,
        ProofAlarmName=(Ref("ProofAlarm"), "In alarm while this region is not the proven writer."),
        HealthCheckId=(GetAtt("HealthCheck", "HealthCheckId"), "What the region's records carry."),
        ProofCheckId=(GetAtt("ProofCheck", "HealthCheckId"), "The check of the writer proof alone."),
    )
    return result


def _tags(what: str) -> Tags:
    return Tags(Name=Sub("dr-${Suffix}-${AWS::Region}-" + what))


_PROOF: dict[str, Any] = {
    "MetricName": signals.WRITER_PROOF,
    "Statistic": "Minimum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "LessThanThreshold",
    "TreatMissingData": "breaching",
}
"""What Route 53 takes over from the alarm: a standard-resolution metric and a basic statistic (trap 28)."""


def _proof_alarm() -> Alarm:
    """Return the alarm of the writer proof.

    It has no action: a standby's proof is 0 by nature, and Route 53 reads the alarm's metric and not its
    state (trap 27).
    """
    return Alarm(
        "ProofAlarm",
        AlarmName=Sub("dr-${Suffix}-${AWS::Region}-writer-proof-" + settings_hash(_PROOF)),
        AlarmDescription="Is this region the writer? The region's health check reads this alarm's metric.",
        Namespace=Sub(signals.NAMESPACE_PREFIX + "${Suffix}"),
        Dimensions=[MetricDimension(Name=signals.DIMENSION_REGION, Value=Ref("AWS::Region"))],
        **_PROOF,
    )


def _metric_check() -> HealthCheck:
    return HealthCheck(
        "ProofCheck",
        HealthCheckConfig=HealthCheckConfig(
            Type="CLOUDWATCH_METRIC",
            AlarmIdentifier=AlarmIdentifier(Name=Ref("ProofAlarm"), Region=Ref("AWS::Region")),
            InsufficientDataHealthStatus="Unhealthy",
        ),
        HealthCheckTags=_tags("writer-proof"),
    )


def _endpoint_check() -> HealthCheck:
    """Return the check of the endpoint. It validates no certificate (trap 56): what is read is no secret."""
    return HealthCheck(
        "ProofCheck",
        HealthCheckConfig=HealthCheckConfig(
            Type="HTTPS",
            FullyQualifiedDomainName=_endpoint.host(),
            ResourcePath=_endpoint.PATH,
            Port=443,
            EnableSNI=True,
            RequestInterval=CHECK_INTERVAL,
            FailureThreshold=FAILURE_THRESHOLD,
        ),
        HealthCheckTags=_tags("writer-proof"),
    )


def _calculated_check() -> HealthCheck:
    children: Any = Split(",", Join(",", [GetAtt("ProofCheck", "HealthCheckId"), Join(",", MARKER_CHECKS.ref)]))
    return HealthCheck(
        "HealthCheck",
        HealthCheckConfig=HealthCheckConfig(
            Type="CALCULATED", ChildHealthChecks=children, HealthThreshold=CHILD_COUNT.ref
        ),
        HealthCheckTags=_tags("writer"),
    )


def _parameter() -> StoredParameter:
    """Return where ``vote`` finds the check whose status it mirrors from us-east-1 (trap 36)."""
    return StoredParameter(
        "HealthParameter",
        Name=naming.HEALTH_PARAMETER.sub(),
        Description="The region's calculated health check.",
        Type="String",
        Value=GetAtt("HealthCheck", "HealthCheckId"),
    )
