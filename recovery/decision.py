"""The answer to "may it", and the checks that both verbs share.

A decision is one of four outcomes: ``proceed`` (the plan starts at its first step), ``resume`` (the
promotion was accepted before, what follows it is still to do), ``nothing`` (the target already proves to
be the writer: a success that changes nothing) and ``refused``, always with a reason and a hint.
"""

from __future__ import annotations

from dataclasses import dataclass

from recovery import parity, steps
from recovery.lag import Lag
from recovery.state import Database, Snapshot
from recovery.steps import Step

PROCEED = "proceed"
RESUME = "resume"
NOTHING = "nothing"
REFUSED = "refused"

UNFIT = frozenset(
    {
        "creating",
        "deleting",
        "failing-over",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "migrating",
        "migration-failed",
        "promoting",
        "renaming",
        "resetting-master-credentials",
        "starting",
        "stopped",
        "stopping",
        "upgrading",
    }
)
"""Statuses of a cluster that can't be promoted (Aurora User Guide, "Viewing DB cluster status").

Others, such as ``backing-up``, do not stop a failover: the service has the last word.
"""


@dataclass(frozen=True)
class Decision:
    """Whether a recovery may run, and what it would do.

    outcome: ``proceed``, ``resume``, ``nothing`` or ``refused``; ``accepted`` is false only for the last.
    active: the region of the writer as observed, or empty.
    old: the region to mark superseded (a failover only), or empty.
    target_arn: the cluster to promote.
    lag_seconds: how far the target was behind when the active region was last seen writing.
    loss_seconds: no acknowledged row older than this is lost; ``None`` when it can't be judged, 0 for a
    switchover.
    acceptable: the refusal can be overruled by accepting the loss.
    """

    outcome: str
    reason: str
    hint: str = ""
    active: str = ""
    old: str = ""
    target_arn: str = ""
    steps: tuple[Step, ...] = ()
    lag_seconds: float | None = None
    loss_seconds: float | None = None
    acceptable: bool = False

    @property
    def accepted(self) -> bool:
        """Return whether the recovery may run (or need not)."""
        return self.outcome != REFUSED


def refuse(snapshot: Snapshot, reason: str, hint: str, *, acceptable: bool = False, lag: Lag | None = None) -> Decision:
    """Return a refusal."""
    return Decision(
        REFUSED,
        reason,
        hint,
        active=snapshot.active,
        acceptable=acceptable,
        lag_seconds=lag.seconds if lag else None,
        loss_seconds=lag.at_most_seconds if lag else None,
    )


def check_target(snapshot: Snapshot, verb: str, target: str) -> Decision | None:
    """Return why ``target`` can't be one at all, or ``None``."""
    if target != snapshot.region:
        return refuse(
            snapshot,
            f"this is {snapshot.region}, and a {verb} to {target or 'nowhere'} is decided in its target",
            f"start it in {target}" if target in snapshot.data_regions else _choices(snapshot),
        )
    if target not in snapshot.data_regions:
        return refuse(snapshot, f"{target} holds no data", _choices(snapshot))
    if snapshot.cluster is None:
        return refuse(snapshot, "the global cluster does not exist", "deploy the environment first")
    if snapshot.cluster.member(target) is None:
        return refuse(snapshot, f"{target} is not a member of the global cluster", _others(snapshot))
    return None


def check_progress(snapshot: Snapshot, target: str, *, data_loss: bool) -> Decision | None:
    """Return the resumption or refusal that a switchover or failover in progress calls for, or ``None``."""
    swap, cluster = snapshot.swap, snapshot.cluster
    if swap is None or cluster is None:
        return None
    origin, towards = cluster.region_of(swap.from_arn), cluster.region_of(swap.to_arn)
    said = f"a {swap.verb} from {origin} to {towards} is {swap.status}"
    if towards != target or swap.data_loss != data_loss or swap.status == "cancelling":
        return refuse(snapshot, said, "wait until it has ended, and look at the status again")
    old = origin if data_loss else ""
    return Decision(
        RESUME,
        f"{said}: it is followed, and not asked for again",
        active=snapshot.active,
        old=old,
        target_arn=swap.to_arn,
        steps=steps.resuming_steps(target, old),
        loss_seconds=None if data_loss else 0.0,
    )


def check_promoted(snapshot: Snapshot, target: str, now_ms: int) -> Decision | None:
    """Return what is left to do when ``target`` already is the writer, or ``None`` when it is not."""
    member = snapshot.cluster.member(target) if snapshot.cluster else None
    if member is None or not member.writer:
        return None
    # The newest fence is this takeover's own; older ones were left by recoveries that never promoted.
    fences = [mark for mark in snapshot.fences if mark.region != target]
    newest = max(fences, key=lambda mark: mark.at_ms, default=None)
    old = newest.region if newest and snapshot.marker(newest.region) is None else ""
    if not old and snapshot.proved(target, now_ms):
        return Decision(NOTHING, f"{target} already is the writer and proves it", active=target, target_arn=member.arn)
    left = f"{old} has no marker yet" if old else "its writer proof is missing"
    return Decision(
        RESUME,
        f"{target} already is the writer, and {left}",
        active=target,
        old=old,
        target_arn=member.arn,
        steps=steps.resuming_steps(target, old),
    )


def check_fitness(snapshot: Snapshot, now_ms: int) -> Decision | None:
    """Return why the cluster in this region can't take over, or ``None``."""
    here, database, cluster = snapshot.region, snapshot.database, snapshot.cluster
    if database is None:
        return refuse(snapshot, f"{here} has no cluster", _others(snapshot))
    if database.status in UNFIT:
        return refuse(snapshot, f"the cluster in {here} is {database.status}", _others(snapshot))
    if database.instances == 0:
        return refuse(
            snapshot,
            f"the cluster in {here} has no instance, so nothing can be promoted",
            "add one, it takes minutes",
        )
    versions = parity.compare(database.version, cluster.version if cluster else "")
    if not versions.compatible:
        return refuse(
            snapshot,
            f"the cluster in {here} can't take over from the global cluster: {versions.reason}",
            "bring both to one version, or detach and promote by hand (Aurora User Guide, manual failover)",
        )
    own = snapshot.proof(here)
    if own is not None and own.fresh(now_ms) and not own.reached:
        hint = f"{_others(snapshot)}; a fence left in {here} is a deny before rule 100 of its data subnets' network ACL"
        return refuse(snapshot, f"the database in {here} does not answer: {own.reason}", hint)
    return None


def check_superseded(snapshot: Snapshot, target: str) -> str:
    """Return why the active region's marker forbids ``target``, or an empty text.

    A marker is believed even when the view that carries it is stale: Route 53 too keeps the last known
    value of a marker (design, "DNS follows the writer").
    """
    active = snapshot.active
    own = snapshot.proof(active)
    if own is None or target not in own.supersedes:
        return ""
    return f"{active} still marks {target} as superseded, so names would not be answered with it"


def unfit_status(database: Database | None) -> str:
    """Return the status of a cluster that is known and not ``available``, or an empty text."""
    return database.status if database is not None and database.status != "available" else ""


def _others(snapshot: Snapshot) -> str:
    members = snapshot.cluster.members if snapshot.cluster else ()
    others = [member.region for member in members if not member.writer and member.region != snapshot.region]
    return f"other standbys: {', '.join(others)}" if others else "there is no other standby"


def _choices(snapshot: Snapshot) -> str:
    return f"data regions: {', '.join(snapshot.data_regions)}"
