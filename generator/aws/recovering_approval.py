"""The answer to a recovery that waits for an approval, given without the message that asks for it.

The task's token is in the execution's history, among the parameters of the task that waits (Step Functions API,
``TaskScheduledEventDetails``), so it is kept nowhere else.
"""

from __future__ import annotations

import json
import re
from typing import Any

from botocore.exceptions import ClientError

from generator.aws.errors import code
from generator.aws.recovering import Target
from generator.errors import CloudError

_WAITS = "publish.waitForTaskToken"
_TOKEN = re.compile(r"--task-token (?P<token>[^\s,]+)")
_OVER = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


def waiting(target: Target, execution: str) -> str:
    """Return the token of the approval that the execution waits for, empty when it waits for none.

    Raises CloudError when the region can't be asked.
    """
    pages = target.client("stepfunctions").get_paginator("get_execution_history")

    def question() -> str:
        asked = pages.paginate(executionArn=execution, reverseOrder=True, includeExecutionData=True)
        return _token([event for page in asked for event in page["events"]])

    return target.asked("reading the recovery's history", question)


def _token(newest_first: list[dict[str, Any]]) -> str:
    for event in newest_first:
        if event["type"] == "TaskStateExited":
            return ""  # whatever waited before this has been answered
        details = event.get("taskScheduledEventDetails") or {}
        if str(details.get("resource", "")).endswith(_WAITS):
            found = _TOKEN.search(str(json.loads(details.get("parameters") or "{}").get("Message", "")))
            return found["token"] if found else ""
    return ""


def approve(target: Target, token: str, by: str) -> None:
    """Let the recovery go on. Raises CloudError when it does not wait any more, or the service refuses."""
    send = target.client("stepfunctions").send_task_success
    _answer(target, lambda: send(taskToken=token, output=json.dumps({"by": by})))


def refuse(target: Target, token: str, by: str, reason: str) -> None:
    """End the recovery before it has changed anything. Raises CloudError as :func:`approve` does."""
    send = target.client("stepfunctions").send_task_failure
    _answer(target, lambda: send(taskToken=token, error="Refused", cause=f"{by}: {reason}"))


def _answer(target: Target, call: Any) -> None:
    def question() -> None:
        try:
            call()
        except ClientError as error:
            if code(error) in _OVER:
                raise CloudError(
                    "the recovery does not wait for an approval any more: it was answered, or its time is over",
                    hint="python -m generator follow ENV shows how it went on",
                ) from error
            raise

    target.asked("answering the approval", question)
