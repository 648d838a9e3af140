"""Situations that decisions start from: a healthy pair, and what can be wrong with it, one at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from recovery.state import Database, GlobalCluster, Mark, Member, Snapshot, Swap, View

A, B, C, W = "eu-west-1", "eu-central-1", "eu-south-1", "eu-north-1"
NOW = 1_800_000_000_000
VALID_MS = 33_000


def arn(region: str) -> str:
    """Return the ARN of the cluster in ``region``."""
    return f"arn:aws:rds:{region}:111122223333:cluster:dr-example-{region}"


def seen(voter: str, about: str, role: str = "writer", *, ago: float = 1, **changes: Any) -> View:
    """Return a view, ``ago`` seconds old."""
    at_ms = NOW - int(ago * 1000)
    view = View(
        voter=voter,
        about=about,
        role=role,
        writer=role == "writer",
        reached=role != "unknown",
        reason=f"{about} is {role}",
        at_ms=at_ms,
        valid_until_ms=at_ms + VALID_MS,
    )
    return replace(view, **changes)


def cluster(writer: str = A, regions: tuple[str, ...] = (A, B), swap: Swap | None = None) -> GlobalCluster:
    """Return the global cluster, all members connected."""
    members = tuple(Member(arn(one), one, one == writer, "connected") for one in regions)
    return GlobalCluster("dr-example", "16.8", members, swap)


def healthy(**changes: Any) -> Snapshot:
    """Return B's facts while A is the writer, is seen writing, and B is one second behind."""
    snapshot = Snapshot(
        region=B,
        data_regions=(A, B),
        witness_regions=(W,),
        cluster=cluster(),
        database=Database(arn(B), "available", "16.8", 1),
        views=(seen(B, B, "replica", lag_seconds=1.0), seen(B, A), seen(A, A), seen(W, A)),
    )
    return replace(snapshot, **changes)


def lost(*, for_seconds: float = 90, behind: float = 1, **changes: Any) -> Snapshot:
    """Return B's facts when A fell silent ``for_seconds`` ago, and B was ``behind`` then."""
    views = (
        seen(B, B, "replica", lag_seconds=for_seconds + behind - 1),
        seen(B, A, "unknown", reason="no answer within 3 s"),
        seen(A, A, ago=for_seconds),
        seen(W, A, "unknown", reason="connection refused"),
    )
    return healthy(views=views, **changes)


def with_view(snapshot: Snapshot, view: View) -> Snapshot:
    """Return the facts with ``view`` in place of that voter's view of that region."""
    others = [one for one in snapshot.views if (one.voter, one.about) != (view.voter, view.about)]
    return replace(snapshot, views=(*others, view))


def swap(to: str = B, *, data_loss: bool = True, status: str = "failing-over", origin: str = A) -> Swap:
    """Return a promotion in progress."""
    return Swap(status, arn(origin), arn(to), data_loss)


def mark(region: str = A, ago: float = 300) -> Mark:
    """Return a record about ``region``."""
    return Mark(region, NOW - int(ago * 1000), "an-execution")
