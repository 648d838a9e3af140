"""A cloud in a dictionary: StackSets, stacks and a global database, and what each action does to them.

Stacks are made with invented outputs, an operation may fail in a region or not have ended, and a region may be dark.
It knows nothing of the planner but its words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import singledispatchmethod
from typing import Any

from generator import naming
from generator.catalog import NAMES
from generator.config import Environment
from generator.holding import WITH_ZONES
from generator.plan import model
from generator.plan.leftovers import parse
from generator.plan.model import Database, Member, Seen, SeenInstance, SeenOperation, SeenStack, SeenStackSet
from generator.plan.steps import AssertNoMembers, EmptyBucket, RemoveSecretReplicas, Snapshot, Unprotect
from generator.plan.wanted import parsed

Place = tuple[str, str]
Spot = tuple[str, str]


@dataclass
class Stack:
    status: str
    parameters: dict[str, str]
    template: str
    birth: int
    protected: bool = False


@dataclass
class Listed:
    """An instance as its StackSet lists it: its status, overrides and stack."""

    status: str
    overrides: dict[str, str]
    stack: Stack | None


@dataclass
class Set:
    template: str
    parameters: dict[str, str]
    instances: dict[Place, Listed] = field(default_factory=dict)
    pending: list[model.Action] = field(default_factory=list)


class FailedError(Exception):
    """An operation did not succeed in some region."""


class Cloud:
    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.tags = naming.tags(environment.suffix, dict(environment.tags))
        self.sets: dict[str, Set] = {}
        self.plain: dict[tuple[str, str, str], Stack] = {}
        self.writer = ""
        self.dark: set[str] = set()
        self.markers: tuple[str, ...] = ()
        self.failing: dict[Spot, int] = {}
        self.slow: set[str] = set()
        self.lost: list[str] = []
        self.kept: list[str] = []
        self.snapshots: list[str] = []
        self.emptied: list[str] = []
        self.replicas_removed = False
        self.births = 0
        self.statuses: dict[str, str] = {}
        self.versions: dict[str, str] = {}

    # --- what is seen

    def seen(self) -> Seen:
        return Seen(
            account=self.environment.accounts.administration,
            stacksets={name: self._set(name, each) for name, each in self.sets.items()},
            plain={
                (account, name): self._stack(name, account, region, each)
                for (account, region, name), each in self.plain.items()
            },
            database=self.database(),
            dark=tuple(sorted(self.dark)),
            markers=self.markers,
        )

    def database(self) -> Database:
        clusters = self.clusters()
        if self.dark and not [region for region in clusters if region not in self.dark]:
            return Database(known=not clusters)
        members = tuple(
            Member(
                region, f"dr-{self.environment.suffix}-{region}", f"arn:{region}", region == self.writer,
                self.versions.get(region, stack.parameters["EngineVersion"]), self.statuses.get(region, "available"),
            )
            for region, stack in clusters.items()
        )  # fmt: skip
        there = any(each.instances for name, each in self.sets.items() if name.endswith("-global-database"))
        return Database(known=True, exists=there, members=members)

    def clusters(self) -> dict[str, Stack]:
        found = self.sets.get(f"dr-{self.environment.suffix}-database")
        return {
            region: each.stack
            for (_, region), each in (found.instances.items() if found else ())
            if each.stack and each.stack.status not in ("ROLLBACK_COMPLETE", "CREATE_FAILED")
        }

    def state(self) -> dict[str, Any]:
        """What two ways to the same end must agree on."""
        stacks = {
            (name, place): (each.status, each.stack and (each.stack.status, each.stack.parameters, each.stack.template))
            for name, found in self.sets.items()
            for place, each in found.instances.items()
        }
        plain = {key: (each.status, each.parameters, each.template) for key, each in self.plain.items()}
        return {"sets": {name: each.template for name, each in self.sets.items()}, "stacks": stacks, "plain": plain}

    def _set(self, name: str, each: Set) -> SeenStackSet:
        instances = tuple(
            SeenInstance(
                account, region, listed.status, "", "",
                None if region in self.dark or listed.stack is None
                else self._stack(f"StackSet-{name}", account, region, listed.stack),
                region not in self.dark,
            )
            for (account, region), listed in each.instances.items()
        )  # fmt: skip
        operations = tuple(SeenOperation(f"{name}-op", type(one).__name__, "RUNNING") for one in each.pending)
        permission = self.environment.permission_model.upper().replace("-", "_")
        return SeenStackSet(name, each.template, each.parameters, self.tags, permission, True, instances, operations)

    def _stack(self, name: str, account: str, region: str, stack: Stack) -> SeenStack:
        broken = stack.status in ("ROLLBACK_COMPLETE", "CREATE_FAILED")
        return SeenStack(
            name, f"{name}/{stack.birth}", region, account, stack.status,
            parameters=dict(stack.parameters),
            outputs={} if broken else self._outputs(name, region, stack),
            tags=self.tags, protected=stack.protected, template=stack.template,
        )  # fmt: skip

    def _outputs(self, name: str, region: str, stack: Stack) -> dict[str, str]:
        kind, about = parse(self.environment, name.removeprefix("StackSet-"))
        end = f"{region}-{about}-{stack.birth}".replace("--", "-")
        special = {
            "ReaderHost": f"c.cluster-ro-{end}.rds.amazonaws.com",
            "ComputeSubnetIds": f"subnet-1-{end},subnet-2-{end}",
            "DataSubnetIds": f"subnet-3-{end},subnet-4-{end}",
        }
        assert kind in NAMES
        return {each: special.get(each, f"{each}-{end}") for each in parsed(stack.template).get("Outputs") or {}}

    # --- what actions do

    def apply(self, action: model.Action) -> None:
        name = getattr(action, "name", "")
        if name in self.slow and not isinstance(action, (model.Wait, model.CreateStackSet)):
            self.slow.discard(name)
            self.sets[name].pending.append(action)
            return
        self._apply(action)

    @singledispatchmethod
    def _apply(self, action: Any) -> None:
        raise NotImplementedError(action)

    @_apply.register
    def _(self, action: model.Wait) -> None:
        assert action.operations or action.stacks
        for each in self.sets.values():
            waiting, each.pending = each.pending, []
            for one in waiting:
                self._apply(one)

    @_apply.register
    def _(self, action: model.CreateStackSet) -> None:
        assert action.name not in self.sets, "name already exists"
        self.sets[action.name] = Set(action.template, dict(action.parameters))

    @_apply.register
    def _(self, action: model.UpdateStackSet) -> None:
        found = self._free(action.name)
        found.template, found.parameters = action.template, dict(action.parameters)
        for each in found.instances.values():
            each.status = "OUTDATED"
        assert set(action.regions) == {region for _, region in found.instances} or action.regions
        self._update(action.name, action.regions)

    @_apply.register
    def _(self, action: model.CreateInstances) -> None:
        found = self._free(action.name)
        assert self._complete(found, action.overrides), "overrides are whole"
        failed = []
        for region in action.regions:
            place = (action.account, region)
            assert place not in found.instances, "instance already exists"
            assert region not in self.dark
            self.births += 1
            fails = self._fails(action.name, region)
            status = "ROLLBACK_COMPLETE" if fails else "CREATE_COMPLETE"
            stack = Stack(status, dict(action.overrides), found.template, self._birth(action.name, region))
            found.instances[place] = Listed("OUTDATED" if fails else "CURRENT", dict(action.overrides), stack)
            failed += [region] if fails else []
            if action.name.endswith("-database") and not action.name.endswith("global-database") and not fails:
                assert bool(self.writer) == (action.overrides["Birth"] == "standby")
                assert action.overrides["SourceRegion"] == (self.writer or "none")
                self.writer = self.writer or region
        if failed:
            raise FailedError(failed)

    @_apply.register
    def _(self, action: model.UpdateInstances) -> None:
        found = self._free(action.name)
        assert self._complete(found, action.overrides), "overrides are whole"
        for region in action.regions:
            found.instances[(action.account, region)].overrides = dict(action.overrides)
        self._update(action.name, action.regions)

    @_apply.register
    def _(self, action: model.DeleteInstances) -> None:
        found = self._free(action.name)
        for region in action.regions:
            assert region not in self.dark
            listed = found.instances[(action.account, region)]
            if not action.retain and listed.stack and listed.stack.status != "ROLLBACK_COMPLETE":
                self._delete(action.name, region, listed.stack)
            del found.instances[(action.account, region)]

    @_apply.register
    def _(self, action: model.DeleteStackSet) -> None:
        assert not self.sets.pop(action.name).instances, "not empty"

    @_apply.register
    def _(self, action: model.CreateStack) -> None:
        key = (action.account, action.region, action.name)
        assert key not in self.plain
        fails = self._fails(action.name, action.region)
        status = "ROLLBACK_COMPLETE" if fails else "CREATE_COMPLETE"
        self.plain[key] = Stack(status, dict(action.parameters), action.template, 1)
        if fails:
            raise FailedError(action.region)

    @_apply.register
    def _(self, action: model.UpdateStack) -> None:
        key = (action.account, action.region, action.name)
        self.plain[key] = replace(
            self.plain[key], status="UPDATE_COMPLETE", parameters=dict(action.parameters), template=action.template
        )

    @_apply.register
    def _(self, action: model.DeleteStack) -> None:
        assert not self.sets or not action.name.endswith("stackset-roles"), "StackSets need their roles"
        del self.plain[(action.account, action.region, action.name)]

    @_apply.register
    def _(self, action: Unprotect) -> None:
        for found in self.sets.values():
            for (account, region), each in found.instances.items():
                if each.stack and (account, region) == (action.account, action.region):
                    each.stack.protected = False

    @_apply.register
    def _(self, action: Snapshot) -> None:
        self.snapshots.append(action.region)

    @_apply.register
    def _(self, action: EmptyBucket) -> None:
        self.emptied.append(action.bucket)

    @_apply.register
    def _(self, action: RemoveSecretReplicas) -> None:
        self.replicas_removed = True

    @_apply.register
    def _(self, action: AssertNoMembers) -> None:
        assert not self.clusters(), "trap 96"

    # --- what happens to it from outside

    def vanish(self, name: str, region: str) -> None:
        for (_, place), each in self.sets[name].instances.items():
            if place == region:
                each.stack = None

    def _free(self, name: str) -> Set:
        assert not self.sets[name].pending, "OperationInProgressException"
        return self.sets[name]

    def _fails(self, name: str, region: str) -> bool:
        left = self.failing.get((name, region), 0)
        self.failing[(name, region)] = max(0, left - 1)
        return left > 0

    def _birth(self, name: str, region: str) -> int:
        """Return how often a stack was made there: one made again has other ids."""
        key = (name, region)
        self._made = getattr(self, "_made", {})
        self._made[key] = self._made.get(key, 0) + 1
        return int(self._made[key])

    def _complete(self, found: Set, overrides: Mapping[str, str]) -> bool:
        return set(overrides) == set(parsed(found.template).get("Parameters") or {})

    def _update(self, name: str, regions: tuple[str, ...]) -> None:
        found, failed = self.sets[name], []
        for (_, region), each in found.instances.items():
            if region in regions and each.stack is not None:
                assert region not in self.dark
                assert each.stack.status != "ROLLBACK_COMPLETE", "a stack that was never made can't be updated"
                if self._fails(name, region):
                    each.stack.status, each.status = "UPDATE_ROLLBACK_COMPLETE", "OUTDATED"
                    failed.append(region)
                    continue
                declared = parsed(found.template).get("Parameters") or {}
                values = {**found.parameters, **each.overrides}
                each.stack.parameters = {key: values[key] for key in declared}
                each.stack.template = found.template
                each.stack.status, each.status = "UPDATE_COMPLETE", "CURRENT"
        if failed:
            raise FailedError(failed)

    def _delete(self, name: str, region: str, stack: Stack) -> None:
        assert not stack.protected, "termination protection"
        assert stack.parameters.get("DeletionProtection") != "true", "trap 97"
        if name == f"dr-{self.environment.suffix}-database":
            secret = stack.parameters["Birth"] == "origin"
            assert self.replicas_removed or not secret, "trap 98"
            assert region != self.writer or len(self.clusters()) == 1, "the active region goes last"
        for logical_id, body in (parsed(stack.template).get("Resources") or {}).items():
            if body["Type"] in WITH_ZONES:
                goes = body.get("DeletionPolicy", "Delete") == "Delete"
                (self.lost if goes else self.kept).append(f"{name}/{region}/{logical_id}")
