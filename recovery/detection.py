"""Is the active region lost, and who says so.

From here two things can be seen: whether the active region's database answers as the writer over the
peering, and whether its heartbeats still arrive by replication, which does not use the peering. One of
them failing is a broken line; both failing is what a loss looks like from here, and a cut line looks the
same. So this region alone can only tell a person. An automatic failover needs most of the voters to
agree: every region that looks at the active one, and the active one itself, whose own word counts as
long as it is fresh. Silence is no vote: a voter whose probe is missing says nothing either way.
"""

from __future__ import annotations

from dataclasses import dataclass

from recovery.state import Snapshot, View

WRITES = "writes"
LOST = "lost"
UNREACHABLE = "unreachable"
REPLICATION = "replication broken"
SILENT = "silent"
IDLE = "no writer"


@dataclass(frozen=True)
class Vote:
    """What one voter says of the active region: ``writes``, ``lost``, ``no writer`` or ``silent``.

    ``no writer``: its database is well and is a replica. The writer is on its way there or away from it, and a
    failover would undo that; if it stays so, :func:`recovery.state.violations` tells.

    The observing region may also say ``unreachable`` (heartbeats still arrive) and ``replication broken``
    (it answers as the writer all the same).
    """

    voter: str
    says: str
    reason: str


@dataclass(frozen=True)
class Observation:
    """What is seen of the active region.

    lost: this region sees both signs of a loss. agreed: most of all voters say so.
    since_ms: when the newest heartbeat that arrived here was written; ``None`` when not known.
    """

    active: str
    lost: bool
    agreed: bool
    votes: tuple[Vote, ...]
    reason: str
    since_ms: int | None = None

    @property
    def own(self) -> Vote:
        """Return the observing region's vote."""
        return self.votes[0]


def observe(snapshot: Snapshot, active: str, notice_seconds: float, now_ms: int) -> Observation:
    """Return what this region and the other voters see of ``active``.

    notice_seconds: how old the newest heartbeat must be before it counts as missing.
    """
    own = _own_vote(snapshot, active, notice_seconds, now_ms)
    others = [
        _vote(snapshot.view(region, active), region, active, now_ms)
        for region in (*snapshot.data_regions, *snapshot.witness_regions)
        if region not in (snapshot.region, active)
    ]
    votes = (own, *others, _vote(snapshot.proof(active), active, active, now_ms))
    quorum = len(votes) // 2 + 1
    lost = [vote for vote in votes if vote.says == LOST]
    agreed = own.says == LOST and len(lost) >= quorum
    said = "; ".join(f"{vote.voter} says {vote.says} ({vote.reason})" for vote in votes)
    return Observation(
        active=active,
        lost=own.says == LOST,
        agreed=agreed,
        votes=votes,
        reason=f"{len(lost)} of {len(votes)} voters say that {active} is lost, {quorum} are needed: {said}",
        since_ms=_heartbeat_ms(snapshot),
    )


def acts_here(snapshot: Snapshot, active: str, notice_seconds: float, now_ms: int) -> tuple[bool, str]:
    """Return whether this region is the one to act on a loss of ``active``, and why.

    Targets have an order: the environment's data regions, beginning after the active one and going
    round. The first acts. A later one acts only when every one before it has been silent for twice as
    long as a loss takes to be noticed; one whose probe reports that its database does not answer is not
    silent, and people are told by it. A table in each target is no common lease (trap 49e): the order
    takes its place, with the service's own refusal of a second failover behind it.
    """
    order = target_order(snapshot.data_regions, active)
    if snapshot.region not in order:
        return False, f"{snapshot.region} is not a target while {active} is active"
    for earlier in order[: order.index(snapshot.region)]:
        view = snapshot.proof(earlier)
        if view is None:
            return False, f"{earlier} comes first, and was never heard of"
        silent_seconds = (now_ms - view.valid_until_ms) / 1000
        if silent_seconds < 0:
            return False, f"{earlier} comes first"
        if silent_seconds < 2 * notice_seconds:
            return False, f"{earlier} comes first; it is silent, and not yet for {2 * notice_seconds:g} s"
    first = order[0] == snapshot.region
    return (
        True,
        f"{snapshot.region} is the first target" if first else "the targets before this one are silent",
    )


def target_order(data_regions: tuple[str, ...], active: str) -> tuple[str, ...]:
    """Return the data regions that may take over from ``active``, the first choice first."""
    if active not in data_regions:
        return ()
    at = data_regions.index(active)
    return data_regions[at + 1 :] + data_regions[:at]


def _own_vote(snapshot: Snapshot, active: str, notice_seconds: float, now_ms: int) -> Vote:
    here = snapshot.region
    seen, own = snapshot.view(here, active), snapshot.proof(here)
    if seen is None or not seen.fresh(now_ms) or own is None or not own.fresh(now_ms):
        return Vote(here, SILENT, "its own probe is missing, so it can't judge")
    age = _heartbeat_age(own, now_ms)
    if age is None:
        return Vote(here, SILENT, f"its own replica shows no heartbeat: {own.reason}")
    growing = age > notice_seconds
    if seen.writer:
        says = REPLICATION if growing else WRITES
        return Vote(here, says, f"it answers as the writer, newest heartbeat {age:.0f} s old")
    if _idle(seen):
        return Vote(here, IDLE, f"{seen.reason}; it answers, so it is not lost")
    if not growing:
        return Vote(here, UNREACHABLE, f"{seen.reason}, but a heartbeat of {age:.0f} s ago has arrived")
    return Vote(here, LOST, f"{seen.reason}, and the newest heartbeat is {age:.0f} s old")


def _vote(view: View | None, voter: str, active: str, now_ms: int) -> Vote:
    if view is None:
        return Vote(voter, SILENT, "never heard of")
    if not view.fresh(now_ms):
        return Vote(voter, SILENT, f"not heard of for {(now_ms - view.at_ms) // 1000} s")
    says = WRITES if view.writer else IDLE if _idle(view) else LOST
    return Vote(voter, says, view.reason or f"saw {active}")


def _idle(view: View) -> bool:
    """Return whether ``view`` found the database well, and not the writer.

    A look from outside asks and never writes: what it reached is a replica, or a writer whose endpoint does not
    exist yet. A region's own proof may have reached a writer that takes no writes, and that is as good as lost.
    """
    return view.role == "replica" or (view.reached and view.voter != view.about)


def _heartbeat_age(own: View, now_ms: int) -> float | None:
    if own.lag_seconds is None:
        return None
    return own.lag_seconds + (now_ms - own.at_ms) / 1000


def _heartbeat_ms(snapshot: Snapshot) -> int | None:
    own = snapshot.proof(snapshot.region)
    if own is None or own.lag_seconds is None:
        return None
    return own.at_ms - int(own.lag_seconds * 1000)
