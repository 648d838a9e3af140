"""What can be asked of the watch, and turned on it.

| endpoint (``/_twin/…``) | methods | what it is |
|---|---|---|
| ``watch``               | GET | checks, alarms, and what each name can answer now |
| ``dns``                 | GET, PUT | where they listen; ``{"propagation": 5}``: seconds, divided by the speed |
| ``metrics/faults``      | GET, POST, DELETE | :class:`twin.cloud.watch.metrics.Fault` |
| ``checkers``            | GET, PUT | ``{"region": "eu-west-1", "share": 0.1}``: of those that reach it |
| ``people``              | GET, PUT | who is told; ``{"confirm": true}`` |
| ``replication/objects`` | GET, PUT | ``{"from": …, "to": …, "seconds": 30}`` (real ones), or ``"stopped": true`` |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twin.cloud.watch.metrics import INTAKE, Fault
from twin.cloud.watch.people import PEOPLE
from twin.cloud.watch.replication import Replication

if TYPE_CHECKING:
    from twin.cloud.watch.engine import Engine


@dataclass
class Held:
    """What there is one of in the server's process."""

    replication: Replication = field(default_factory=Replication)
    engine: Engine | None = None

    @property
    def running(self) -> Engine:
        """Return the engine. Raises ValueError where nothing is watched."""
        if self.engine is None:
            raise ValueError("nothing is watched here: functions are only answered")
        return self.engine

    def observed(self, account: str, check: str) -> dict[str, tuple[bool, str]] | None:
        """Return what the checkers of each region say of a check; empty key: all say so. None: it is unknown."""
        engine = self.running
        standing = engine.checks.standing.get((account, check))
        if standing is None:
            return None
        return engine.checkers.observed((account, check)) or {"": (standing.healthy, standing.reason)}


HELD = Held()


def _watch(_: Any) -> Any:
    return HELD.running.told()


def _dns(said: Mapping[str, Any]) -> Any:
    engine = HELD.running
    if "propagation" in said:
        engine.servers.delay = _seconds(said["propagation"])
    return {**engine.addresses(), "propagation": engine.servers.delay}


def _faults(_: Any) -> Any:
    return INTAKE.told()


def _add_fault(said: Mapping[str, Any]) -> Any:
    INTAKE.faults.append(Fault(**said))
    return INTAKE.told()


def _heal(_: Any) -> Any:
    INTAKE.heal()
    return INTAKE.told()


def _checkers(said: Mapping[str, Any]) -> Any:
    seen = HELD.running.checkers.seen
    if said:
        share = float(said["share"])
        if not 0 <= share <= 1:
            raise ValueError(f"a share is from 0 to 1, not {share:g}")
        seen[str(said["region"])] = share
    return dict(seen)


def _people(said: Mapping[str, Any]) -> Any:
    if said.get("confirm"):
        PEOPLE.confirm()
    return PEOPLE.told()


def _objects(said: Mapping[str, Any]) -> Any:
    if said:
        pair = (str(said["from"]), str(said["to"]))
        HELD.replication.lags[pair] = float("inf") if said.get("stopped") else _seconds(said["seconds"])
    return HELD.replication.told()


def _seconds(said: Any) -> float:
    if float(said) < 0:
        raise ValueError(f"seconds can't be negative: {said}")
    return float(said)


ENDPOINTS: Mapping[tuple[str, str], Callable[[Any], Any]] = {
    ("watch", "GET"): _watch,
    ("dns", "GET"): _dns,
    ("dns", "PUT"): _dns,
    ("metrics/faults", "GET"): _faults,
    ("metrics/faults", "POST"): _add_fault,
    ("metrics/faults", "DELETE"): _heal,
    ("checkers", "GET"): _checkers,
    ("checkers", "PUT"): _checkers,
    ("people", "GET"): _people,
    ("people", "PUT"): _people,
    ("replication/objects", "GET"): _objects,
    ("replication/objects", "PUT"): _objects,
}
