"""An environment taken down: what goes, in which order, and what is left with the reason.

- Not disposable, and data not asked for: what holds data stays, with what it stands on; the rest goes.
- Not disposable, and data asked for: every cluster is snapshotted first, then goes; buckets, vaults and the keys
  by which all of that is read stay.
- Disposable, in the file and as it is deployed: everything goes, and buckets are emptied.

The order goes by what was observed, not by the file, so it holds after a failover too: standbys, then the
active region, then the global cluster (trap 96); everything else in the reverse of the order in which it was
made. Stacks that retain what they hold are first given a template that deletes it, which is the deployed
one with its deletion policies changed and nothing else (:mod:`generator.plan.retention`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from generator import naming
from generator.catalog import stack
from generator.config import Environment
from generator.placement import Instance
from generator.plan.graph import below
from generator.plan.keeping import outliving
from generator.plan.leftovers import deployed, ours, parse, tagged
from generator.plan.model import Action, Seen, SeenStack, UpdateInstances, Wait
from generator.plan.removal import removed
from generator.plan.retention import check_disposable, let_go, overrides
from generator.plan.states import busy, dark, hanging, never_made
from generator.plan.steps import Left, RemoveSecretReplicas, Snapshot, Teardown, Unprotect
from generator.slots import NONE

_WITH_DATA_STAYS = frozenset({"keys", "artifacts", "storage", "backup"})
_WHY = {
    "keys": "what stays, and every snapshot, can be read with this key only",
    "artifacts": "its buckets hold access logs and packages",
    "network": "the cluster is in it",
    "peering-request": "clients reach the cluster in the other region over it",
    "peering-accept": "clients reach the cluster in the other region over it",
    "global-database": "it holds the database's members together",
    "database": "it holds data",
    "storage": "it holds data, and only a disposable environment's buckets are emptied",
    "backup": "it holds backups",
    "zone": "its name servers are delegated to by its parent",
    "stackset-roles": "what stays can be changed or deleted with these roles only",
    "deployment": "what stays is deployed and destroyed under its lease",
}

_RELEASED = "no StackSet lists it: it was kept when its region or its stack was given up, and goes by hand"


def teardown(environment: Environment, seen: Seen, *, data: bool) -> Teardown:
    """Return the steps that take the environment down, and what they leave; ``data`` says that data may go.

    Raises NotDisposableError when only the file says that the environment is disposable.
    """
    if environment.disposable:
        check_disposable(environment, seen)
    case = _Case(environment, seen, data)
    waves: list[list[Action]] = [
        list(_waits(case)),
        [Unprotect("it is to be deleted", each.account, each.region, found.name) for each, found in case.protected],
        list(_snapshots(case)),
        list(let_go(seen, case.going)),
        list(_protections(case)),
        list(_secrets(case)),
        *removed(environment, seen, case.going),
    ]
    return Teardown(environment.suffix, tuple(tuple(wave) for wave in waves if wave), tuple(_left(case)))


@dataclass(frozen=True)
class _Case:
    environment: Environment
    seen: Seen
    data: bool

    @cached_property
    def present(self) -> tuple[Instance, ...]:
        return tuple(deployed(self.environment, self.seen))

    @cached_property
    def dark(self) -> tuple[Instance, ...]:
        return tuple(each for each in self.present if dark(self.seen, each))

    @cached_property
    def reasons(self) -> dict[Instance, str]:
        """Return, for each instance that is left, why."""
        found = {each: f"{each.region} does not answer" for each in self.dark}
        found |= self._under_way()
        stays = self._staying()
        for each in self.present:
            if each.stack in stays:
                found.setdefault(each, _WHY[each.stack])
        found |= {each: why for each, why in self._held_by_the_dark().items() if each not in found}
        if found:
            for each in self.present:
                if stack(each.stack).plain:
                    found.setdefault(each, _WHY[each.stack])
        return found

    @cached_property
    def going(self) -> tuple[Instance, ...]:
        return tuple(each for each in self.present if each not in self.reasons)

    @cached_property
    def protected(self) -> list[tuple[Instance, SeenStack]]:
        stacks = ((each, self.seen.stack_of(each)) for each in self.going)
        return [(each, found) for each, found in stacks if found is not None and found.protected]

    @property
    def clusters_unknown(self) -> bool:
        """Tell whether snapshots can't be taken because nobody knows the clusters."""
        return not self.seen.database.known and not self.environment.disposable

    def _staying(self) -> frozenset[str]:
        if self.environment.disposable:
            return frozenset()
        if self.data and not self.clusters_unknown:
            return _WITH_DATA_STAYS
        stays = outliving(self.environment)
        standing = any(each.stack == "database" for each in self.present)
        return stays | {"peering-request", "peering-accept"} if standing else stays

    def _under_way(self) -> dict[Instance, str]:
        """Return what an operation keeps that waits for a dark region alone, with all that stands under it."""
        found: dict[Instance, str] = {}
        for each in self.present:
            stackset = self.seen.stacksets.get(each.stackset)
            silent = hanging(self.seen, stackset) if stackset and each not in self.dark else ()
            if silent:
                found[each] = f"an operation of its StackSet has not ended in {silent[0]}, which does not answer"
        stands_on = below(self.environment.shape)
        for busy_one in tuple(found):
            for each in self.present:
                near = each.region == busy_one.region or each.stack in ("global-database", "zone")
                if near and each.stack in stands_on[busy_one.stack] and each not in self.dark:
                    found.setdefault(each, f"{busy_one.stack} in {busy_one.region}, which stays, stands on it")
        return found

    def _held_by_the_dark(self) -> dict[Instance, str]:
        """Return what can't go while something in a dark region stands on it or refers to it."""
        stands_on = below(self.environment.shape)
        found = {each: why for each in self.present if each.stack == "database" and (why := self._held(each))}
        for each in self.present:
            above = [one for one in self.dark if each.stack in stands_on[one.stack]]
            if each.stack in ("global-database", "zone") and above:
                found[each] = f"{above[0].stack} in {above[0].region}, which does not answer, stands on it"
        clusters = {each.region for each in found if each.stack == "database"}
        for each in self.present:
            if each.stack == "global-database" and clusters:
                found.setdefault(each, f"the cluster in {min(clusters)}, which stays, is a member of it")
            elif each.stack in ("network", "keys") and each.region in clusters:
                found.setdefault(each, "the cluster that stays is in it, or is read with it")
        return found

    def _held(self, place: Instance) -> str:
        """Return why a cluster can't go; empty when it can.

        A writer leaves the global database after its last standby (Aurora User Guide, "Removing a cluster from an
        Amazon Aurora global database").
        """
        silent = {each.region for each in self.dark}
        if replicas := silent & set(_replicas(self.seen.stack_of(place))):
            return f"its secret has a replica in {min(replicas)}, which does not answer (trap 98)"
        standbys = sorted(each.region for each in self.dark if each.stack == "database" and each.region != place.region)
        if place.region == self.seen.database.active and standbys:
            return f"it is active, and its standby in {standbys[0]} does not answer: the writer goes last"
        return ""


def _waits(case: _Case) -> Iterator[Action]:
    going = {each.stackset for each in case.going}
    away = {each.stackset for each in case.dark}
    for stackset in ours(case.environment, case.seen):
        idle = not going & {stackset.name} and bool(away & {stackset.name})
        if stackset.operations and not idle and not hanging(case.seen, stackset):
            ids = tuple(each.id for each in stackset.operations)
            yield Wait("an operation has not ended", stackset.name, ids)
    for each in case.going:
        found = case.seen.stack_of(each)
        if found is not None and busy(found):
            moving = ((each.account, each.region, found.name),)
            yield Wait(f"the stack is {found.status}", each.stackset, (), moving)


def _snapshots(case: _Case) -> Iterator[Action]:
    """Snapshot the cluster of every database stack that goes, whether the global database still knows it or not."""
    roles = {each.region: "active" if each.writer else "standby" for each in case.seen.database.members}
    for each in () if case.environment.disposable else case.going:
        found = case.seen.stack_of(each) if each.stack == "database" else None
        if found is None or (never_made(found) and each.region not in roles):
            continue
        named = naming.CLUSTER.of(suffix=case.environment.suffix, region=each.region)
        cluster = found.outputs.get("ClusterIdentifier") or named
        role = roles.get(each.region)
        why = f"the last of the {role} cluster" if role else "the last of a cluster that left the global database"
        yield Snapshot(why, each.account, each.region, cluster, f"{cluster}-destroyed")


def _protections(case: _Case) -> Iterator[Action]:
    """Clear the deletion protection in an update of its own: a deletion would take the instances first (trap 97)."""
    for each in case.going:
        found, stackset = case.seen.stack_of(each), case.seen.stacksets.get(each.stackset)
        if found is not None and stackset is not None and found.parameters.get("DeletionProtection") == "true":
            values = {**overrides(stackset, found), "DeletionProtection": "false"}
            yield UpdateInstances("deletion protection goes first", each.stackset, each.account, (each.region,), values)


def _secrets(case: _Case) -> Iterator[Action]:
    name = naming.DATABASE_SECRET.of(suffix=case.environment.suffix)
    for each in case.going:
        replicas = _replicas(case.seen.stack_of(each)) if each.stack == "database" else ()
        if replicas:
            yield RemoveSecretReplicas(
                "a secret with replicas can't be deleted", each.account, each.region, name, replicas
            )


def _replicas(found: SeenStack | None) -> tuple[str, ...]:
    """Return the regions that the stack's secret is replicated to; only the origin's stack has one."""
    if found is None or found.parameters.get("Birth") != "origin":
        return ()
    return tuple(each for each in found.parameters.get("ReplicaRegions", "").split(",") if each not in ("", NONE))


def _left(case: _Case) -> Iterator[Left]:
    groups: dict[tuple[str, str], list[str]] = {}
    for each, why in case.reasons.items():
        groups.setdefault((each.stackset, why), []).append(each.region)
    for (name, why), regions in groups.items():
        yield Left(name, tuple(dict.fromkeys(regions)), why)
    for stackset in case.seen.stacksets.values():
        if parse(case.environment, stackset.name)[0] and not tagged(case.environment, stackset.tags):
            regions = [each.region for each in stackset.instances] or [case.environment.dns_region]
            yield Left(stackset.name, tuple(regions), "it does not have the environment's tag: is it somebody else's?")
    for stack_ in case.seen.released:
        yield Left(stack_.name, (stack_.region,), _RELEASED)
