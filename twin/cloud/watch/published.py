"""Metrics that AWS's services publish by themselves, where the thing itself exists here and an alarm reads them.

Lambda Developer Guide, "Types of metrics for Lambda functions"; Step Functions Developer Guide, "Monitoring Step
Functions metrics using Amazon CloudWatch"; Aurora User Guide, "Amazon CloudWatch metrics for Amazon Aurora"
(``AuroraGlobalDBReplicationLag``: milliseconds, in secondary regions only; traps 9 and 102). Route 53's statuses are
published by :mod:`twin.cloud.watch.checks`, S3's by :mod:`twin.cloud.watch.replication`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from twin.cloud.emulator import module
from twin.cloud.watch import alarms, metrics

Lags = Callable[[], Mapping[tuple[str, str, str], float]]
"""Returns how far each replica is behind, in seconds, by account, region and cluster; nothing for a writer."""

PUBLISHED = frozenset(
    {
        *(("AWS/Lambda", name) for name in ("Invocations", "Errors", "Throttles")),
        *(("AWS/States", f"Executions{word}") for word in ("Started", "Succeeded", "Failed", "TimedOut", "Aborted")),
        *(("AWS/S3", f"{name}Replication") for name in ("OperationsPending", "BytesPending", "OperationsFailed")),
        ("AWS/S3", "ReplicationLatency"),
        ("AWS/RDS", "AuroraGlobalDBReplicationLag"),
        ("AWS/Route53", "HealthCheckStatus"),
    }
)
"""Namespace and name of every metric of AWS's own that the local cloud publishes."""

_ENDED = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


def install() -> None:
    """Publish what functions and executions do, whoever starts them."""
    functions, machines = module("services.lambda_svc"), module("services.stepfunctions")
    run, tell = functions._execute_function_dispatch, machines._emit_execution_status_event

    def ran(record: Any, config: Mapping[str, Any], *rest: Any) -> Any:
        try:
            result = run(record, config, *rest)
        except BaseException:
            _function(config, failed=True)
            raise
        _function(config, failed=bool(result.get("error")))
        return result

    def throttled(name: str, *, throttle: bool, **_rest: Any) -> None:
        if throttle:
            module("services.cloudwatch").record_metric("AWS/Lambda", "Throttles", 1, "Count", {"FunctionName": name})

    def told(execution: Mapping[str, Any]) -> Any:
        _, _, _, region, account = str(execution["executionArn"]).split(":")[:5]
        about = {"StateMachineArn": str(execution["stateMachineArn"])}
        metrics.publish((account, region), ("AWS/States", _ENDED[execution["status"]], about), 1, "Count")
        return tell(execution)

    functions._execute_function_dispatch, functions._emit_lambda_metrics = ran, throttled
    machines._emit_execution_status_event = told


def _function(config: Mapping[str, Any], *, failed: bool) -> None:
    parts = str(config["FunctionArn"]).split(":")
    place, about = (parts[4], parts[3]), {"FunctionName": str(config["FunctionName"])}
    metrics.publish(place, ("AWS/Lambda", "Invocations", about), 1, "Count")
    metrics.publish(place, ("AWS/Lambda", "Errors", about), float(failed), "Count")


class Lag:
    """Publishes the lag of a global database's replicas, once a minute; asking them may take its time."""

    def __init__(self, lags: Lags) -> None:
        self._lags = lags
        self._published = 0.0
        self._asking: Future[None] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="lag")

    def look(self, now: float) -> None:
        """Begin to publish if a minute has ended; what failed before is raised."""
        if self._asking and self._asking.done():
            asked, self._asking = self._asking, None
            asked.result()
        end = alarms.boundary(now, alarms.MINUTE)
        if end > self._published and self._asking is None:
            self._published = end
            self._asking = self._pool.submit(self._publish)

    def stop(self) -> None:
        """Ask no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _publish(self) -> None:
        for (account, region, cluster), seconds in self._lags().items():
            lag = ("AWS/RDS", "AuroraGlobalDBReplicationLag", {"DBClusterIdentifier": cluster})
            metrics.publish((account, region), lag, seconds * 1000, "Milliseconds")
