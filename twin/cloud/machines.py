"""What state machines do, noted in the journal: each state that takes time, and how an execution ends.

And what the emulator's histories lack: the parameters of a task that is scheduled, with which whoever reads the
history finds the token of one that waits (Step Functions API, ``TaskScheduledEventDetails``).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from twin.cloud.emulator import module
from twin.cloud.journal import JOURNAL

SOURCE = "state machine"
_ENDS = {"ExecutionSucceeded": "succeeded", "ExecutionFailed": "failed", "ExecutionAborted": "was aborted"}
_QUICK = ("Pass", "Choice")


def install() -> None:
    """Note each event of an execution that a reader wants to know, as it is added."""
    machines = module("services.stepfunctions")
    add, apply = machines._add_event, machines._apply_parameters
    newest = threading.local()  # an execution has a thread of its own

    def applied(*given: Any) -> Any:
        newest.parameters = apply(*given)
        return newest.parameters

    def added(execution: dict[str, Any], kind: str, details: Any = None) -> Any:
        scheduled = (details or {}).get("taskScheduledEventDetails")
        if scheduled is not None:
            parameters = json.dumps(getattr(newest, "parameters", {}))
            scheduled |= {"region": execution["executionArn"].split(":")[3], "parameters": parameters}
        event = add(execution, kind, details)
        _note(execution, kind, details or {})
        return event

    machines._apply_parameters = applied
    machines._add_event = added


def _note(execution: Mapping[str, Any], kind: str, details: Mapping[str, Any]) -> None:
    arn = str(execution["executionArn"])
    region, name = arn.split(":")[3], str(execution["name"])
    entered = details.get("stateEnteredEventDetails")
    if entered and not kind.startswith(_QUICK):
        JOURNAL.note(SOURCE, region, f"enters {entered['name']}", state=entered["name"], execution=name)
    if kind in _ENDS:
        said = json.loads(str(execution.get("output") or "{}"))
        output = said if isinstance(said, dict) else {}
        cause = str(execution.get("cause") or output.get("reason", ""))
        JOURNAL.note(
            SOURCE, region, f"the execution {_ENDS[kind]}", cause, execution=name, ended=_ENDS[kind], output=output
        )
