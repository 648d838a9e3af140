"""The waves of a plan, one after the other; within one, every work in a thread of its own.

A work that fails does not keep the others of its wave from ending; the next wave is not begun. After each wave
only what was changed is looked at again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from generator.aws import bootstrap, checks, observe, policies, replicas, works
from generator.aws.control import Control
from generator.aws.events import Checked, Said, WaveBegan, WorkBegan, WorkEnded
from generator.aws.faults import DeployError
from generator.aws.grip import Grip
from generator.aws.interruptible import all_of
from generator.aws.works import Library, Sent
from generator.placement import Instance
from generator.plan.model import Kind, Plan, SeenStackSet, Work
from generator.plan.wanted import Facts

_DATABASES = frozenset({"global-database", "database"})
_REPLACE = "--replace-data"


@dataclass
class _Done:
    """What a wave's works did, gathered from their threads."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    sent: dict[str, Sent] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)


class Waves:
    """Carries out a plan. ``grip`` is asked to hold the lease before the first change."""

    def __init__(self, control: Control, library: Library, plan: Plan, grip: Grip, allowed: frozenset[str]) -> None:
        self._control, self._library, self._plan, self._grip = control, library, plan, grip
        self._lift = any(each.startswith(_REPLACE) for each in allowed)
        self._changed: list[str] = []
        self._stale_members = False
        self._set: set[Instance] = set()

    @property
    def changed(self) -> tuple[str, ...]:
        """Return which works have changed something so far."""
        return tuple(self._changed)

    def carry_out(self, facts: Facts) -> tuple[Facts, tuple[str, ...], tuple[Checked, ...]]:
        """Return what is known at the end, which works changed something, and what was checked.

        Raises DeployError with all that failed in a wave, HaltedError, and what :meth:`Grip.hold` raises.
        """
        found: tuple[Checked, ...] = ()
        for number, wave in enumerate(self._plan.waves, 1):
            self._control.halt.check()
            jobs = {each: self._doing(facts, each) for each in wave}
            jobs = {each: words for each, words in jobs.items() if words}
            if jobs:
                self._grip.hold()
                self._control.sink(WaveBegan(number, len(self._plan.waves), tuple(each.id for each in jobs)))
                facts = self._wave(facts, jobs)
            if any(each.kind is Kind.BOOTSTRAP for each in wave):
                facts = self._bootstrap(facts)
            if any(each.kind is Kind.CHECKS for each in wave):
                facts, found = self._checks(facts)
        return facts, self.changed, found

    def _doing(self, facts: Facts, work: Work) -> tuple[str, ...]:
        """Return what the work has to do, in words; nothing when all is in order."""
        if work.kind is Kind.PACKAGES:
            keys = works.to_upload(facts, self._library, work) if work.region not in facts.seen.dark else ()
            return (f"{len(keys)} packages to upload",) if keys else ()
        if work.kind in (Kind.PLAIN, Kind.STACKSET):
            return tuple(each.reason for each in works.to_do(facts, self._library, work))
        return ()

    def _wave(self, facts: Facts, jobs: Mapping[Work, tuple[str, ...]]) -> Facts:
        done = _Done()
        try:
            all_of({work.id: partial(self._one, facts, work, words, done) for work, words in jobs.items()})
        finally:
            self._changed += done.changed
        return self._refreshed(facts, jobs, done.sent)

    def _one(self, facts: Facts, work: Work, words: tuple[str, ...], done: _Done) -> None:
        control, start = self._control, time.monotonic()
        self._grip.check()
        regions = tuple(each.region for each in work.places) or (work.region,)
        control.sink(WorkBegan(work.id, work.stack, regions, words))
        if work.kind is Kind.PACKAGES:
            changed, sent = bool(works.upload(facts, self._library, work, control)), Sent()
        else:
            sent = works.carry(facts, self._library, work, control, lift=self._lift)
            changed = sent != Sent()
        control.sink(WorkEnded(work.id, changed, time.monotonic() - start))
        with done.lock:
            done.sent[work.id] = sent
            done.changed += [work.id] if changed else []

    def _refreshed(self, facts: Facts, jobs: Mapping[Work, object], sent: Mapping[str, Sent]) -> Facts:
        """Return the facts with what the wave changed looked at again, and what holds data protected."""
        stacksets: dict[str, SeenStackSet] = {one.name: one for each in sent.values() for one in each.stacksets}
        places = [place for each in sent.values() for place in each.places if place.region]
        if not places and not stacksets:
            return facts
        seen = observe.again(
            facts.environment,
            self._control.clouds,
            facts.seen,
            whole=[name for each in sent.values() for name in each.whole],
            sent=list(stacksets.values()),
            templates={key: text for each in sent.values() for key, text in each.templates.items()},
            places={(each.account, each.region) for each in places},
            calling=self._control.calling,
        )
        self._stale_members |= any(work.stack in _DATABASES for work in jobs)
        new = [each for each in places if facts.seen.stack_of(each) is None or self._lift]
        policies.protect(self._control.clouds, new, seen, fresh=True)
        self._set |= set(new)
        works.answering(facts.seen, seen)
        return replace(facts, seen=seen)

    def _members(self, facts: Facts) -> Facts:
        """Return the facts with the database asked again, if a wave changed it."""
        if not self._stale_members:
            return facts
        self._stale_members = False
        seen = observe.again(
            facts.environment, self._control.clouds, facts.seen, members=True, calling=self._control.calling
        )
        return replace(facts, seen=seen)

    def _bootstrap(self, facts: Facts) -> Facts:
        facts = self._members(facts)
        active = facts.seen.database.active
        if not active:
            self._control.sink(Said("nobody knows which region is active: the database was not prepared", "warning"))
            return facts
        if active in facts.seen.dark:
            self._control.sink(Said(f"{active} does not answer: the database was not prepared", "warning"))
            return facts
        function = _output(facts, "probe", active, "BootstrapName")
        self._prepare(active, function)
        return facts

    def _prepare(self, active: str, function: str) -> None:
        if bootstrap.bootstrap(self._control, active, function, look_first=not self._changed, hold=self._grip.hold):
            self._changed.append("bootstrap")

    def _checks(self, facts: Facts) -> tuple[Facts, tuple[Checked, ...]]:
        facts = self._members(facts)
        others = [each for each in facts.placed.instances if each not in self._set]
        protected = policies.protect(self._control.clouds, others, facts.seen, hold=self._grip.hold)
        self._changed += [f"stack policy of {each}" for each in protected]
        healed = replicas.heal(self._control, facts.seen, hold=self._grip.hold)
        self._changed += [f"secret's replica in {each}" for each in healed]
        found = checks.checks(self._control, facts.seen)
        for each in found:
            self._control.sink(each)
        return facts, found


def _output(facts: Facts, name: str, region: str, output: str) -> str:
    for each in facts.placed.instances:
        if (each.stack, each.region) == (name, region):
            found = facts.seen.stack_of(each)
            if found is not None and found.outputs.get(output):
                return found.outputs[output]
    raise DeployError(
        f"the output {output} of {name} in {region} is missing",
        hint="look at the outputs of that stack, then deploy again",
    )
