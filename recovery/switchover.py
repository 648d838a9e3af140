"""May the snapshot's region take over from an active region that is well, without losing a row."""

from __future__ import annotations

from recovery import lag as lags
from recovery import parity
from recovery.decision import (
    PROCEED,
    Decision,
    check_fitness,
    check_progress,
    check_promoted,
    check_superseded,
    check_target,
    refuse,
    unfit_status,
)
from recovery.signals import SWITCHOVER
from recovery.state import CONNECTED, Snapshot
from recovery.steps import switchover_steps

USE_FAILOVER = "if it is lost, use failover; if it is not, wait until its probe proves it again"


def decide(snapshot: Snapshot, target: str, *, rpo_seconds: int, now_ms: int) -> Decision:
    """Return whether a switchover to ``target`` may run, with its plan.

    Nothing here can be overruled by accepting a loss: a switchover loses nothing, or is not one.
    """
    found = (
        check_target(snapshot, SWITCHOVER, target)
        or check_progress(snapshot, target, data_loss=False)
        or check_promoted(snapshot, target, now_ms)
        or check_fitness(snapshot, now_ms)
        or _check_active(snapshot, now_ms)
        or _check_replication(snapshot, target, rpo_seconds, now_ms)
    )
    if found:
        return found
    active, member = snapshot.active, snapshot.cluster.member(target) if snapshot.cluster else None
    return Decision(
        PROCEED,
        f"{active} proves to be the writer and {target} has caught up: nothing is lost",
        active=active,
        target_arn=member.arn if member else "",
        steps=switchover_steps(target, active),
        lag_seconds=lags.measure(snapshot, active, now_ms).seconds,
        loss_seconds=0.0,
    )


def _check_active(snapshot: Snapshot, now_ms: int) -> Decision | None:
    """Return why the old writer is not well enough to hand over, or ``None``."""
    active, database = snapshot.active, snapshot.active_database
    if not active:
        return refuse(snapshot, "no member of the global cluster is the writer", "look at it in the RDS console")
    if not any(view.writer and view.fresh(now_ms) for view in snapshot.views if view.about == active):
        own = snapshot.proof(active)
        said = f": {own.reason}" if own is not None and not own.writer else ""
        return refuse(snapshot, f"nobody sees {active} take writes now{said}", USE_FAILOVER)
    if unfit_status(database) and database is not None:
        return refuse(snapshot, f"the cluster in {active} is {database.status}", "wait until it is available")
    if database is not None and snapshot.database is not None:
        versions = parity.compare(snapshot.database.version, database.version)
        if not versions.compatible:
            return refuse(
                snapshot,
                f"{snapshot.region} can't take over from {active}: {versions.reason}",
                "bring both to one version",
            )
    return None


def _check_replication(snapshot: Snapshot, target: str, rpo_seconds: int, now_ms: int) -> Decision | None:
    """Return why the target is not ready, or ``None``.

    The time that writes wait is proportional to the lag (Aurora User Guide, "Performing switchovers for
    Amazon Aurora global databases").
    """
    active = snapshot.active
    if unfit_status(snapshot.database) and snapshot.database is not None:
        return refuse(snapshot, f"the cluster in {target} is {snapshot.database.status}", "wait until it is available")
    member = snapshot.cluster.member(target) if snapshot.cluster else None
    if member is not None and member.synchronisation not in ("", CONNECTED):
        return refuse(snapshot, f"{target} is {member.synchronisation}", "wait until it replicates again")
    superseded = check_superseded(snapshot, target)
    if superseded:
        return refuse(snapshot, superseded, f"wait until {active} sees {target} as a confirmed replica and lifts it")
    return _check_lag(snapshot, target, rpo_seconds, now_ms)


def _check_lag(snapshot: Snapshot, target: str, rpo_seconds: int, now_ms: int) -> Decision | None:
    """Return that the target is too far behind, or that nobody knows how far, or ``None``."""
    active = snapshot.active
    lag, proof = lags.measure(snapshot, active, now_ms), snapshot.proof(active)
    if lag.seconds is None:
        said = f"it is not known how far {target} is behind: {lag.reason}"
        return refuse(snapshot, said, "repair its probe first", lag=lag)
    if lag.seconds <= rpo_seconds:
        return None
    if proof is None or not proof.fresh(now_ms):  # who writes the heartbeats is silent, and the database is well
        said = f"the probe of {active} is silent, so no heartbeat says how far {target} is behind"
        return refuse(snapshot, said, "repair its probe first", lag=lag)
    return refuse(
        snapshot, f"{lag.reason}: writes would wait as long", "wait until it has caught up, or find out why", lag=lag
    )
