"""When a region that was taken over from is a replica again, and what may be lifted then.

Two things hold the old region back, and they are lifted one after the other:

the fence
    keeps everybody from the old database, its own probe included, so its own view can't be waited for.
    It may go when the service shows the old region as a secondary that replicates, while another region
    proves to be the writer: the service adds a lost primary back on a **new** storage volume, as a
    secondary (Aurora User Guide, "Performing managed failovers for Aurora global databases").
the marker
    keeps names from being answered with the old region. It goes last, when the old region's own probe,
    able to reach its database again, says by itself that it is a replica.

The writer may have moved on meanwhile, to a third region or back to the old one. So what counts is that
some region is the writer and proves it; when that is the old region itself, and this one is a replica,
nothing is left to hold back.
"""

from __future__ import annotations

from dataclasses import dataclass

from recovery.state import CONNECTED, Member, Snapshot

SETTLED_SECONDS = 60
"""How long after the takeover a description that shows the old region in good order is not yet believed."""


@dataclass(frozen=True)
class Rejoin:
    """What may be lifted of ``region``, and the reason; for what may not, what it waits for."""

    region: str
    lift_fence: bool
    lift_marker: bool
    reason: str


def decide(snapshot: Snapshot, old: str, now_ms: int) -> Rejoin:
    """Return what may be lifted of ``old``, which this region took over from."""
    waits = _waits_for_service(snapshot, old, now_ms)
    if waits:
        return Rejoin(old, False, False, waits)
    if snapshot.active == old:
        return Rejoin(old, True, True, f"{old} is the writer again, and proves it")
    view, marker = snapshot.proof(old), snapshot.marker(old)
    since_ms = marker.at_ms if marker else 0
    if view is None or not view.fresh(now_ms) or view.at_ms <= since_ms:
        return Rejoin(old, True, False, f"{old} replicates again; its own probe has not said so yet")
    if view.role != "replica" or view.writer:
        return Rejoin(old, True, False, f"{old} replicates again, but its own probe says {view.role}: {view.reason}")
    return Rejoin(old, True, True, f"{old} is a confirmed replica")


def orphaned(snapshot: Snapshot, old: str) -> bool:
    """Return whether a fence on ``old`` was left by a recovery that ended before its promotion.

    The caller makes sure that no recovery holds the lease.
    """
    return (
        snapshot.fence(old) is not None
        and snapshot.marker(old) is None
        and snapshot.active == old
        and snapshot.swap is None
        and not snapshot.holder
    )


def _waits_for_service(snapshot: Snapshot, old: str, now_ms: int) -> str:
    """Return what the service does not show yet, or an empty text."""
    cluster, active = snapshot.cluster, snapshot.active
    member = cluster.member(old) if cluster else None
    record, own = snapshot.marker(old) or snapshot.fence(old), snapshot.proof(snapshot.region)
    if snapshot.swap is not None:
        return f"a {snapshot.swap.verb} is in progress"
    if not active or not snapshot.proved(active, now_ms):
        return f"the service shows {active or 'no region'} as the writer, which does not prove it now"
    if record is not None and now_ms - record.at_ms < SETTLED_SECONDS * 1000:
        return f"{snapshot.region} took over less than {SETTLED_SECONDS} s ago"
    if active == old:
        replica = own is not None and own.fresh(now_ms) and own.role == "replica"
        return "" if replica else f"{old} is shown as the writer, and {snapshot.region} is not known as a replica"
    return _not_replicating(member, old)


def _not_replicating(member: Member | None, old: str) -> str:
    """Return why ``old`` is no replica as the service shows it, or an empty text."""
    if member is None:
        return f"{old} is not a member of the global cluster"
    if member.synchronisation != CONNECTED:
        return f"{old} is {member.synchronisation or 'a member whose synchronisation is not told'}"
    return ""
