"""A small interpreter of the Amazon States Language, for the states that the recovery machine uses.

It follows the language's specification (https://states-language.net/spec.html): Pass, Task, Choice, Wait,
Succeed and Fail; Parameters, ResultSelector and ResultPath; Retry and Catch, where ``States.ALL`` matches
everything but what the language itself calls a runtime error; five intrinsic functions. What it does not
know it refuses. Time is the caller's: waiting and backing off move a clock and take no time.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

RUNTIME = "States.Runtime"
TIMEOUT = "States.Timeout"
KNOWN = {
    "Pass": {"Type", "Comment", "Parameters", "ResultPath", "Next"},
    "Task": {
        "Type", "Comment", "Resource", "Parameters", "ResultSelector", "ResultPath", "TimeoutSeconds",
        "TimeoutSecondsPath", "Retry", "Catch", "Next",
    },
    "Choice": {"Type", "Comment", "Choices", "Default"},
    "Wait": {"Type", "Comment", "Seconds", "Next"},
    "Succeed": {"Type", "Comment"},
    "Fail": {"Type", "Comment", "ErrorPath", "CausePath"},
}  # fmt: skip


class TaskError(Exception):
    """A task failed with the error's name and cause."""

    def __init__(self, name: str, cause: str = "") -> None:
        super().__init__(f"{name}: {cause}")
        self.name, self.cause = name, cause


class KilledError(Exception):
    """The execution was stopped from the outside, between two instants."""


@dataclass(frozen=True)
class Ended:
    """How an execution ended: ``SUCCEEDED``, ``FAILED`` or ``ABORTED``, and which states it went through."""

    status: str
    output: Any = None
    error: str = ""
    cause: str = ""
    trail: tuple[str, ...] = ()


Task = Callable[[dict[str, Any], int], Any]
"""``task(parameters, timeout_seconds)`` returns the result or raises :class:`TaskError`."""


@dataclass
class Interpreter:
    """Runs ``definition``, whose tasks are found in ``tasks`` by their resource.

    wait: moves the clock by so many seconds. around: called with a state's name and ``before``,
    ``during`` or ``after``; it may raise :class:`KilledError`.
    """

    definition: Mapping[str, Any]
    tasks: Mapping[str, Task]
    wait: Callable[[float], None]
    around: Callable[[str, str], None] = lambda name, moment: None
    trail: list[str] = field(default_factory=list)

    def run(self, execution: str, given: Any, entered: str = "2026-01-01T00:00:00Z") -> Ended:
        """Run to the end and return it."""
        self.trail = []
        context = {
            "Execution": {"Id": execution, "Input": given, "StartTime": entered},
            "State": {"EnteredTime": entered},
            "Task": {"Token": f"token-of-{execution}"},
        }
        data, name = copy.deepcopy(given), self.definition["StartAt"]
        try:
            while True:
                state = self.definition["States"][name]
                self.trail.append(name)
                unknown = set(state) - KNOWN[state["Type"]]
                assert not unknown, f"{name} uses what this interpreter does not know: {unknown}"
                if state["Type"] == "Succeed":
                    return Ended("SUCCEEDED", data, trail=tuple(self.trail))
                if state["Type"] == "Fail":
                    error = str(evaluate(state["ErrorPath"], data, context))
                    cause = str(evaluate(state["CausePath"], data, context))
                    return Ended("FAILED", error=error, cause=cause, trail=tuple(self.trail))
                data, name = self._step(name, state, data, context)
        except KilledError:
            return Ended("ABORTED", trail=tuple(self.trail))
        except TaskError as error:
            return Ended("FAILED", error=error.name, cause=error.cause, trail=tuple(self.trail))

    def _step(self, name: str, state: Mapping[str, Any], data: Any, context: Any) -> tuple[Any, str]:
        kind = state["Type"]
        if kind == "Choice":
            for choice in state["Choices"]:
                if matches(choice, data, context):
                    return data, choice["Next"]
            return data, state["Default"]
        if kind == "Wait":
            self.wait(state["Seconds"])
            return data, state["Next"]
        if kind == "Pass":
            return place(state, data, fill(state["Parameters"], data, context)), state["Next"]
        try:
            result = self._task(name, state, data, context)
            if "ResultSelector" in state:
                result = fill(state["ResultSelector"], result, context)
            return place(state, data, result), state["Next"]
        except TaskError as error:
            for catcher in state.get("Catch", []):
                if covers(catcher["ErrorEquals"], error.name):
                    # A failure that was given no cause has none: a path to it is one that leads nowhere.
                    caught = {"Error": error.name} | ({"Cause": error.cause} if error.cause else {})
                    return place(catcher, data, caught), catcher["Next"]
            raise

    def _task(self, name: str, state: Mapping[str, Any], data: Any, context: Any) -> Any:
        used = [0] * len(state.get("Retry", []))
        limit = state.get("TimeoutSeconds")
        if limit is None:
            limit = evaluate(state["TimeoutSecondsPath"], data, context)
        while True:
            try:
                parameters = fill(state["Parameters"], data, context)
                self.around(name, "before")
                result = self.tasks[state["Resource"]](parameters, limit)
                self.around(name, "after")
                return result
            except TaskError as error:
                if not self._again(state.get("Retry", []), used, error):
                    raise

    def _again(self, retriers: list[dict[str, Any]], used: list[int], error: TaskError) -> bool:
        for index, retrier in enumerate(retriers):
            if not covers(retrier["ErrorEquals"], error.name):
                continue
            if used[index] >= retrier["MaxAttempts"]:
                return False
            pause = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** used[index]
            self.wait(min(pause, retrier["MaxDelaySeconds"]))
            used[index] += 1
            return True
        return False


def covers(names: list[str], error: str) -> bool:
    """Return whether a retrier's or catcher's names cover ``error``."""
    if error == RUNTIME:
        return RUNTIME in names
    return error in names or "States.ALL" in names or ("States.TaskFailed" in names and error != TIMEOUT)


def place(state: Mapping[str, Any], data: Any, result: Any) -> Any:
    """Return ``data`` with ``result`` where ResultPath says."""
    path = state.get("ResultPath", "$")
    if path is None:
        return data
    if path == "$":
        return result
    changed = copy.deepcopy(data)
    *parents, last = path.removeprefix("$.").split(".")
    inner = changed
    for parent in parents:
        inner = inner[parent]
    inner[last] = result
    return changed


def fill(template: Any, data: Any, context: Any) -> Any:
    """Return a payload template with its ``.$`` fields evaluated."""
    if isinstance(template, dict):
        return {
            key.removesuffix(".$"): evaluate(value, data, context) if key.endswith(".$") else fill(value, data, context)
            for key, value in template.items()
        }
    if isinstance(template, list):
        return [fill(value, data, context) for value in template]
    return template


def matches(choice: Mapping[str, Any], data: Any, context: Any) -> bool:
    """Return whether a choice rule holds."""
    if "And" in choice:
        return all(matches(inner, data, context) for inner in choice["And"])
    if "Or" in choice:
        return any(matches(inner, data, context) for inner in choice["Or"])
    if "Not" in choice:
        return not matches(choice["Not"], data, context)
    if "IsPresent" in choice:
        try:
            evaluate(choice["Variable"], data, context)
        except TaskError:
            return not choice["IsPresent"]
        return bool(choice["IsPresent"])
    value = evaluate(choice["Variable"], data, context)
    if "StringEquals" in choice:
        return isinstance(value, str) and value == choice["StringEquals"]
    if "BooleanEquals" in choice:
        return isinstance(value, bool) and value == choice["BooleanEquals"]
    if "NumericGreaterThanEquals" in choice:
        return not isinstance(value, bool) and value >= choice["NumericGreaterThanEquals"]
    raise AssertionError(f"a comparison that this interpreter does not know: {choice}")


def evaluate(expression: str, data: Any, context: Any) -> Any:
    """Return the value of a reference path or an intrinsic function."""
    if expression.startswith("$$."):
        return _reference(expression[3:], context)
    if expression == "$":
        return data
    if expression.startswith("$."):
        return _reference(expression[2:], data)
    called = re.match(r"(States\.\w+)\((.*)\)$", expression, re.DOTALL)
    assert called, f"neither a path nor a function: {expression}"
    arguments = [_argument(text, data, context) for text in _split(called[2])]
    return INTRINSIC[called[1]](*arguments)


def _reference(path: str, data: Any) -> Any:
    for part in path.split("."):
        assert re.fullmatch(r"\w+", part), f"a path that this interpreter does not know: {path}"
        if not isinstance(data, dict) or part not in data:
            raise TaskError("States.ParameterPathFailure", f"{path} could not be found in {data}")
        data = data[part]
    return data


def _argument(text: str, data: Any, context: Any) -> Any:
    if text.startswith("'"):
        return text[1:-1]
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if text in ("true", "false"):
        return text == "true"
    return evaluate(text, data, context)


def _split(text: str) -> Iterator[str]:
    """Yield the arguments: commas count only outside of quotes and brackets."""
    depth, quoted, begun, index = 0, False, 0, 0
    while index < len(text):
        letter = text[index]
        if letter == "\\":
            index += 1
        elif letter == "'":
            quoted = not quoted
        elif not quoted and letter in "()":
            depth += 1 if letter == "(" else -1
        elif not quoted and depth == 0 and letter == ",":
            yield text[begun:index].strip()
            begun = index + 1
        index += 1
    yield text[begun:].strip()


def _format(template: str, *values: Any) -> str:
    given = iter(values)

    def insert(found: re.Match[str]) -> str:
        if found[0] != "{}":
            return found[0][1:]
        value = next(given)
        return value if isinstance(value, str) else json.dumps(value)

    text = re.sub(r"\\.|\{\}", insert, template, flags=re.DOTALL)
    assert next(given, None) is None, f"more values than holes: {template}"
    return text


def _merge(one: dict[str, Any], other: dict[str, Any], deep: bool) -> dict[str, Any]:
    assert deep is False, "Step Functions supports the shallow mode only"
    return one | other


INTRINSIC: dict[str, Callable[..., Any]] = {
    "States.Format": _format,
    "States.JsonMerge": _merge,
    "States.JsonToString": lambda value: json.dumps(value, separators=(",", ":")),
    "States.MathAdd": lambda one, other: one + other,
    "States.StringToJson": json.loads,
}
