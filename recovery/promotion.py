"""Which call promotes a region, whether it has to be made, and whether it took effect.

The verb decides where the call goes (trap 2; Aurora User Guide, "Using switchover or failover in Amazon
Aurora Global Database"): a switchover to the region of the primary cluster, a failover to the region of
the target. Without ``AllowDataLoss`` a failover is a switchover (trap 1; RDS API,
``FailoverGlobalCluster``).
"""

from __future__ import annotations

from dataclasses import dataclass

from recovery.signals import FAILOVER
from recovery.state import Member, Snapshot

CALL = "call"
IN_PROGRESS = "in progress"
DONE = "done"
REFUSED = "refused"


@dataclass(frozen=True)
class Promotion:
    """What to do about a promotion: ``call`` it in ``region``, or nothing, and why."""

    action: str
    reason: str
    region: str = ""
    target_arn: str = ""
    old: str = ""


def next_call(snapshot: Snapshot, verb: str, target: str, assessed: str = "") -> Promotion:
    """Return what to do, from facts that were read just now. assessed: the writer that the assessment saw, if any.

    It is asked before every call, the first included: a call that timed out may have taken effect. Between the
    assessment and the call is the fence, and with several targets there are several leases (trap 49e): somebody else's
    promotion may be complete by then, and what was accepted to be lost was never meant of its writer.
    """
    cluster = snapshot.cluster
    member = cluster.member(target) if cluster else None
    if cluster is None or member is None:
        return Promotion(REFUSED, f"{target} is not a member of the global cluster")
    swap = snapshot.swap
    if swap is not None:
        origin, towards = cluster.region_of(swap.from_arn), cluster.region_of(swap.to_arn)
        said = f"a {swap.verb} from {origin} to {towards} is {swap.status}"
        same = towards == target and swap.data_loss == (verb == FAILOVER) and swap.status != "cancelling"
        return Promotion(IN_PROGRESS if same else REFUSED, said, target_arn=member.arn, old=origin)
    if member.writer:
        return Promotion(DONE, f"{target} is the writer", target_arn=member.arn)
    return _first_call(snapshot.active, verb, member, assessed)


def _first_call(active: str, verb: str, member: Member, assessed: str) -> Promotion:
    """Return the call that nobody has made yet, or why it must not be made."""
    target = member.region
    if assessed and active not in ("", assessed):
        said = f"{target} was to take over from {assessed}, and the writer now is {active}"
        return Promotion(REFUSED, said, target_arn=member.arn, old=active)
    if verb == FAILOVER:
        return Promotion(CALL, f"{target} is to take over from {active}", target, member.arn, active)
    if not active:
        return Promotion(REFUSED, "no member of the global cluster is the writer")
    return Promotion(CALL, f"{active} is to hand over to {target}", active, member.arn, active)


@dataclass(frozen=True)
class Confirmation:
    """Whether a region is the writer, by its own proof; ``reason`` is a sentence."""

    confirmed: bool
    reason: str
    at_ms: int = 0


def confirm(snapshot: Snapshot, target: str, asked_at_ms: int, now_ms: int) -> Confirmation:
    """Return whether ``target`` has proved, after ``asked_at_ms``, that it takes writes.

    The proof decides. What ``DescribeGlobalClusters`` says is told beside it, because it may lag, in
    either direction.
    """
    view = snapshot.proof(target)
    says = f"the service shows {snapshot.active or 'no region'} as the writer"
    if snapshot.active == target:
        says = "the service says so too"
    elif snapshot.swap is not None:
        says += f", its {snapshot.swap.verb} is {snapshot.swap.status}"
    if view is None:
        return Confirmation(False, f"the probe of {target} has never reported; {says}")
    if not view.fresh(now_ms):
        return Confirmation(False, f"the probe of {target} is silent since {(now_ms - view.at_ms) // 1000} s; {says}")
    if view.at_ms < asked_at_ms:
        return Confirmation(False, f"the newest proof of {target} is from before the promotion; {says}")
    if not view.writer:
        return Confirmation(False, f"{target} does not take writes yet: {view.reason}; {says}")
    return Confirmation(True, f"{target} took a write and read it back; {says}", view.at_ms)
