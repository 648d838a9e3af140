"""May the recovery that was asked for run, what would it do, and what would it lose.

Asks this region's RDS and this region's table (:mod:`facts`), and :mod:`recovery` decides. Nothing is
changed, so it may be called at any time, and is called again after an approval.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import facts
import settings
from clients import ClientFactory, Clients, Limits

from recovery import failover, switchover
from recovery.decision import Decision, refuse
from recovery.failover import Terms
from recovery.signals import FAILOVER, SWITCHOVER
from recovery.state import Snapshot

CALLS: tuple[str, ...] = (
    "dynamodb:GetItem",
    "dynamodb:Query",
    "rds:DescribeDBClusters",
    "rds:DescribeGlobalClusters",
)

LONGEST_APPROVAL_SECONDS = 10800
"""Three hours: with an hour for everything else it fits into the state machine's own limit."""

ASKING_AWAY = Limits(connect=1, read=3, attempts=1)
"""For the question to the active region, which a switchover can do without."""


@dataclass(frozen=True)
class Settings(settings.Settings):
    """What this function is told. ``mode`` stands in the answer, for the record."""

    global_cluster: str
    rpo_seconds: int
    mode: str


@dataclass(frozen=True)
class Assess:
    """The function and what it is connected to; ``away`` makes clients of other regions."""

    settings: Settings
    clients: Clients
    away: Clients
    now_ms: Callable[[], int]


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Return the decision on ``event["request"]`` as JSON, always with a reason.

    Raises :class:`facts.UnavailableError` when this region's services do not answer, which may be tried again.
    """
    return run(_configured(), event)


def run(assess: Assess, event: Mapping[str, Any]) -> dict[str, Any]:
    """Do what :func:`handler` says."""
    request: Mapping[str, Any] = event.get("request") or {}
    if facts.is_witness(assess.settings):
        return _stand_aside(assess, event, request)
    try:
        snapshot = facts.gather(assess.settings, assess.clients, assess.settings.global_cluster)
        if event.get("dry_run"):
            return _dry(snapshot)
        decision = _decide(assess, request, snapshot)
    except facts.DeniedError as error:
        said = str(error)
        if event.get("dry_run"):
            return facts.dry_answer([facts.finding("assess", said, "allow it in the function's role")], said)
        decision = refuse(_nothing(assess), f"a question was refused: {said}", "allow it in the role of assess")
    return answer(decision, request, assess.settings.mode, assess.now_ms())


def answer(decision: Decision, request: Mapping[str, Any], mode: str, at_ms: int) -> dict[str, Any]:
    """Return ``decision`` as JSON: durations in seconds, -1 where they can't be judged."""
    loss, lag = decision.loss_seconds, decision.lag_seconds
    return {
        "outcome": decision.outcome,
        "accepted": decision.accepted,
        "reason": decision.reason,
        "hint": decision.hint,
        "verb": str(request.get("verb", "")),
        "active": decision.active,
        "old": decision.old,
        "target_arn": decision.target_arn,
        "loss_seconds": -1 if loss is None else round(loss, 1),
        "lag_seconds": -1 if lag is None else round(lag, 1),
        "lost_at_most": "unknown" if loss is None else f"{loss:.0f} s",
        "acceptable": decision.acceptable,
        "steps": [asdict(step) for step in decision.steps],
        "mode": mode,
        "at_ms": at_ms,
        "at_ms_text": str(at_ms),  # DynamoDB takes numbers as text, and no intrinsic function makes one
    }


def _stand_aside(assess: Assess, event: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the refusal of a witness, which is asked nothing: it has no database to promote."""
    if event.get("dry_run"):
        return facts.dry_answer([], facts.WITNESS_REASON)
    hint = f"start it in one of {', '.join(assess.settings.data_regions)}"
    decision = refuse(_nothing(assess), facts.WITNESS_REASON, hint)
    return answer(decision, request, assess.settings.mode, assess.now_ms())


def _nothing(assess: Assess) -> Snapshot:
    return Snapshot(assess.settings.region, assess.settings.data_regions)


def _decide(assess: Assess, request: Mapping[str, Any], snapshot: Snapshot) -> Decision:
    verb, target = str(request.get("verb", "")), str(request.get("target", ""))
    seconds = request.get("approval_seconds", 0)
    if request.get("approval") and (type(seconds) is not int or not 0 < seconds <= LONGEST_APPROVAL_SECONDS):
        return refuse(
            snapshot,
            f"an approval can't be waited for {seconds!r} seconds",
            f"whole seconds, at most {LONGEST_APPROVAL_SECONDS}",
        )
    rpo_seconds, now_ms = assess.settings.rpo_seconds, assess.now_ms()
    if verb == FAILOVER:
        terms = Terms(rpo_seconds, request.get("accept_data_loss") is True, str(request.get("lost", "")))
        return failover.decide(snapshot, target, terms, now_ms)
    if verb == SWITCHOVER:
        asked = replace(snapshot, active_database=_ask_active(assess, snapshot))
        return switchover.decide(asked, target, rpo_seconds=rpo_seconds, now_ms=now_ms)
    return refuse(snapshot, f"no such verb: {verb or 'none given'}", f"one of {FAILOVER}, {SWITCHOVER}")


def _ask_active(assess: Assess, snapshot: Snapshot) -> Any:
    """Return the active region's account of its cluster, or ``None`` when it does not give one."""
    writer = snapshot.cluster.writer if snapshot.cluster else None
    if writer is None or writer.region == snapshot.region:
        return None
    try:
        return facts.read_database(assess.away("rds", writer.region), writer.arn)
    except (facts.DeniedError, facts.UnavailableError):
        return None  # its proof, pushed here, says whether it is well


def _dry(snapshot: Snapshot) -> dict[str, Any]:
    found = []
    if snapshot.cluster is None:
        found.append(facts.finding("global cluster", "it does not exist", "deploy global-database"))
    elif snapshot.database is None:
        found.append(facts.finding(snapshot.region, "it has no cluster of the global one", "deploy database"))
    return facts.dry_answer(found, f"the writer is in {snapshot.active or 'no region'}")


@functools.cache
def _configured() -> Assess:
    told = settings.read(Settings, os.environ)
    return Assess(told, ClientFactory(facts.QUICK), ClientFactory(ASKING_AWAY), lambda: int(time.time() * 1000))
