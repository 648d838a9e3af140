"""How fast the clocks of the local cloud run: intervals are divided, time itself is not.

With speed 10 a schedule of a minute fires every six seconds, an alarm's period of a minute has six, a TTL of ten
is one; PostgreSQL, TLS, the network and every limit of a call take the time that they take. So what is measured is
always real seconds, and a report says by what its intervals were divided. An hour of the clock (``cron``, ``at``)
stays that hour.

What is divided has floors (:data:`FLOORS`): below them work that takes real time would not fit between two beats.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from twin.cloud.emulator import module
from twin.cloud.settings import SETTINGS

TICK_SECONDS = 0.1
"""How often the scheduler looks what is due; a schedule is late by at most that."""


@dataclass(frozen=True)
class Floor:
    """What an interval is never shorter than, in seconds, and why."""

    seconds: float
    why: str


WINDOW = Floor(3.0, "a process of a function needs most of a second to start, and its window has to hold some rounds")
FLOORS: Mapping[str, Floor] = {
    "DR_INTERVAL_SECONDS": Floor(
        0.5, "a round connects, signs in and writes with TLS, in a region with its neighbours"
    ),
    "DR_WINDOW_SECONDS": WINDOW,
    "DR_NOTICE_SECONDS": Floor(
        3.5, "a heartbeat of a healthy writer is up to two and a half intervals old, and a start of its function older"
    ),
}
"""The variables of functions that hold intervals; all others stay as they were deployed."""


def shorter(seconds: float, floor: Floor | None = None) -> float:
    """Return an interval of AWS's or of the environment's, in seconds, as it is at this speed."""
    divided = seconds / SETTINGS.speed
    return min(seconds, max(divided, floor.seconds)) if floor else divided


def variables(deployed: Mapping[str, str]) -> dict[str, str]:
    """Return a function's variables as its process is given them."""
    return {
        name: f"{shorter(float(value), FLOORS[name]):g}" if name in FLOORS else value
        for name, value in deployed.items()
    }


def install() -> None:
    """Divide the intervals of schedules, of state machines and of functions' variables."""
    scheduler, rules, machines = (module(f"services.{name}") for name in ("scheduler", "eventbridge", "stepfunctions"))
    scheduler._SCHEDULE_TICK_INTERVAL = TICK_SECONDS
    rules._parse_rate_seconds = _divided(rules._parse_rate_seconds)
    machines._scaled_sleep = _shortened(machines._scaled_sleep)
    machines._execute_task = _with_limits(machines, machines._execute_task)
    machines._invoke_with_callback = _with_patience(machines._invoke_with_callback)
    machines._find_matching_retrier = _with_longest_delay(machines._find_matching_retrier)
    runtime = module("core.lambda_runtime")
    runtime.Worker._spawn = _with_variables(runtime.Worker._spawn)


def _divided(parse: Callable[[str], float | None]) -> Callable[[str], float | None]:
    def parsed(expression: str) -> float | None:
        seconds = parse(expression)
        return None if seconds is None else shorter(seconds, WINDOW)

    return parsed


def _shortened(sleep: Callable[[float], None]) -> Callable[[float], None]:
    """Divide waits, and pauses before retries."""

    def slept(seconds: float) -> None:
        sleep(shorter(seconds))

    return slept


def _with_limits(machines: Any, execute: Callable[..., Any]) -> Callable[..., Any]:
    """Read a task's limit from its path, which the emulator does not (Step Functions guide, "Task state")."""

    def executed(state: dict[str, Any], given: Any, *rest: Any) -> Any:
        path = state.get("TimeoutSecondsPath")
        bounded = {**state, "TimeoutSeconds": machines._resolve_path(path, given)} if path else state
        return execute(bounded, given, *rest)

    return executed


def _with_patience(invoke: Callable[..., Any]) -> Callable[..., Any]:
    """Divide how long an answer of a person is waited for: it is the environment's interval, and limits no call."""

    def invoked(resource: str, given: Any, token: str, state: Mapping[str, Any]) -> Any:
        limit = state.get("TimeoutSeconds")
        return invoke(resource, given, token, state if limit is None else {**state, "TimeoutSeconds": shorter(limit)})

    return invoked


def _with_longest_delay(find: Callable[..., Any]) -> Callable[..., Any]:
    """Keep to ``MaxDelaySeconds``, which the emulator does not know (Step Functions guide, "Error handling")."""

    def found(retriers: Any, error: str, counts: Mapping[int, int]) -> Any:
        retrier, place = find(retriers, error, counts)
        if not retrier or "MaxDelaySeconds" not in retrier:
            return retrier, place
        grown = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** counts.get(place, 0)
        return {**retrier, "IntervalSeconds": min(grown, retrier["MaxDelaySeconds"]), "BackoffRate": 1}, place

    return found


def _with_variables(spawn: Callable[[Any], None]) -> Callable[[Any], None]:
    def spawned(worker: Any) -> None:
        deployed = worker.config
        worker.config = copy.copy(deployed)
        given = (deployed.get("Environment") or {}).get("Variables") or {}
        worker.config["Environment"] = {"Variables": variables(given)}
        try:
            spawn(worker)
        finally:
            worker.config = deployed

    return spawned
