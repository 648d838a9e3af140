"""How far a standby is behind, and what a failover to it may lose.

The heartbeat is a row that the active region's proof writes; the newest one that a standby holds was
acknowledged at *H*, and everything acknowledged before *H* has arrived as well, because replication keeps
the order. Two numbers follow:

``at_most_seconds``
    now minus *H*. No acknowledged row older than this can be lost, whatever the active region did since.
    It grows while the active region is dead, although nothing is written then.
``seconds``
    the last moment at which anyone saw the active region take writes, minus *H*: how far the standby was
    behind then. This is what the recovery point objective is compared with; otherwise every region that
    has been dead for longer than the objective would need its loss accepted, and the acceptance would
    stop meaning anything. A region that is cut off from here and still seen by a witness keeps the
    number growing.

*H* and the active region's own proof are both read from the active region's clock, so that a clock that
is off by minutes (there or here) does not change ``seconds``. A heartbeat from the future says that the
clocks disagree; the lag is then unknown, not small.
"""

from __future__ import annotations

from dataclasses import dataclass

from recovery.state import Snapshot, View

FUTURE_SECONDS = 5.0
"""A heartbeat younger than minus this can't be judged."""


@dataclass(frozen=True)
class Lag:
    """What a standby may lack, in seconds; ``None`` when it can't be judged. ``reason`` is a sentence."""

    seconds: float | None
    at_most_seconds: float | None
    reason: str


def measure(snapshot: Snapshot, active: str, now_ms: int) -> Lag:
    """Return how far the snapshot's region is behind ``active``."""
    own = snapshot.proof(snapshot.region)
    if own is None:
        return Lag(None, None, f"the probe of {snapshot.region} has never reported")
    at_most = _at_most(own, now_ms)
    if not own.fresh(now_ms):
        silent = (now_ms - own.at_ms) // 1000
        return Lag(None, at_most, f"the probe of {snapshot.region} has been silent for {silent} s")
    if own.lag_seconds is None or own.role != "replica":
        return Lag(None, None, f"the probe of {snapshot.region} reports no heartbeat: {own.reason}")
    if own.lag_seconds < -FUTURE_SECONDS:
        ahead = -own.lag_seconds
        return Lag(None, None, f"the heartbeat is {ahead:.0f} s in the future: the clocks disagree")
    heartbeat_ms = own.at_ms - int(own.lag_seconds * 1000)
    seen_ms = _seen_writing(snapshot, active)
    if seen_ms is None:
        return Lag(at_most, at_most, f"the newest heartbeat is {at_most:.0f} s old and nobody saw {active} since")
    behind = max(0.0, (seen_ms - heartbeat_ms) / 1000)
    ago = max(0, (now_ms - seen_ms) // 1000)
    return Lag(
        behind,
        at_most,
        f"{snapshot.region} was {behind:.0f} s behind when {active} was last seen writing, {ago} s ago",
    )


def _at_most(own: View, now_ms: int) -> float | None:
    if own.lag_seconds is None or own.lag_seconds < -FUTURE_SECONDS:
        return None
    return max(0.0, own.lag_seconds + (now_ms - own.at_ms) / 1000)


def _seen_writing(snapshot: Snapshot, active: str) -> int | None:
    """Return when anyone last saw ``active`` as the writer, by views that may long be stale.

    A failed view does not say when the region last wrote, only that it did not then; and it takes the
    place of the one before. The active region's own view is pushed by itself and so keeps its last word.
    """
    seen = [view.at_ms for view in snapshot.views if view.about == active and view.writer]
    return max(seen, default=None)
