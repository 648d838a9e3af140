"""A recovery followed live: what its execution has done, in sentences, until it has ended.

Only the target's Step Functions is asked. That it falls silent for a while is told and waited for: the recovery
itself goes on there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from generator.aws.events import Said, Sink
from generator.aws.recovering import RUNNING, SilentError, Target, describe
from generator.aws.recovering_events import RecoveryDoing, RecoveryEnded, RecoveryMoved
from generator.errors import CloudError
from recovery.narrative import DOING, Line, left

LOOK_SECONDS = 1.0
"""Between two looks; an account has 20 histories a second (Step Functions Developer Guide, "Service quotas")."""

SILENCE_SECONDS = 600.0
"""How long Step Functions may be silent before following is given up; the recovery is not."""


def follow(
    target: Target,
    execution: str,
    sink: Sink,
    *,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> RecoveryEnded:
    """Tell what the execution does until it has ended, and return how. Raises CloudError when it can't be read."""
    following = _Following(target, execution, sink)
    heard = clock()
    while True:
        try:
            ended = following.look()
        except SilentError as error:
            if clock() - heard > SILENCE_SECONDS:
                raise
            following.silent(str(error))
        else:
            heard = clock()
            if ended is not None:
                sink(ended)
                return ended
        pause(LOOK_SECONDS)


class _Following:
    def __init__(self, target: Target, execution: str, sink: Sink) -> None:
        self._target, self._execution, self._sink = target, execution, sink
        self._seen = 0
        self._started: datetime | None = None
        self._last: Line | None = None
        self._quiet = False

    def silent(self, why: str) -> None:
        """Tell, once, that nobody answers at the moment."""
        if not self._quiet:
            self._sink(Said(f"{why}: the recovery goes on, and is asked for again", "warning"))
        self._quiet = True

    def look(self) -> RecoveryEnded | None:
        """Tell what is new; return the end when it has come. Raises CloudError."""
        found = describe(self._target, self._execution)
        if not found:
            raise CloudError(f"there is no execution {self._execution}", hint="follow ENV without --execution")
        self._started, self._quiet = found["startDate"], False
        for event in self._news():
            self._tell(event)
        if found["status"] in RUNNING:
            return None
        reason, _, hint = str(found.get("cause") or "").partition(" (hint: ")
        output = json.loads(found["output"]) if found["status"] == "SUCCEEDED" and found.get("output") else None
        return RecoveryEnded(
            self._target.region,
            self._execution,
            found["status"],
            self._since(found.get("stopDate") or found["startDate"]),
            reason or ("" if output is not None else str(found.get("error") or "no reason was given")),
            hint.removesuffix(")"),
            output,
        )

    def _news(self) -> list[Mapping[str, Any]]:
        """Return the events that were not seen yet, oldest first: they are asked for newest first, to stop early."""
        pages = self._target.client("stepfunctions").get_paginator("get_execution_history")
        wanted = {"executionArn": self._execution, "reverseOrder": True, "includeExecutionData": True}

        def question() -> list[Mapping[str, Any]]:
            return list(_until(self._seen, pages.paginate(**wanted, PaginationConfig={"PageSize": 100})))

        found = self._target.asked("reading the recovery's history", question)
        found.reverse()
        return found

    def _tell(self, event: Mapping[str, Any]) -> None:
        self._seen = int(event["id"])
        seconds = self._since(event["timestamp"])
        entered, exited = event.get("stateEnteredEventDetails"), event.get("stateExitedEventDetails")
        if entered and entered["name"] in DOING:
            self._sink(RecoveryDoing(seconds, *DOING[entered["name"]]))
        line = left(exited["name"], json.loads(exited.get("output") or "{}")) if exited else None
        if line is not None and line != self._last:
            self._last = line
            self._sink(RecoveryMoved(seconds, line.step, line.text, line.well))

    def _since(self, moment: datetime) -> float:
        assert self._started is not None
        return max(0.0, round((moment - self._started).total_seconds(), 1))


def _until(seen: int, pages: Any) -> Iterator[Mapping[str, Any]]:
    for page in pages:
        for event in page["events"]:
            if event["id"] <= seen:
                return
            yield event
