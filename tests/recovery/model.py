"""A model of three regions for random stories: who writes, who sees what, and an executor of plans.

It carries out steps as the deployed machine does, and can be stopped after any of them. The service
promotes at once or later; a region that is cut off goes on writing until the service stops it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from recovery import failover, promotion, rejoin, steps, switchover
from recovery.decision import Decision
from recovery.signals import FAILOVER
from recovery.state import Database, GlobalCluster, Mark, Member, Snapshot, Swap, View

REGIONS = ("a", "b", "c")
RPO = 60
VALID_MS = 33_000


def arn(region: str) -> str:
    """Return the ARN of the cluster in ``region``."""
    return f"arn:aws:rds:{region}:111122223333:cluster:{region}"


@dataclass
class Table:
    """One region's state table."""

    fences: dict[str, Mark] = field(default_factory=dict)
    markers: dict[str, Mark] = field(default_factory=dict)
    holder: str = ""


@dataclass
class Model:
    """The regions. up: the region works. cut: nobody outside reaches it, but it works."""

    now: int = 1_800_000_000_000
    writer: str = "a"
    swap: Swap | None = None
    swap_until: int = 0
    up: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(REGIONS, True))
    cut: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(REGIONS, False))
    fenced: set[str] = field(default_factory=set)
    tables: dict[str, Table] = field(default_factory=lambda: {region: Table() for region in REGIONS})
    heartbeat: dict[str, int] = field(default_factory=dict)
    views: dict[tuple[str, str, str], View] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    promotions: list[tuple[str, str, str]] = field(default_factory=list)
    executions: int = 0

    def reaches(self, one: str, other: str) -> bool:
        """Return whether two regions reach each other."""
        both_up = self.up[one] and self.up[other]
        return (one == other and self.up[one]) or (both_up and not self.cut[one] and not self.cut[other])

    def writes(self, region: str) -> bool:
        """Return whether the database in ``region`` takes writes."""
        return self.up[region] and self.writer == region and region not in self.fenced and self.swap is None

    def tick(self, seconds: float = 0) -> None:
        """Let time pass, the service work, the probes look, the votes travel."""
        self.now += int(seconds * 1000)
        if self.swap and self.now >= self.swap_until:
            self.writer, self.swap = self.swap.to_arn.split(":")[3], None
        for region in REGIONS:
            if self.writes(self.writer) and self.reaches(region, self.writer):
                self.heartbeat[region] = self.now
        for voter in REGIONS:
            for about in REGIONS:
                if not self.up[voter]:
                    continue
                view = self._look(voter, about)
                for reader in REGIONS:
                    if self.reaches(voter, reader):
                        self.views[reader, voter, about] = view

    def _look(self, voter: str, about: str) -> View:
        reached = self.reaches(voter, about) and about not in self.fenced
        role = "unknown"
        if reached:
            role = "writer" if self.writes(about) else "replica"
        own_lag = voter == about and role == "replica" and about in self.heartbeat
        return View(
            voter, about, role, role == "writer", reached, f"{about} is {role}", self.now,
            self.now + VALID_MS,
            (self.now - self.heartbeat[about]) / 1000 if own_lag else None,
            tuple(self.tables[voter].markers) if voter == about else (),
        )  # fmt: skip

    def facts(self, region: str) -> Snapshot:
        """Return what a decision in ``region`` starts from."""
        table = self.tables[region]
        members = tuple(
            Member(arn(one), one, one == self.writer, "connected" if self.up[one] else "pending-resync")
            for one in REGIONS
        )
        return Snapshot(
            region=region,
            data_regions=REGIONS,
            cluster=GlobalCluster("g", "16.8", members, self.swap),
            database=Database(arn(region), "available", "16.8", 1),
            views=tuple(view for (reader, _, _), view in self.views.items() if reader == region),
            fences=tuple(table.fences.values()),
            markers=tuple(table.markers.values()),
            holder=table.holder,
        )

    def recover(self, verb: str, target: str, *, accept: bool = False, stop_after: int = 99) -> Decision:
        """Carry a recovery out in ``target`` as far as ``stop_after`` steps, and return its decision."""
        table = self.tables[target]
        if table.holder in self.running:
            return Decision("refused", f"{table.holder} runs", "wait")
        self.executions += 1
        me = f"execution-{self.executions}"
        table.holder = ""  # its holder has ended: taken over
        decision = self._decide(verb, target, accept)
        left = steps.remaining(decision.steps, self.facts(target), self.now)
        if decision.steps and decision.steps[-1] not in left:
            left = decision.steps  # nobody holds the lease yet, so the last steps look done
        for count, step in enumerate(left):
            if count >= stop_after:
                return decision
            if not self._carry_out(step, verb, target, me):
                return replace(decision, outcome="refused", reason="the service refused")
            self.tick()
        return decision

    def _decide(self, verb: str, target: str, accept: bool) -> Decision:
        facts = self.facts(target)
        if verb == FAILOVER:
            return failover.decide(facts, target, failover.Terms(RPO, accept), self.now)
        return switchover.decide(facts, target, rpo_seconds=RPO, now_ms=self.now)

    def _carry_out(self, step: steps.Step, verb: str, target: str, me: str) -> bool:
        """Let one step take effect; return false when the recovery ends here."""
        table, record = self.tables[target], Mark(step.region, self.now, me)
        if step.name == steps.LEASE:
            table.holder = me
        elif step.name == steps.FENCE:
            table.fences[step.region] = record
            if self.reaches(target, step.region):
                self.fenced.add(step.region)
        elif step.name == steps.PROMOTE:
            return self._promote(verb, target)
        elif step.name == steps.MARK:
            table.markers[step.region] = record
        elif step.name == steps.PROVE:
            for _ in range(12):
                if self.facts(target).proved(target, self.now):
                    return True
                self.tick(5)
            return False
        elif step.name == steps.RELEASE:
            table.holder = ""
        return True

    def _promote(self, verb: str, target: str) -> bool:
        call = promotion.next_call(self.facts(target), verb, target)
        if call.action != promotion.CALL:
            return call.action != promotion.REFUSED
        if not self.reaches(target, call.region):
            return False
        self.promotions.append((verb, call.old, target))
        self.swap = Swap("failing-over", arn(call.old), arn(target), verb == FAILOVER)
        self.swap_until = self.now + 20_000
        return True

    def notice(self, region: str) -> None:
        """Lift, in ``region``, what may be lifted."""
        table = self.tables[region]
        if not self.up[region]:
            return
        facts = self.facts(region)
        if table.holder not in self.running:
            facts = replace(facts, holder="")
        for owed in rejoin.unmarked(facts, self.now):
            table.markers[owed.region] = owed
            facts = replace(facts, markers=(*facts.markers, owed))
        for old in sorted({*table.fences, *table.markers}):
            found = rejoin.decide(facts, old, self.now)
            if old in table.fences and found.lift_fence:
                if not self.reaches(region, old):
                    continue
                self.fenced.discard(old)
                del table.fences[old]
            if old in table.markers and found.lift_marker:
                del table.markers[old]
