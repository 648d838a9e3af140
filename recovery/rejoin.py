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

A failover may also come to nothing: it was killed before its promotion (:func:`orphaned`), or the service
took the call and gave it up (:func:`abandoned`). Then the old region still is the writer, fenced and marked,
and it can't prove anything, because the fence keeps its own probe out. So its proof is not asked for; what is,
is this region's own word, from its own database, that it was **not** promoted. Where even that can't be had,
because a failover back has fenced this region, the fence alone goes after a while (:func:`stranded`).

One that was killed between its promotion and its marker owes the marker (:func:`unmarked`).
"""

from __future__ import annotations

from dataclasses import dataclass

from recovery.state import CONNECTED, Mark, Member, Snapshot

SETTLED_SECONDS = 60
"""How long after the takeover a description that shows the old region in good order is not yet believed."""


ABANDONED_SECONDS = 600
"""How long after its assessment a failover that has ended counts as one that may still be carried out.

The machine itself waits as long for the proof before it ends; a test holds the two together.
"""


@dataclass(frozen=True)
class Rejoin:
    """What may be lifted of ``region``, and the reason; for what may not, what it waits for.

    abandoned: it was never taken over from: it is lifted because the failover came to nothing.
    """

    region: str
    lift_fence: bool
    lift_marker: bool
    reason: str
    abandoned: bool = False


def decide(snapshot: Snapshot, old: str, now_ms: int) -> Rejoin:
    """Return what may be lifted of ``old``, which this region took over from, or was about to.

    The caller makes sure that ``snapshot.holder`` is empty only when no recovery runs here.
    """
    came_to_nothing = _came_to_nothing(snapshot, old, now_ms)
    if came_to_nothing is not None:
        return came_to_nothing
    if stranded(snapshot, old, now_ms):
        return Rejoin(old, True, False, f"{old} is the writer again, and its fence keeps it from proving it")
    waits = _waits_for_service(snapshot, old, now_ms)
    if waits:
        return Rejoin(old, False, False, waits)
    if snapshot.active == old:
        return Rejoin(old, True, True, f"{old} is the writer again, and proves it")
    return _as_replica(snapshot, old, now_ms)


def _as_replica(snapshot: Snapshot, old: str, now_ms: int) -> Rejoin:
    """Return what may be lifted of ``old``, which the service shows as a secondary that replicates."""
    view, marker = snapshot.proof(old), snapshot.marker(old)
    since_ms = marker.at_ms if marker else 0
    if view is None or not view.fresh(now_ms) or view.at_ms <= since_ms:
        return Rejoin(old, True, False, f"{old} replicates again; its own probe has not said so yet")
    if view.role != "replica" or view.writer:
        return Rejoin(old, True, False, f"{old} replicates again, but its own probe says {view.role}: {view.reason}")
    return Rejoin(old, True, True, f"{old} is a confirmed replica")


def _came_to_nothing(snapshot: Snapshot, old: str, now_ms: int) -> Rejoin | None:
    if orphaned(snapshot, old, now_ms):
        return Rejoin(old, True, False, "its recovery ended before the promotion", abandoned=True)
    if abandoned(snapshot, old, now_ms):
        said = f"{old} still is the writer and {snapshot.region} still a replica: the failover was given up"
        return Rejoin(old, True, True, said, abandoned=True)
    return None


def orphaned(snapshot: Snapshot, old: str, now_ms: int) -> bool:
    """Return whether a fence on ``old`` was left by a recovery that ended before its promotion.

    A fence without a marker: the marker is written as soon as the promoting call was answered. A description may
    lag behind a call that was taken just before its recovery was killed, so it is not believed at once.
    """
    fence = snapshot.fence(old)
    return (
        fence is not None
        and now_ms - fence.at_ms >= SETTLED_SECONDS * 1000
        and snapshot.marker(old) is None
        and _untouched(snapshot, old, now_ms)
    )


def abandoned(snapshot: Snapshot, old: str, now_ms: int) -> bool:
    """Return whether the failover that fenced and marked ``old`` was taken by the service and then given up.

    Only when everything says so: the service shows ``old`` as the writer and no promotion in progress, no recovery
    runs here, no other region proves to be the writer, the database here says by itself, long after the failover was
    asked for, that it is a replica. A region that really was taken over from stays as it is (trap 34).
    """
    records = [mark for mark in (snapshot.fence(old), snapshot.marker(old)) if mark is not None]
    own = snapshot.proof(snapshot.region)
    if not records or own is None or not own.fresh(now_ms):
        return False
    asked_ms = max(mark.at_ms for mark in records)
    replica = own.role == "replica" and not own.writer
    return replica and own.at_ms - asked_ms >= ABANDONED_SECONDS * 1000 and _untouched(snapshot, old, now_ms)


def stranded(snapshot: Snapshot, old: str, now_ms: int) -> bool:
    """Return whether ``old`` became the writer again while this region's fence still stood on it.

    A proof can't be waited for then: the fence prevents it. Nor can this region's own word, which the failover back may
    have fenced as well. The marker stays until both have spoken.
    """
    fence = snapshot.fence(old)
    return fence is not None and now_ms - fence.at_ms >= ABANDONED_SECONDS * 1000 and _untouched(snapshot, old, now_ms)


def unmarked(snapshot: Snapshot, now_ms: int) -> tuple[Mark, ...]:
    """Return the markers that a recovery which was killed after its promotion still owes: for whom it fenced."""
    here = snapshot.region
    if snapshot.active != here or not snapshot.proved(here, now_ms) or snapshot.swap is not None or snapshot.holder:
        return ()
    owed = [fence for fence in snapshot.fences if fence.region != here and snapshot.marker(fence.region) is None]
    return tuple(fence for fence in owed if not decide(snapshot, fence.region, now_ms).lift_marker)


def _untouched(snapshot: Snapshot, old: str, now_ms: int) -> bool:
    """Return whether ``old`` is the writer as if nobody had begun anything."""
    others = [region for region in snapshot.data_regions if region != old and snapshot.proved(region, now_ms)]
    idle = snapshot.swap is None and not snapshot.holder
    return idle and not others and snapshot.active == old != snapshot.region


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
