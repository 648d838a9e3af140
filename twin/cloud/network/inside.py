"""Calls that the emulator makes inside, without HTTP: state machines' tasks and schedules' starts meet outages too.

A state machine of a dead region stops where it is. Its execution is shown as aborted afterwards: on AWS it would have
gone on when the region came back, after its limits had passed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from twin.cloud.emulator import module
from twin.cloud.journal import JOURNAL
from twin.cloud.network import outages, refusals
from twin.cloud.network.outages import OUTAGES, Call

PATIENCE_SECONDS = 60.0
"""After which the SDK behind a task gives up; the tasks of this library have shorter limits of their own."""
LOOK_SECONDS = 0.02
ABORTED = "ABORTED"
STOPPED = "ExecutionAborted"
"""The event that whoever stops an execution adds, in a thread of their own."""
_PREFIXES = {"dynamodb": "DynamoDB", "sns": "SNS", "lambda": "Lambda", "sqs": "SQS"}
_SIGNED = {"sfn": "states", "stepfunctions": "states", "cloudwatch": "monitoring", "cloudwatchlogs": "logs"}


class LostError(SystemExit):
    """The execution was stopped, or its region is gone: its thread ends without a word."""


def install() -> None:
    """Let outages strike what state machines and schedules do."""
    machines, rules = module("services.stepfunctions"), module("services.eventbridge")
    machines._invoke_resource = _met(machines, machines._invoke_resource)
    machines._invoke_with_callback = _met(machines, machines._invoke_with_callback)
    machines._add_event = _alive(machines._add_event)
    rules._invoke_target = _fired(rules._invoke_target)
    OUTAGES.listen(stop_executions)


def stop_executions() -> None:
    """Stop the executions of dead regions."""
    machines = module("services.stepfunctions")
    for (_, region, _), execution in list(machines._executions._data.items()):
        mode = OUTAGES.mode(region)
        if mode and execution["status"] == "RUNNING":
            cause = f"{region} was lost"
            execution.update(status=ABORTED, stopDate=datetime.now(UTC).isoformat(), cause=cause)
            JOURNAL.note(
                "state machine", region, "the execution ends with its region", cause, execution=execution["name"]
            )


def _alive(add: Callable[..., Any]) -> Callable[..., Any]:
    """End the thread of an execution that was stopped, or whose region died, at the next thing that it would do."""

    def added(execution: Mapping[str, Any], kind: str, *rest: Any) -> Any:
        if execution["status"] == ABORTED and kind != STOPPED:
            raise LostError
        return add(execution, kind, *rest)

    return added


def _met(machines: Any, invoke: Callable[..., Any]) -> Callable[..., Any]:
    def invoked(resource: str, *given: Any) -> Any:
        call, prefix = _asked(machines, resource)
        identity = OUTAGES.strike(call)
        outage = OUTAGES.get(identity)
        if outage is None:
            return invoke(resource, *given)
        if outage.how == outages.SLOW:
            time.sleep(outage.seconds)
            return invoke(resource, *given)
        if outage.after_effect:
            invoke(resource, *given)
        if outage.how == outages.HANGS:
            _wait(identity)
        if outage.how in outages.SILENT:
            raise machines._ExecutionError(f"{prefix}.SdkClientException", f"{call.service} did not answer: {outage}")
        said = refusals.refused(call.service, outage.how)
        name = said.code if said.code.endswith("Exception") else f"{said.code}Exception"
        raise machines._ExecutionError(f"{prefix}.{name}", f"{said.message} (Status Code: {said.status})")

    return invoked


def _wait(identity: str) -> None:
    """Wait as long as an SDK would, or until the outage is over: what was sent into it is lost all the same."""
    last = time.monotonic() + PATIENCE_SECONDS
    pause = threading.Event()
    while OUTAGES.get(identity) is not None and time.monotonic() < last:
        pause.wait(LOOK_SECONDS)


def _asked(machines: Any, resource: str) -> tuple[Call, str]:
    """Return a task's call, and what Step Functions puts before the names of that service's errors."""
    region = module("core.responses").get_region()
    parts = resource.removesuffix(".waitForTaskToken").removesuffix(".sync").split(":")
    if parts[2] == "lambda":
        return Call(region, "lambda", "Invoke"), "Lambda"
    if parts[5] == "aws-sdk":
        service, action = parts[6].lower(), parts[7]
        prefix = machines._AWS_SDK_ERROR_PREFIX.get(service, service.capitalize())
        return Call(region, _SIGNED.get(service, service), action), prefix
    return Call(region, parts[5], parts[6]), _PREFIXES.get(parts[5], parts[5].capitalize())


def _fired(invoke: Callable[..., Any]) -> Callable[..., Any]:
    """Drop what a schedule or rule starts in an outage: it is not made up for (trap 100)."""

    def fired(target: Mapping[str, Any], *rest: Any) -> Any:
        region = module("core.responses").get_region()
        service = str(target.get("Arn", ":::")).split(":")[2]
        if OUTAGES.mode(region):
            return None
        for each in (Call(region, "scheduler", "Fire"), Call(region, service, "Invoke")):
            outage = OUTAGES.get(OUTAGES.strike(each))
            if outage is not None and outage.how != outages.SLOW:
                JOURNAL.note(
                    "service", region, f"a start of {str(target.get('Arn')).rpartition(':')[2]} is lost", f"{outage}"
                )
                return None
        return invoke(target, *rest)

    return fired
