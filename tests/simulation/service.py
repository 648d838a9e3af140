"""Aurora's control plane: promotions that take time, may be given up, and are described late.

After the Aurora User Guide, "Using switchover or failover in Amazon Aurora Global Database", and the RDS API,
``FailoverGlobalCluster``, ``SwitchoverGlobalCluster`` and ``FailoverState``: without ``AllowDataLoss`` a failover is a
switchover; a switchover stops writes and waits until the target has everything; a failover stops the old writer if it
can, promotes, and adds the old region back on a new volume when it is reachable again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recovery_world import GLOBAL, arn, client_error

from .databases import REPLICA, WRITER
from .network import REPLICATION

if TYPE_CHECKING:
    from .world import World

VERSION = "16.8"
CATCH_UP_SECONDS = 300
"""How long a switchover waits for its target."""


@dataclass(frozen=True)
class Promotion:
    """A promotion that happened: who took over from whom, by which verb, and which rows did not come along."""

    verb: str
    old: str
    target: str
    asked_ms: int
    at_ms: int
    missing: frozenset[str]


@dataclass
class Habits:
    """How the service goes about its work, in seconds.

    early: the description shows the new writer so long before it takes writes (negative: after). gives_up: so many
    promotions are taken and then cancelled; ignores: taken and forgotten. fences: it stops the old writer if it can.
    """

    takes: float = 30
    early: float = 0
    rejoins: float = 90
    gives_up: int = 0
    ignores: int = 0
    fences: bool = True


@dataclass
class Service:
    """The global cluster: ``writer`` as the service has it, the promotion it is at, and what it tells."""

    world: World
    writer: str
    habits: Habits = field(default_factory=Habits)
    swap: dict[str, Any] | None = None
    unsettled: dict[str, int] = field(default_factory=dict)
    stale: dict[str, float] = field(default_factory=dict)
    instances: dict[str, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    promotions: list[Promotion] = field(default_factory=list)
    accepted: list[tuple[int, str, str, str]] = field(default_factory=list)
    unready: list[tuple[int, str]] = field(default_factory=list)
    _told: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.odd = bool(self.habits.gives_up or self.habits.ignores)
        self._note()
        self.world.clock.every(15, self._settle, 15)

    def operations(self, region: str) -> dict[str, Callable[..., Any]]:
        """Return the operations of a client in ``region``."""
        return {
            "describe_global_clusters": lambda **request: self._describe(region, **request),
            "describe_db_clusters": self._cluster,
            "failover_global_cluster": lambda **request: self._failover(region, **request),
            "switchover_global_cluster": lambda **request: self._switchover(region, **request),
        }

    def _describe(self, region: str, GlobalClusterIdentifier: str) -> dict[str, Any]:
        at = self.world.clock.now - round(self.stale.get(region, 0) * 1000)
        newest = next(told for when, told in reversed(self._told) if when <= at or told is self._told[0][1])
        return {"GlobalClusters": [copy.deepcopy(newest)]}

    def _note(self) -> None:
        """Keep what is described from now on."""
        regions = self.world.data_regions
        members = [
            {
                "DBClusterArn": arn(region),
                "Readers": [arn(one) for one in regions if one != region] if region == self.writer else [],
                "IsWriter": region == self.writer,
                "SynchronizationStatus": "pending-resync" if region in self.unsettled else "connected",
            }
            for region in regions
        ]
        told: dict[str, Any] = {
            "GlobalClusterIdentifier": GLOBAL,
            "EngineVersion": VERSION,
            "GlobalClusterMembers": members,
        }
        self._told.append((self.world.clock.now, told | ({"FailoverState": dict(self.swap)} if self.swap else {})))

    def _cluster(self, DBClusterIdentifier: str) -> dict[str, Any]:
        region = DBClusterIdentifier.split(":")[3]
        members = [{"DBInstanceIdentifier": f"i-{at}"} for at in range(self.instances.get(region, 2))]
        version = self.versions.get(region, VERSION)
        return {"DBClusters": [{"Status": "available", "EngineVersion": version, "DBClusterMembers": members}]}

    def _failover(self, region: str, **request: Any) -> dict[str, Any]:
        loss = bool(request.get("AllowDataLoss"))
        return self._ask("failover" if loss else "switchover", region, request["TargetDbClusterIdentifier"])

    def _switchover(self, region: str, **request: Any) -> dict[str, Any]:
        if region != self.writer:
            raise client_error("InvalidGlobalClusterStateFault", "not called in the primary's region")
        return self._ask("switchover", region, request["TargetDbClusterIdentifier"])

    def _ask(self, verb: str, region: str, target_arn: str) -> dict[str, Any]:
        target = target_arn.split(":")[3]
        servers = self.world.servers
        if self.swap or target == self.writer or target not in servers:
            raise client_error("InvalidGlobalClusterStateFault", "not in a state for this")
        old = servers[self.writer]
        unwell = not old.alive or old.hung or self.writer in self.world.network.lost
        if target in self.unsettled:
            self.unready.append((self.world.clock.now, target))
        if target in self.unsettled or (verb == "switchover" and unwell):
            raise client_error("InvalidDBClusterStateFault", f"{self.writer} or {target} is not available")
        self.accepted.append((self.world.clock.now, verb, target, region))
        self.world.say("service", target, f"takes a {verb} from {self.writer}")
        if self.habits.ignores:
            self.habits.ignores -= 1
        else:
            self._begin(verb, target)
        return {"GlobalCluster": {"GlobalClusterIdentifier": GLOBAL}}

    def _begin(self, verb: str, target: str) -> None:
        self.swap = {
            "Status": "pending",
            "FromDbClusterArn": arn(self.writer),
            "ToDbClusterArn": arn(target),
            "IsDataLossAllowed": verb == "failover",
        }
        asked, clock = self.world.clock.now, self.world.clock
        self._note()
        clock.after(min(5, self.habits.takes / 2), lambda: self._work(verb))
        give_up = self.habits.gives_up > 0
        self.habits.gives_up -= give_up
        clock.after(
            self.habits.takes,
            self._cancel if give_up else lambda: self._finish(verb, target, asked),
        )

    def _work(self, verb: str) -> None:
        """Stop the old writer: a switchover has to, a failover does if it can."""
        assert self.swap is not None
        self.swap["Status"] = "failing-over"
        self._note()
        reachable = self.writer not in self.world.network.lost and not self.world.cut_off(self.writer)
        if verb == "switchover" or (reachable and self.habits.fences):
            self.world.servers[self.writer].blocked = True

    def _finish(self, verb: str, target: str, asked: int) -> None:
        world, old = self.world, self.writer
        source, server = world.servers[old], world.servers[target]
        world.replicate()
        if target in world.network.lost or not server.alive or server.hung:
            self._cancel()
            return
        if verb == "switchover" and not (
            world.network.connects(REPLICATION, old, target) and source.alive and server.catch_up(source)
        ):
            if world.clock.now - asked > CATCH_UP_SECONDS * 1000:
                self._cancel()
            else:
                world.clock.after(10, lambda: self._finish(verb, target, asked))
            return
        early = self.habits.early
        if early > 0:
            self._show(verb, target)
            world.clock.after(early, lambda: self._promote(verb, old, target, asked))
        else:
            self._promote(verb, old, target, asked)
            world.clock.after(-early, lambda: self._show(verb, target))

    def _promote(self, verb: str, old: str, target: str, asked: int) -> None:
        """Let the database in ``target`` take writes."""
        world = self.world
        source, server = world.servers[old], world.servers[target]
        if verb == "failover":
            world.replicate()
        have = {row.key for row in server.log}
        missing = frozenset(row.key for row in source.log if row.key and row.key not in have)
        server.promote()
        if verb == "switchover":
            source.rebuild(server)
            for other in world.servers.values():
                if other.upstream == old and other is not server:
                    other.upstream = target
        self.promotions.append(Promotion(verb, old, target, asked, world.clock.now, missing))
        world.say("database", target, f"is promoted by a {verb} from {old}", f"{len(missing)} rows did not arrive")

    def _show(self, verb: str, target: str) -> None:
        """Show ``target`` as the writer, and the others as what they are to it now."""
        world = self.world
        others = [region for region in world.data_regions if region != target]
        due = world.clock.now + round(self.habits.rejoins * 1000)
        if verb == "failover":
            self.unsettled = dict.fromkeys(others, due)
        self.writer, self.swap = target, None
        self._note()

    def _cancel(self) -> None:
        assert self.swap is not None
        self.swap["Status"] = "cancelling"
        self._note()
        self.world.say("service", self.writer, "gives the promotion up")

        def over() -> None:
            self.swap = None
            self.world.servers[self.writer].blocked = False
            self._note()

        self.world.clock.after(10, over)

    def _settle(self) -> None:
        """Add regions that were taken over from back, as replicas on new volumes, when they can be reached."""
        world, source = self.world, self.world.servers[self.writer]
        for region, due in list(self.unsettled.items()):
            server = world.servers[region]
            reached = world.network.connects(REPLICATION, self.writer, region)
            if self.swap or world.clock.now < due or not reached or not source.writable:
                continue
            if server.alive and not server.hung:
                server.rebuild(source)
                server.read_only = False
                del self.unsettled[region]
                self._note()
                world.say("service", region, f"follows {self.writer} on a new volume")

    def believes(self, region: str) -> str:
        """Return what the service takes the region's cluster for: only a writer has a writer endpoint (trap 70)."""
        return WRITER if region == self.writer else REPLICA
