"""Functions that are answered instead of run, for tests of deployments only.

By default the emulator runs a function's zip in a process of its own. With ``functions="answers"`` an invocation
is noted and answered with a JSON of the test's, and schedules do not fire: what a deployment does is then the only
thing that happens. An answer with the key ``errorMessage`` is an error of the function.
"""

from __future__ import annotations

from typing import Any

from twin.cloud.emulator import module
from twin.cloud.settings import SETTINGS


def install() -> None:
    """Have the emulator ask :mod:`twin.cloud.settings` instead of running functions, and keep its clocks still."""
    functions = module("services.lambda_svc")
    functions._execute_function = _answered
    for clock in ("eventbridge", "scheduler"):
        module(f"services.{clock}").start_scheduler = lambda: None


def _answered(function: dict[str, Any], event: Any) -> dict[str, Any]:
    config = function.get("config") or function
    name = str(config.get("FunctionName", ""))
    arn = str(config.get("FunctionArn", ""))
    parts = arn.split(":")
    region, account = (parts[3], parts[4]) if len(parts) > 4 else ("", "")
    SETTINGS.invocations.append({"function": name, "region": region, "account": account, "event": event})
    answer = SETTINGS.answer(name)
    failed = isinstance(answer, dict) and "errorMessage" in answer
    return {"body": answer, "log": "", **({"error": True, "function_error": "Unhandled"} if failed else {})}
