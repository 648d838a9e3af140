"""What the checks are told, and the few questions that several of them ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from generator.config import Environment
from generator.placement import Instance
from generator.plan import recorded
from generator.plan.changes import Change
from generator.plan.effects import ByWork
from generator.plan.leftovers import leftovers
from generator.plan.model import Plan, Seen, Work
from generator.sources import Placed


@dataclass(frozen=True)
class Case:
    """One plan against what was seen, with what it does to resources."""

    environment: Environment
    seen: Seen
    plan: Plan
    effects: ByWork

    @cached_property
    def placed(self) -> Placed:
        """Return the instances that are wanted."""
        return recorded.placed(self.environment, self.seen)

    @cached_property
    def leftovers(self) -> tuple[Instance, ...]:
        """Return the instances that are there and not wanted, dark ones too."""
        return leftovers(self.placed.environment, self.seen, self.placed.instances)

    def changes(self, *stacks: str) -> Iterator[tuple[Work, Instance, Change]]:
        """Yield every change of these stacks, or of all; those that are taken away are not among them."""
        for wave in self.plan.waves:
            for work in wave:
                for place, found in self.effects.get(work.id, {}).items():
                    if not work.remove and (not stacks or place.stack in stacks):
                        yield from ((work, place, each) for each in found)

    def touched(self, *stacks: str) -> tuple[Instance, ...]:
        """Return the places of these stacks where anything changes, new ones too."""
        return tuple(dict.fromkeys(place for _, place, _ in self.changes(*stacks)))

    def changed(self, *stacks: str) -> tuple[Instance, ...]:
        """Return the places of these stacks where an update changes something that is there."""
        found = (place for _, place, each in self.changes(*stacks) if each.kind != "added" or self._stands(place))
        return tuple(dict.fromkeys(found))

    def _stands(self, place: Instance) -> bool:
        return self.seen.stack_of(place) is not None
