"""Networks, outages and speed: what a call meets on its way, and what functions meet when they run.

- :mod:`twin.cloud.network.outages`   calls that hang, are refused, throttled, fail or are slow
- :mod:`twin.cloud.network.passage`   what a call over HTTP meets, in order
- :mod:`twin.cloud.network.inside`    the same for calls that never leave the emulator
- :mod:`twin.cloud.network.refusals`  what services say when they throttle or fail
- :mod:`twin.cloud.network.reach`     who reaches whom, pure; its data are :mod:`twin.cloud.network.parts`
- :mod:`twin.cloud.network.records`   the networks that were deployed, as that data
- :mod:`twin.cloud.network.ways`      how a function's calls leave its VPC
- :mod:`twin.cloud.network.paths`     whose connections reach which database

| endpoint                  | methods           | what it is                                                          |
|---------------------------|-------------------|---------------------------------------------------------------------|
| ``/_twin/outages``        | GET, POST, DELETE | :class:`twin.cloud.network.outages.Outage`; POST gives its ``id``   |
| ``/_twin/regions``        | GET, PUT          | ``{"eu-west-1": "hangs"}`` or ``"refuses"``: dead; no other is      |
| ``/_twin/functions/faults`` | GET, POST, DELETE | :class:`twin.cloud.running.Breakage`                              |
| ``/_twin/network``        | GET               | every way to a database, and what closes it                         |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twin.cloud.network.outages import OUTAGES, SILENT, Outage
from twin.cloud.settings import SETTINGS


def install() -> None:
    """Put outages, breakages and the speed into the emulator."""
    from twin.cloud import pace, running
    from twin.cloud.network import inside

    OUTAGES.listen(SETTINGS.gate.wake)
    pace.install()
    inside.install()
    running.install()


def _begin(said: Mapping[str, Any]) -> dict[str, str]:
    return {"id": OUTAGES.begin(Outage(**said))}


def _end(said: Mapping[str, Any]) -> dict[str, Any]:
    identity = str(said.get("id", ""))
    if identity and OUTAGES.get(identity) is None:
        raise ValueError(f"there is no outage {identity}; there is {', '.join(OUTAGES.told()) or 'none'}")
    OUTAGES.end(identity)
    return OUTAGES.told()


def _darken(said: Mapping[str, str]) -> dict[str, str]:
    wrong = [mode for mode in said.values() if mode not in SILENT]
    if wrong:
        raise ValueError(f"a dark region {' or '.join(SILENT)}, not {wrong[0]}")
    OUTAGES.darken(dict(said))
    return SETTINGS.dark


def _break(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    from twin.cloud import running

    running.BREAKAGES.add(running.Breakage(**said))
    return running.BREAKAGES.told()


def _heal(_: Any) -> list[dict[str, Any]]:
    from twin.cloud import running

    running.BREAKAGES.clear()
    return []


def _broken(_: Any) -> list[dict[str, Any]]:
    from twin.cloud import running

    return running.BREAKAGES.told()


def _ways(_: Any) -> list[dict[str, Any]]:
    from twin.cloud.network import paths

    return paths.told()


ENDPOINTS: Mapping[tuple[str, str], Callable[[Any], Any]] = {
    ("outages", "GET"): lambda _: OUTAGES.told(),
    ("outages", "POST"): _begin,
    ("outages", "DELETE"): _end,
    ("regions", "GET"): lambda _: SETTINGS.dark,
    ("regions", "PUT"): _darken,
    ("functions/faults", "GET"): _broken,
    ("functions/faults", "POST"): _break,
    ("functions/faults", "DELETE"): _heal,
    ("network", "GET"): _ways,
}
