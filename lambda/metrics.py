"""The metrics that a function publishes about regions, in its own region.

All of one round travel in one call. A value is always explicit: Route 53 must see 0, not silence, from a
region whose database says that it is not the writer (trap 27).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from recovery import signals

STANDARD = 60
HIGH = 1
"""Storage resolutions in seconds (CloudWatch API reference, ``MetricDatum``)."""


@dataclass(frozen=True)
class Metric:
    """One value about one region. ``resolution``: Route 53 reads standard resolution alone (trap 28)."""

    name: str
    region: str
    value: float
    resolution: int = STANDARD
    seconds: bool = False


def publish(client: Any, suffix: str, metrics: Iterable[Metric], at_ms: int) -> None:
    """Publish ``metrics`` in one call (at most 1,000 fit; CloudWatch API reference, ``PutMetricData``).

    Raises botocore's errors.
    """
    client.put_metric_data(Namespace=signals.namespace(suffix), MetricData=[datum(metric, at_ms) for metric in metrics])


def datum(metric: Metric, at_ms: int) -> dict[str, Any]:
    """Return ``metric`` as CloudWatch's ``MetricDatum``."""
    return {
        "MetricName": metric.name,
        "Dimensions": [{"Name": signals.DIMENSION_REGION, "Value": metric.region}],
        "Timestamp": moment(at_ms),
        "Value": float(metric.value),
        "Unit": "Seconds" if metric.seconds else "None",
        "StorageResolution": metric.resolution,
    }


def moment(at_ms: int) -> datetime:
    """Return milliseconds since 1970 as a time that AWS's clients take."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)
