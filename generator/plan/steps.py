"""What a teardown does besides the calls of a plan, and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass

from generator.plan.model import Action


@dataclass(frozen=True)
class Unprotect(Action):
    """Take the termination protection off a stack."""

    account: str
    region: str
    stack: str


@dataclass(frozen=True)
class Snapshot(Action):
    """Take a manual snapshot of a cluster and wait until it is there; ``name`` is to be made unique by its time."""

    account: str
    region: str
    cluster: str
    name: str


@dataclass(frozen=True)
class RemoveSecretReplicas(Action):
    """Take a secret's replicas away, without which it can't be deleted (trap 98)."""

    account: str
    region: str
    secret: str
    replicas: tuple[str, ...]


@dataclass(frozen=True)
class EmptyBucket(Action):
    """Delete every version of every object, and every delete marker."""

    account: str
    region: str
    bucket: str


@dataclass(frozen=True)
class AssertNoMembers(Action):
    """Go on only if the global cluster has no member any more (trap 96)."""

    region: str
    cluster: str


@dataclass(frozen=True)
class Left:
    """A StackSet or stack that is left, in these regions, and why."""

    name: str
    regions: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Teardown:
    """Waves of steps: those of a wave can go at the same time, each wave waits for the one before.

    After a wave with a Wait in it, look again and ask again: what was waited for may have changed the rest.
    """

    suffix: str
    waves: tuple[tuple[Action, ...], ...]
    left: tuple[Left, ...]

    @property
    def steps(self) -> tuple[Action, ...]:
        """Return every step in order."""
        return tuple(step for wave in self.waves for step in wave)
