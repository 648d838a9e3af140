"""May the snapshot's region take over although the active region may be gone.

Reads nothing of the lost region but what was pushed here before (design, section 5).
"""

from __future__ import annotations

from dataclasses import dataclass

from recovery import lag as lags
from recovery.decision import (
    PROCEED,
    Decision,
    check_fitness,
    check_progress,
    check_promoted,
    check_superseded,
    check_target,
    refuse,
)
from recovery.lag import Lag
from recovery.signals import FAILOVER
from recovery.state import CONNECTED, Snapshot
from recovery.steps import failover_steps


@dataclass(frozen=True)
class Terms:
    """On what terms a failover may run.

    rpo_seconds: the objective. accept_data_loss: a person goes on although more may be lost.
    lost: the region that it is asked for, or empty. A message that tells of a loss is acted on minutes later, by
    several people: by then another failover may have moved the writer, which is well where it is.
    """

    rpo_seconds: int
    accept_data_loss: bool = False
    lost: str = ""


def decide(snapshot: Snapshot, target: str, terms: Terms, now_ms: int) -> Decision:
    """Return whether a failover to ``target`` may run, with its plan and what it may lose."""
    found = (
        check_target(snapshot, FAILOVER, target)
        or check_progress(snapshot, target, data_loss=True)
        or check_promoted(snapshot, target, now_ms)
        or _check_lost(snapshot, terms.lost)
        or check_fitness(snapshot, now_ms)
    )
    if found:
        return found
    active = snapshot.active
    if not active:
        return refuse(snapshot, "no member of the global cluster is the writer", "look at it in the RDS console")
    lag = lags.measure(snapshot, active, now_ms)
    objection = _objection(snapshot, target, lag, terms.rpo_seconds)
    if objection and not terms.accept_data_loss:
        return refuse(snapshot, objection[0], objection[1], acceptable=True, lag=lag)
    return Decision(
        PROCEED,
        _reason(snapshot, target, lag, now_ms) + (f"; accepted: {objection[0]}" if objection else ""),
        active=active,
        old=active,
        target_arn=_arn(snapshot, target),
        steps=failover_steps(target, active),
        lag_seconds=lag.seconds,
        loss_seconds=lag.at_most_seconds,
    )


def _check_lost(snapshot: Snapshot, lost: str) -> Decision | None:
    """Return why a failover for the loss of ``lost`` has nothing to do any more, or ``None``."""
    active = snapshot.active
    if not lost or active in ("", lost):
        return None
    return refuse(
        snapshot,
        f"it was asked for because {lost} is lost, and the active region is {active}",
        f"nothing needs to be done; if {active} is lost too, ask for that",
    )


def _objection(snapshot: Snapshot, target: str, lag: Lag, rpo_seconds: int) -> tuple[str, str] | None:
    """Return what has to be accepted by a person, and the hint; or ``None``."""
    member = snapshot.cluster.member(target) if snapshot.cluster else None
    if member is not None and member.synchronisation not in ("", CONNECTED):
        return (
            f"{target} is {member.synchronisation}: it may not hold a whole copy of the data",
            "take another standby, or accept whatever is missing",
        )
    superseded = check_superseded(snapshot, target)
    if superseded:
        return superseded, (
            f"wait until {target} is a confirmed replica; if {snapshot.active} is lost, switch off the "
            f"health check of its marker about {target} by hand, and accept the loss"
        )
    if lag.seconds is None:
        return (
            f"it is not known how far {target} is behind: {lag.reason}",
            "accept the loss to go on",
        )
    if lag.seconds > rpo_seconds:
        return (
            f"{lag.reason}: more than the objective of {rpo_seconds} s",
            f"a standby with less lag, or accept the loss of up to {lag.seconds:.0f} s",
        )
    return None


def _reason(snapshot: Snapshot, target: str, lag: Lag, now_ms: int) -> str:
    active = snapshot.active
    text = f"{target} takes over from {active}: {lag.reason}"
    if lag.at_most_seconds is not None:
        text += f"; no row older than {lag.at_most_seconds:.0f} s is lost"
    if snapshot.proved(active, now_ms):
        text += f"; {active} still proves to be the writer, and a switchover would lose nothing"
    return text


def _arn(snapshot: Snapshot, target: str) -> str:
    member = snapshot.cluster.member(target) if snapshot.cluster else None
    return member.arn if member else ""
