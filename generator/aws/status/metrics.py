"""A region's own metrics, read in one call: the proof, the lags, the markers, and the objects on their way.

A global database's lag exists only where the cluster is secondary (trap 9). S3 publishes what is pending and how
late it is in the destination's region, and what failed in the source's (Amazon S3 User Guide, "Using S3
Replication metrics").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from generator import naming
from generator.aws.status.report import Datum, Inbound, Measured
from generator.config import Environment
from recovery import signals

_MINUTE = 60
_LATELY = timedelta(minutes=15)
_HOUR = 3600
_MOST_QUERIES = 500
"""CloudWatch API, ``GetMetricData``: "a single call can include up to 500 MetricDataQuery structures"."""


@dataclass(frozen=True)
class _Query:
    """One metric: where it is, which statistic, over which period in seconds."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period: int = _MINUTE

    def asked(self, number: int) -> dict[str, Any]:
        """Return it as CloudWatch's ``MetricDataQuery``."""
        dimensions = [{"Name": name, "Value": value} for name, value in self.dimensions]
        metric = {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions}
        stat = {"Metric": metric, "Period": self.period, "Stat": self.statistic}
        return {"Id": f"m{number}", "MetricStat": stat, "ReturnData": True}


def measured(client: Any, environment: Environment, region: str, now_ms: int) -> Measured:
    """Return the region's metrics. Raises botocore's errors."""
    queries = dict(_queries(environment, region))
    newest = _newest(client, queries, now_ms)
    others = [each.name for each in environment.data_regions if each.name != region]
    inbound = tuple(
        Inbound(other, *(newest.get(f"{what} {other}") for what in ("operations", "size", "latency")))
        for other in others
        if region in {each.name for each in environment.data_regions}
    )
    return Measured(
        proof=newest.get("proof"),
        heartbeat=newest.get("heartbeat"),
        aurora_lag=newest.get("aurora lag"),
        superseded={other: newest[f"superseded {other}"] for other in others if f"superseded {other}" in newest},
        inbound=inbound,
        failed=sum(newest[f"failed {other}"].value for other in others if f"failed {other}" in newest),
    )


def mirrored(client: Any, checks: tuple[str, ...], now_ms: int) -> dict[str, bool]:
    """Return Route 53's own status of these health checks, of which some may be missing. Client: us-east-1's.

    Route 53 Developer Guide, "Monitoring health checks using CloudWatch": HealthCheckStatus is 1 for healthy.
    """
    queries = {
        each: _Query("AWS/Route53", "HealthCheckStatus", (("HealthCheckId", each),), "Minimum") for each in checks
    }
    return {check: datum.value >= 1 for check, datum in _newest(client, queries, now_ms).items()}


def _queries(environment: Environment, region: str) -> Iterator[tuple[str, _Query]]:
    own = signals.namespace(environment.suffix)
    here = ((signals.DIMENSION_REGION, region),)
    yield "proof", _Query(own, signals.WRITER_PROOF, here, "Minimum")
    yield "heartbeat", _Query(own, signals.HEARTBEAT_AGE, here, "Minimum")
    cluster = naming.CLUSTER.of(suffix=environment.suffix, region=region)
    yield (
        "aurora lag",
        _Query("AWS/RDS", "AuroraGlobalDBReplicationLag", (("DBClusterIdentifier", cluster),), "Maximum"),
    )
    for each in environment.data_regions:
        if each.name == region:
            continue
        about = ((signals.DIMENSION_REGION, each.name),)
        yield f"superseded {each.name}", _Query(own, signals.SUPERSEDED, about, "Maximum")
        into, out = _rule(environment, each.name, region), _rule(environment, region, each.name)
        yield f"operations {each.name}", _Query("AWS/S3", "OperationsPendingReplication", into, "Maximum")
        yield f"size {each.name}", _Query("AWS/S3", "BytesPendingReplication", into, "Maximum")
        yield f"latency {each.name}", _Query("AWS/S3", "ReplicationLatency", into, "Maximum")
        yield f"failed {each.name}", _Query("AWS/S3", "OperationsFailedReplication", out, "Sum", _HOUR)


def _rule(environment: Environment, source: str, destination: str) -> tuple[tuple[str, str], ...]:
    """Return the dimensions of the rule from one region's bucket to another's (``storage`` names the rule)."""

    def bucket(region: str) -> str:
        return naming.DATA_BUCKET.of(suffix=environment.suffix, region=region, account=environment.accounts.workload)

    return (
        ("SourceBucket", bucket(source)), ("DestinationBucket", bucket(destination)), ("RuleId", f"to-{destination}"),
    )  # fmt: skip


def _newest(client: Any, queries: Mapping[str, _Query], now_ms: int) -> dict[str, Datum]:
    """Return the newest value of each metric that has one."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    since = now - (timedelta(seconds=_HOUR) if any(each.period == _HOUR for each in queries.values()) else _LATELY)
    names, found = list(queries), dict[str, Datum]()
    for first in range(0, len(names), _MOST_QUERIES):
        asked = [queries[name].asked(number) for number, name in enumerate(names[first : first + _MOST_QUERIES], first)]
        pages = client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=asked,
            StartTime=since,
            EndTime=now + timedelta(seconds=_MINUTE),
            ScanBy="TimestampDescending",
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                pairs = [(_ms(at), value) for at, value in zip(result["Timestamps"], result["Values"], strict=True)]
                query = queries[name := names[int(result["Id"][1:])]]
                for at_ms, value in pairs:
                    old = query.period == _MINUTE and now_ms - at_ms > _LATELY.total_seconds() * 1000
                    if not old and (name not in found or at_ms > found[name].at_ms):
                        found[name] = Datum(value, at_ms)
    return found


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
