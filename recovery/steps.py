"""The steps that a recovery is made of, and how each is recognised as done.

A plan is all steps in order; what remains of it is what is not yet done. So a plan that was interrupted
after any step and is worked out again from the facts goes on where it stopped, and one that had ended
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from recovery.state import Snapshot

LEASE = "lease"
APPROVE = "approve"
FENCE = "fence"
PROMOTE = "promote"
MARK = "mark"
PROVE = "prove"
TELL = "tell"
RELEASE = "release"


@dataclass(frozen=True)
class Step:
    """One act: its name, the region that it is about, and why it is there."""

    name: str
    region: str
    reason: str


def failover_steps(target: str, old: str) -> tuple[Step, ...]:
    """Return the plan of a failover from ``old`` to ``target``."""
    return (
        Step(LEASE, target, "one recovery at a time"),
        Step(FENCE, old, f"{old} may still be taking writes; a fence that fails is recorded and not waited for"),
        Step(PROMOTE, target, f"FailoverGlobalCluster with AllowDataLoss, called in {target}"),
        Step(MARK, old, f"a writer that comes back in {old} must not be answered"),
        *closing_steps(target),
    )


def switchover_steps(target: str, active: str) -> tuple[Step, ...]:
    """Return the plan of a switchover from ``active`` to ``target``."""
    return (
        Step(LEASE, target, "one recovery at a time"),
        Step(PROMOTE, target, f"SwitchoverGlobalCluster, called in {active}, where the writer is"),
        *closing_steps(target),
    )


def resuming_steps(target: str, old: str) -> tuple[Step, ...]:
    """Return what is left of a recovery whose promotion was accepted; ``old`` is empty for a switchover."""
    marking = (Step(MARK, old, f"a writer that comes back in {old} must not be answered"),) if old else ()
    return (Step(LEASE, target, "one recovery at a time"), *marking, *closing_steps(target))


def closing_steps(target: str) -> tuple[Step, ...]:
    """Return how every recovery ends."""
    return (
        Step(PROVE, target, "the proof, not the call's answer, says what is true"),
        Step(TELL, target, "people are told who takes writes and what may be lost"),
        Step(RELEASE, target, "the next recovery may start"),
    )


def done(step: Step, snapshot: Snapshot, now_ms: int) -> bool:
    """Return whether the facts show that ``step`` has taken effect.

    Telling leaves no fact of its own: it counts as done with the release that follows it, so that a
    recovery killed in between tells twice rather than never.
    """
    checks: dict[str, Callable[[], bool]] = {
        LEASE: lambda: bool(snapshot.holder),
        FENCE: lambda: snapshot.fence(step.region) is not None,
        PROMOTE: lambda: promoted(snapshot, step.region) or promoting(snapshot, step.region),
        MARK: lambda: snapshot.marker(step.region) is not None,
        PROVE: lambda: snapshot.proved(step.region, now_ms),
        TELL: lambda: not snapshot.holder,
        RELEASE: lambda: not snapshot.holder,
    }
    return checks[step.name]()


def remaining(plan: tuple[Step, ...], snapshot: Snapshot, now_ms: int) -> tuple[Step, ...]:
    """Return the steps of ``plan`` that the facts do not yet show as done, in order."""
    return tuple(step for step in plan if not done(step, snapshot, now_ms))


def promoted(snapshot: Snapshot, target: str) -> bool:
    """Return whether the service shows ``target`` as the writer."""
    return snapshot.active == target


def promoting(snapshot: Snapshot, target: str) -> bool:
    """Return whether the service is at promoting ``target`` (a promotion being cancelled is not that)."""
    swap, cluster = snapshot.swap, snapshot.cluster
    if swap is None or cluster is None or swap.status == "cancelling":
        return False
    return cluster.region_of(swap.to_arn) == target
