"""May the writer go back to the origin region: a switchover with the origin as its target, and no more."""

from __future__ import annotations

from recovery import switchover
from recovery.decision import Decision, refuse
from recovery.state import Snapshot


def decide(snapshot: Snapshot, origin: str, *, rpo_seconds: int, now_ms: int) -> Decision:
    """Return whether a failback to ``origin`` may run; decided in the origin region, as any switchover is."""
    if origin != snapshot.region:
        return refuse(
            snapshot,
            f"a failback goes to the origin {origin}, and this is {snapshot.region}",
            f"start it in {origin}",
        )
    return switchover.decide(snapshot, origin, rpo_seconds=rpo_seconds, now_ms=now_ms)
