"""What a deployment would do, told without doing it: the same plan, and the same actions as far as they are known.

What depends on an output that is not there yet can't be told in full; it says after which wave it can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generator.aws import observe, works
from generator.aws.clients import Clouds
from generator.aws.uploads import Packages
from generator.aws.works import Library
from generator.config import Environment
from generator.placement import Instance
from generator.plan.changes import Change
from generator.plan.effects import effects
from generator.plan.model import Action, Kind, Plan, Refusal, Seen, Value, Work
from generator.plan.safety import refusals
from generator.plan.wanted import Facts
from generator.plan.waves import plan as planned


@dataclass(frozen=True)
class Step:
    """A work: in which wave (from one), what it would do, and what that does to resources.

    waits: what can't be told yet, and why, in words. values: every parameter with its origin.
    """

    wave: int
    work: Work
    doing: tuple[Action, ...] = ()
    words: tuple[str, ...] = ()
    waits: str = ""
    values: Mapping[Instance, Mapping[str, Value]] = field(default_factory=dict)
    changes: Mapping[Instance, tuple[Change, ...]] = field(default_factory=dict)

    @property
    def idle(self) -> bool:
        """Tell whether there is nothing to do for it."""
        return not self.words and not self.waits


@dataclass(frozen=True)
class Preview:
    """The whole: what was seen, the plan, each work of it in order, and what is refused."""

    environment: Environment
    seen: Seen
    plan: Plan
    steps: tuple[Step, ...]
    refusals: tuple[Refusal, ...]

    @property
    def idle(self) -> bool:
        """Tell whether a deployment would change nothing."""
        return all(step.idle for step in self.steps)


def preview(environment: Environment, clouds: Clouds | None, *, allowed: frozenset[str] = frozenset()) -> Preview:
    """Return what a deployment would do; without ``clouds``, in an account in which nothing is there yet.

    Raises CloudError when the StackSets' region does not answer, or a call is refused.
    """
    packages = Packages()
    try:
        if clouds is None:
            seen, lists = observe.nothing(environment.accounts.administration), {}
        else:
            seen = observe.seen(environment, clouds)
            lists = dict(observe.prefix_lists(environment, clouds, seen))
        facts = Facts(environment, seen, packages.keys, lists)
        return _previewed(facts, Library(environment, packages), allowed)
    finally:
        packages.close()


def _previewed(facts: Facts, library: Library, allowed: frozenset[str]) -> Preview:
    plan = planned(facts.environment, facts.seen)
    found = effects(facts, plan, library.templates)
    steps = tuple(
        _step(facts, library, number, work, found.get(work.id, {}))
        for number, wave in enumerate(plan.waves, 1)
        for work in wave
    )
    refused = refusals(facts.environment, facts.seen, plan, found, allowed=allowed)
    return Preview(facts.environment, facts.seen, plan, steps, refused)


def _step(
    facts: Facts, library: Library, number: int, work: Work, changes: Mapping[Instance, tuple[Change, ...]]
) -> Step:
    if work.kind is Kind.PACKAGES:
        keys = works.to_upload(facts, library, work)
        return Step(number, work, words=(f"{len(keys)} packages to upload",) if keys else ())
    if work.kind in (Kind.BOOTSTRAP, Kind.CHECKS):
        return Step(number, work)
    values = works.values(facts, work)
    lacking = works.missing(work, values)
    if lacking:
        return Step(number, work, waits=f"after wave {number - 1}: {lacking}", values=values, changes=changes)
    doing = works.to_do(facts, library, work)
    return Step(number, work, doing, tuple(each.reason for each in doing), values=values, changes=changes)
