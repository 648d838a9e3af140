"""How functions run: what is told of their ends, what breaks them, and that they die with their region.

A process each, fresh or warm, is the emulator's, with the deployed variables, role and limit (Lambda Developer Guide,
"Understanding the Lambda execution environment lifecycle").
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from twin.cloud import memory
from twin.cloud.emulator import module
from twin.cloud.journal import JOURNAL
from twin.cloud.network.outages import OUTAGES

CRASH, TIMEOUT, THROTTLED, UNSCHEDULED, IDLE = "crash", "timeout", "throttled", "unscheduled", "idle"
KINDS = (CRASH, TIMEOUT, THROTTLED, UNSCHEDULED, IDLE)
INIT_SECONDS = 10.0
"""What Lambda gives a process to begin, before it begins again under the function's own limit (same page)."""
LOOK_SECONDS = 0.05
KILLED = ("Runtime.ExitError", "Runtime exited with error: signal: killed")
"""What Lambda says of a process that was killed (Lambda Developer Guide, "Troubleshoot execution issues")."""
DIED = "Worker process died"
"""What the emulator says of it."""
_NOT_READY = "ResourceNotReadyException"


@dataclass(frozen=True)
class Breakage:
    """What is wrong with functions: of which regions (a pattern), with names that end so, how, and how often.

    how: ``crash`` (the process dies at once), ``timeout`` (it hangs until its limit), ``throttled``, ``unscheduled``
    (schedules don't start it), ``idle`` (it went to sleep, trap 49c). times: None is for ever, for ``idle`` once.
    """

    region: str = "*"
    name: str = ""
    how: str = CRASH
    times: int | None = None

    def __post_init__(self) -> None:
        if self.how not in KINDS:
            raise ValueError(f"a function is broken by {', '.join(KINDS)}, not {self.how}")


@dataclass(frozen=True)
class Function:
    """A function that is being run."""

    arn: str
    seconds: float = 3.0

    @property
    def region(self) -> str:
        """Return its region."""
        return self.arn.split(":")[3]

    @property
    def name(self) -> str:
        """Return its name."""
        return self.arn.split(":")[6]

    @property
    def act(self) -> str:
        """Return its name without the environment's and the region's."""
        return self.name.rpartition(f"{self.region}-")[2]


class Breakages:
    """All that is wrong with functions at the moment."""

    def __init__(self) -> None:
        self._held: list[Breakage] = []

    def add(self, breakage: Breakage) -> None:
        """Break functions from now on."""
        self._held.append(breakage)
        JOURNAL.note("disaster", breakage.region, f"functions …{breakage.name}: {breakage.how}", "a function is broken")

    def clear(self) -> None:
        """Heal all."""
        for each in self._held:
            JOURNAL.note("disaster", each.region, f"functions …{each.name}: {each.how}: over", "functions are healed")
        self._held.clear()

    def strike(self, function: Function, hows: tuple[str, ...]) -> str:
        """Return how the function is broken, of these ways, and count it; empty when it is not."""
        for place, each in enumerate(self._held):
            meant = fnmatchcase(function.region, each.region) and function.name.endswith(each.name)
            if each.how in hows and meant and each.times != 0:
                left = 1 if each.how == IDLE and each.times is None else each.times
                self._held[place] = replace(each, times=None if left is None else left - 1)
                return each.how
        return ""

    def told(self) -> list[dict[str, Any]]:
        """Return them as JSON would show them."""
        return [asdict(each) for each in self._held]


BREAKAGES = Breakages()
"""The server's own; there is one server in a process."""


class _Ends:
    """What each function's last run came to."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}
        self._lock = threading.Lock()

    def changed(self, about: str, now: str) -> str | None:
        """Return what it was before (empty: never seen) if it is something else now; None when it is the same."""
        with self._lock:
            before = self._last.get(about, "")
            self._last[about] = now
        return before if before != now else None


_ENDS = _Ends()


def install() -> None:
    """Wrap the emulator's way to run a function, and its processes."""
    functions, runtime, rules = (
        module(name) for name in ("services.lambda_svc", "core.lambda_runtime", "services.eventbridge")
    )
    functions._execute_function_dispatch = _run(functions, functions._execute_function_dispatch)
    functions._emit_lambda_metrics = _emitted_later(functions._emit_lambda_metrics)
    functions._invoke = _with_status(functions._invoke)
    runtime.Worker._spawn = _bounded(runtime.Worker._spawn)
    memory.install()
    rules._invoke_target = _scheduled(rules._invoke_target)
    OUTAGES.listen(kill_in_dead_regions)


def kill_in_dead_regions() -> None:
    """Kill every process of a function whose region is dead."""
    runtime = module("core.lambda_runtime")
    killed: dict[str, int] = {}
    for key, workers in list(runtime._workers.items()):
        region = key.split(":")[1]
        for worker in workers if OUTAGES.mode(region) else ():
            process = worker._proc
            if process is not None and process.poll() is None:
                process.kill()
                killed[region] = killed.get(region, 0) + 1
    for region, count in killed.items():
        JOURNAL.note("disaster", region, f"{count} processes of functions are killed", "the region is gone")


def _run(functions: Any, dispatch: Callable[..., Any]) -> Callable[..., Any]:
    measure = functions._emit_lambda_metrics

    def run(record: Any, config: Mapping[str, Any], event: Any, request: str, started: float) -> Any:
        function = Function(str(config["FunctionArn"]), float(config.get("Timeout", 3)))
        if OUTAGES.mode(function.region):
            return _failed("ServiceUnavailableException", f"{function.region} is gone")
        result = _broken(functions, function) or dispatch(record, config, event, request, started)
        if OUTAGES.mode(function.region):  # what it died of is known, and nobody is there to be told
            return _failed("ServiceUnavailableException", f"{function.region} is gone")
        if result.get("error") and DIED in str(result.get("body")):
            result = _failed(*KILLED)
        failed = bool(result.get("error"))
        measure(function.name, (time.time() - started) * 1000, failed, bool(result.get("throttle")))
        _note(function, result)
        return result

    return run


def _emitted_later(measure: Callable[..., None]) -> Callable[..., None]:
    """Emit what never ran; all else is measured at its end, since starts by schedules and alarms count as well."""

    def emitted(name: str, duration_ms: float, error: bool, throttle: bool) -> None:
        if throttle and not duration_ms:
            measure(name, duration_ms, error, throttle)

    return emitted


def _broken(functions: Any, function: Function) -> dict[str, Any] | None:
    how = BREAKAGES.strike(function, (CRASH, TIMEOUT, THROTTLED, IDLE))
    if how == CRASH:
        return _failed(*KILLED)
    if how == TIMEOUT:
        last = time.monotonic() + function.seconds
        while time.monotonic() < last and not OUTAGES.mode(function.region):
            time.sleep(LOOK_SECONDS)
        return _failed("Sandbox.Timedout", f"Task timed out after {function.seconds:.2f} seconds")
    if how == THROTTLED:
        said: dict[str, Any] = functions._throttle_response("CallerRateLimitExceeded", "Rate Exceeded.")
        said["body"]["errorType"] = "Lambda.TooManyRequestsException"
        return said
    if how == IDLE:
        said = functions._throttle_response("", "The function is being prepared after it was idle")
        said["body"] = {"__type": _NOT_READY, "message": said["body"]["message"], "errorType": f"Lambda.{_NOT_READY}"}
        return {**said, "throttle": True}
    return None


def _failed(kind: str, message: str) -> dict[str, Any]:
    return {"body": {"errorType": kind, "errorMessage": message}, "error": True, "log": ""}


def _with_status(invoke: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function that is not ready its own status (Lambda API Reference, "Invoke": 502)."""

    async def invoked(*given: Any, **named: Any) -> Any:
        status, headers, body = await invoke(*given, **named)
        return (502 if status == 429 and _NOT_READY.encode() in body else status), headers, body

    return invoked


def _note(function: Function, result: Mapping[str, Any]) -> None:
    """Write a run's end down where it says something new: a failure, or the first success after one."""
    body = result.get("body")
    said = body if isinstance(body, dict) else {}
    wrong = ""
    if result.get("error"):
        wrong = f"{said.get('errorType', 'error')}: {said.get('errorMessage') or said.get('message') or body}"
    before = _ENDS.changed(function.arn, wrong)
    if before is not None:
        what = f"{function.act} fails" if wrong else f"{function.act} works again"
        JOURNAL.note("function", function.region, what, wrong or f"it failed before: {before}", function=function.name)
    if said.get("event") == "notice" and said.get("done"):
        JOURNAL.note(
            "function", function.region, f"{function.act} acted", str(said.get("reason", "")), done=said["done"]
        )


def _bounded(spawn: Callable[[Any], None]) -> Callable[[Any], None]:
    """Kill a process that does not begin in time, and one that began while its region died."""

    def spawned(worker: Any) -> None:
        function = Function(str(worker.config["FunctionArn"]), float(worker.config.get("Timeout", 3)))
        before = worker._proc
        timer = threading.Timer(INIT_SECONDS + function.seconds, lambda: _kill(worker, before))
        timer.daemon = True
        timer.start()
        try:
            spawn(worker)
        finally:
            timer.cancel()
        if OUTAGES.mode(function.region):
            worker._proc.kill()

    return spawned


def _kill(worker: Any, before: Any) -> None:
    if worker._proc is not None and worker._proc is not before:
        worker._proc.kill()


def _scheduled(invoke: Callable[..., Any]) -> Callable[..., Any]:
    def fired(target: Mapping[str, Any], *rest: Any) -> Any:
        arn = str(target.get("Arn", ""))
        if ":function:" in arn and BREAKAGES.strike(Function(arn), (UNSCHEDULED,)):
            return None
        return invoke(target, *rest)

    return fired
