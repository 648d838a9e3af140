"""The clockwork of it all: one thread, which looks at everything in turn, a few times a second.

What is due is decided by each part, by the ends of its own intervals. A part that fails is noted once and tried again
at the next turn; the others go on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from twin.cloud.databases import knobs as databases
from twin.cloud.databases.doors import Entrance
from twin.cloud.emulator import module
from twin.cloud.journal import JOURNAL
from twin.cloud.watch import alarms, published
from twin.cloud.watch.checkers import Checkers
from twin.cloud.watch.checks import Checks
from twin.cloud.watch.dns import View
from twin.cloud.watch.metrics import INTAKE
from twin.cloud.watch.propagation import Servers
from twin.cloud.watch.replication import Replication

LOOK_SECONDS = 0.1
logger = logging.getLogger("watch")


class Engine:
    """Alarms, checks, name servers and replication of a local cloud."""

    def __init__(self, replication: Replication) -> None:
        self.alarms, self.checkers, self.replication = alarms.Alarms(), Checkers(), replication
        self.checks, self.servers = Checks(self.checkers), Servers()
        self._lag = published.Lag(lags)
        self._views: dict[str, View] = {}
        self._ended = threading.Event()
        self._failing: dict[str, str] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more, and answer no more. Stopping twice is fine."""
        self._ended.set()
        self._thread.join()
        self._lag.stop()
        self.checkers.stop()
        with self._lock:
            for view in self._views.values():
                view.stop()
            self._views.clear()

    def view(self, region: str = "") -> View:
        """Return the name server of a region's VPCs, or the public one; made when it is first asked for."""
        with self._lock:
            if region not in self._views:
                self._views[region] = View(region, lambda: self.servers.book, door)
            return self._views[region]

    def told(self) -> dict[str, Any]:
        """Return checks, alarms and answers as JSON would show them."""
        checks = {
            key[1]: {"region": each.region, "name": each.name, "kind": each.kind, "healthy": each.healthy,
                     "since_ms": each.since_ms, "reason": each.reason}
            for key, each in self.checks.standing.items()
        }  # fmt: skip
        return {"checks": checks, "alarms": alarms.told(), "answers": self.servers.book.told()}

    def addresses(self) -> dict[str, Any]:
        """Return where the name servers listen: the public one, and that of each region that has a stack."""
        stacks = list(module("services.cloudformation")._stacks._data)
        regions = sorted({region for _, region, _ in stacks})
        return {
            "public": list(self.view().address),
            "regions": {region: list(self.view(region).address) for region in regions},
        }

    def _keep(self) -> None:
        parts: Mapping[str, Callable[[float], None]] = {
            "metrics": INTAKE.deliver,
            "replication": self.replication.look,
            "lag": self._lag.look,
            "alarms": self.alarms.look,
            "health checks": self.checks.look,
            "dns": lambda now: self.servers.look(now, self.checks.standing),
        }
        while not self._ended.wait(LOOK_SECONDS):
            for name, look in parts.items():
                self._turn(name, look)

    def _turn(self, name: str, look: Callable[[float], None]) -> None:
        try:
            look(time.time())
            self._failing.pop(name, None)
        except Exception as error:  # one part's defect must not stop the clocks of all others
            if self._failing.get(name) != str(error):
                JOURNAL.note("twin", "", f"{name}: the local cloud failed", f"{type(error).__name__}: {error}")
                logger.exception("%s", name)
            self._failing[name] = str(error)


def _doors() -> list[Entrance]:
    try:
        return databases.attached().doors()
    except ValueError:  # none are attached: the server begins, or ends
        return []


def door(host: str, region: str) -> str | None:
    """Return the address of a database's front door as an application in a region sees it, or one outside."""
    for each in _doors():
        names = {name.lower() for name in each.hosts}
        if host in names and each.who == "application" and each.origin == (region or each.region):
            return each.ip
    return None


def lags() -> dict[tuple[str, str, str], float]:
    """Return how far the replicas are behind, in seconds, as their own servers say."""
    try:
        told = databases.told({})
    except ValueError:  # none are attached: the server begins, or ends
        return {}
    return {
        (str(each["account"]), place.partition("/")[0], str(each["cluster"])): float(each["lag_seconds"])
        for place, each in told.items()
        if each["lag_seconds"] is not None
    }
