"""The ways to the databases: whose connections get through to which cluster, looked at again and again.

What stands before the databases is told when a way opens or closes (:class:`Doors`), and the journal why.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from twin.cloud.emulator import module
from twin.cloud.journal import JOURNAL
from twin.cloud.network import records
from twin.cloud.network.parts import Network, Place
from twin.cloud.network.reach import Path, path
from twin.passage import Faults

Who = Literal["functions", "application"]
FUNCTIONS: Who = "functions"
APPLICATION: Who = "application"
LOOK_SECONDS = 0.25
CAUSE = "network"
_CLIENTS, _COMPUTE = "-clients", "-compute-"
_ENGINE = "aurora-postgresql"

logger = logging.getLogger("network")


@dataclass(frozen=True)
class Line:
    """One way: who, from which region, to the database of which region."""

    origin: str
    who: Who
    region: str


class Doors(Protocol):
    """What stands before the databases (:class:`twin.cloud.databases.doors.Doors`)."""

    def break_(self, origin: str, who: str, region: str, faults: Faults, cause: str) -> None:
        """Have a way be so broken, for this cause."""


class Paths:
    """Keeps doors in step with the networks. ``look`` does so once, ``start`` in a thread until ``stop``.

    find: how the ways are worked out, :func:`lines`.
    """

    def __init__(self, doors: Doors, find: Callable[[], dict[Line, Path]] | None = None) -> None:
        self._doors, self._find = doors, find or lines
        self._known: dict[Line, Path] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="network", daemon=True)

    def start(self) -> None:
        """Begin to follow the networks."""
        self._thread.start()

    def stop(self) -> None:
        """End; the doors stay as they are."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Compare every way with what it was, and tell the doors and the journal what has changed."""
        found = self._find()
        for line in {*found, *self._known}:
            before, now = self._known.get(line, Path()), found.get(line, Path())
            if _faults(now) != _faults(before):
                self._doors.break_(line.origin, line.who, line.region, _faults(now), CAUSE)
            if now != before:
                _note(line, now)
        self._known = found

    def _keep(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            try:
                self.look()
            except (KeyError, ValueError, OSError):
                logger.exception("the ways to the databases could not be worked out")


def lines() -> dict[Line, Path]:
    """Return every way that there is: from each region with clients to each region with a cluster of the account."""
    rds = module("services.rds")
    found: dict[Line, Path] = {}
    worlds: dict[str, Mapping[str, Network]] = {}
    clients: dict[str, list[tuple[str, Who, Place]]] = {}
    for (account, region, _), record in list(rds._clusters._data.items()):
        if record.get("Engine") != _ENGINE:
            continue
        if account not in worlds:
            worlds[account], clients[account] = records.world(account), _clients(account)
        server, port = records.cluster_place(record, account, region), int(record.get("Port") or 5432)
        for origin, who, place in clients[account]:
            line = Line(origin, who, region)
            now = path(worlds[account], place, server, port)
            found[line] = _better(found.get(line), now)
    return found


def _better(before: Path | None, now: Path) -> Path:
    """Return the more open one: environments side by side have clients of their own in a region."""
    if before is None or (before.closed, before.refused) == (now.closed, now.refused):
        return now
    return min(before, now, key=lambda each: (bool(each.closed), bool(each.refused)))


def _clients(account: str) -> list[tuple[str, Who, Place]]:
    """Return where clients stand: functions in their VPCs, applications where the network stack lets them."""
    found: list[tuple[str, Who, Place]] = []
    for (owner, region, _), record in list(module("services.lambda_svc")._functions._data.items()):
        place = records.function_place(record["config"], region) if owner == account else None
        if place is not None:
            found.append((region, FUNCTIONS, place))
    for region, group, subnets in _tagged(account):
        found.append((region, APPLICATION, Place(region, subnets, (group,))))
    return list(dict.fromkeys(found))


def _tagged(account: str) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """Return the groups for applications by their names' endings, each with its environment's compute subnets."""
    names: dict[str, dict[str, str]] = {}
    for (owner, region, resource), tags in list(module("services.ec2")._tags._data.items()):
        name = next((str(each["Value"]) for each in tags if each.get("Key") == "Name"), "")
        if owner == account and name:
            names.setdefault(region, {})[resource] = name
    for region, known in names.items():
        for group, name in known.items():
            if group.startswith("sg-") and name.endswith(_CLIENTS):
                compute = name.removesuffix(_CLIENTS) + _COMPUTE
                yield region, group, tuple(sorted(one for one, its in known.items() if its.startswith(compute)))


def _faults(now: Path) -> Faults:
    """Return a path's state as packets that are dropped without a word: all of them, or those of new connections."""
    return Faults(silent=True) if now.closed else Faults(closed=bool(now.refused))


def _note(line: Line, now: Path) -> None:
    how = "closed" if now.closed else "closed to new connections" if now.refused else "open"
    what = f"the path of {line.who} in {line.origin} to the database in {line.region} is {how}"
    JOURNAL.note("service", line.region, what, now.reason, origin=line.origin, who=line.who)


def told() -> list[dict[str, Any]]:
    """Return every way as JSON would show it."""
    return [
        {
            "origin": line.origin,
            "who": line.who,
            "region": line.region,
            "closed": now.closed,
            "refused": now.refused,
        }
        for line, now in lines().items()
    ]
