"""The control endpoints, under ``/_twin/``: JSON over HTTP, unsigned, for tests and the commands.

| endpoint                   | methods           | what it is                                                       |
|----------------------------|-------------------|------------------------------------------------------------------|
| ``/_twin/health``          | GET               | process, age, stacks and StackSets, the knobs                    |
| ``/_twin/faults``          | GET, POST, DELETE | resources that fail: :class:`twin.cloud.settings.Fault`          |
| ``/_twin/calls``           | GET, DELETE       | calls by service, action, region, account; seconds of own work   |
| ``/_twin/operations``      | GET, PUT          | ``{"seconds": 0.5}``: what an instance's operation takes at least |
| ``/_twin/operations/hold`` | POST, DELETE      | freeze operations: :class:`twin.cloud.settings.Hold`; let them go |
| ``/_twin/organization``    | GET, PUT          | :class:`twin.cloud.settings.Organization`                        |
| ``/_twin/functions``       | GET, PUT, DELETE  | ``{"-bootstrap-database": {…}}``: answers; GET: what was invoked |
| ``/_twin/journal``         | POST              | ``{"after": 17}``: the events after it (:mod:`twin.cloud.journal`) |

Those of the parts are told there: :mod:`twin.cloud.databases.knobs`, :mod:`twin.cloud.network`,
:mod:`twin.cloud.policies`, :mod:`twin.cloud.watch.knobs`. :mod:`twin.cloud.knobs` is a client of it.
"""

from __future__ import annotations

import inspect
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from twin.cloud import emulator, network, policies, watch
from twin.cloud.databases import knobs as databases
from twin.cloud.journal import JOURNAL
from twin.cloud.settings import SETTINGS, Fault, Hold, organization
from twin.cloud.stacksets import store
from twin.cloud.traffic import TRAFFIC, App, Receive, Scope, Send, received

PREFIX = "/_twin/"
_BEGUN = time.time()


class WrongError(Exception):
    """A request to the control endpoints that makes no sense."""


def controlled(app: App) -> App:
    """Return the app with the control endpoints."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await app(scope, receive, send)
            return
        status, said = await _answer(scope["path"].removeprefix(PREFIX), scope["method"], await received(receive))
        body = json.dumps(said).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return handle


async def _answer(path: str, method: str, body: bytes) -> tuple[int, Any]:
    action = ENDPOINTS.get((path, method))
    if action is None:
        methods = [known for place, known in ENDPOINTS if place == path]
        known = ", ".join(methods) or ", ".join(sorted({place for place, _ in ENDPOINTS}))
        return (405 if methods else 404), {"error": f"no {method} of {PREFIX}{path}; there is {known}"}
    try:
        said = action(json.loads(body) if body else {})
        return 200, await said if inspect.isawaitable(said) else said
    except (WrongError, TypeError, ValueError) as error:
        return 400, {"error": str(error)}


def _health(_: Any) -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "age": round(time.time() - _BEGUN, 3),
        "stacks": emulator.stacks(),
        "stacksets": store.count(),
        **SETTINGS.told(),
    }


def _faults(_: Any) -> list[dict[str, Any]]:
    return [asdict(fault) for fault in SETTINGS.faults]


def _add_fault(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    SETTINGS.faults.append(Fault(**said))
    return _faults(None)


def _clear_faults(_: Any) -> list[dict[str, Any]]:
    SETTINGS.faults.clear()
    return []


def _reset_calls(_: Any) -> dict[str, Any]:
    TRAFFIC.reset()
    return TRAFFIC.told()


def _operations(_: Any) -> dict[str, Any]:
    return {"seconds": SETTINGS.seconds, "holds": [asdict(hold) for hold in SETTINGS.gate.holds]}


def _set_operations(said: Mapping[str, Any]) -> dict[str, Any]:
    seconds = float(said["seconds"]) if "seconds" in said else -1.0
    if seconds < 0:
        raise WrongError("seconds must be given, and not be negative")
    SETTINGS.seconds = seconds
    return _operations(None)


def _hold(said: Mapping[str, Any]) -> dict[str, Any]:
    SETTINGS.gate.hold(Hold(**said))
    return _operations(None)


def _release(said: Mapping[str, Any]) -> dict[str, Any]:
    SETTINGS.gate.release(Hold(**said) if said else None)
    return _operations(None)


def _set_organization(said: Mapping[str, Any]) -> dict[str, Any]:
    SETTINGS.organization = organization(said)
    return asdict(SETTINGS.organization)


def _set_answers(said: Mapping[str, Any]) -> dict[str, Any]:
    SETTINGS.answers.update(said)
    return SETTINGS.answers


def _forget_invocations(_: Any) -> list[Any]:
    SETTINGS.invocations.clear()
    return []


ENDPOINTS: Mapping[tuple[str, str], Callable[[Any], Any]] = {
    ("health", "GET"): _health,
    ("faults", "GET"): _faults,
    ("faults", "POST"): _add_fault,
    ("faults", "DELETE"): _clear_faults,
    ("calls", "GET"): lambda _: TRAFFIC.told(),
    ("calls", "DELETE"): _reset_calls,
    ("operations", "GET"): _operations,
    ("operations", "PUT"): _set_operations,
    ("operations/hold", "POST"): _hold,
    ("operations/hold", "DELETE"): _release,
    ("organization", "GET"): lambda _: asdict(SETTINGS.organization),
    ("organization", "PUT"): _set_organization,
    ("functions", "GET"): lambda _: {"answers": SETTINGS.answers, "invocations": SETTINGS.invocations},
    ("functions", "PUT"): _set_answers,
    ("functions", "DELETE"): _forget_invocations,
    ("journal", "POST"): lambda said: JOURNAL.after(int(said.get("after", 0))),
    **databases.ENDPOINTS,
    **network.ENDPOINTS,
    **policies.ENDPOINTS,
    **watch.ENDPOINTS,
}
