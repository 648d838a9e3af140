"""The RTO split into its parts, each beside its budget and its floor.

The silence (:func:`twin.drill.acknowledgements.longest_silence`) is cut at five moments. A part lasts from the end of
the part before it to its own end; an end that lies before that is pushed up to it, and none lies after the silence.
So every moment belongs to exactly one part, and the parts add up to the silence, although the recovery does things side
by side: what DNS notices of the old region while a person still decides costs nothing, and is counted as deciding.

========== ======================================================================================================
part       ends with the first of these after what caused the silence (the newest ``disaster`` or ``person`` event
           before it)
========== ======================================================================================================
noticing   a message to ``people`` that is ours, and no alarm's mail; a ``person`` who types a command; an execution of
           the ``state machine`` that begins
deciding   the ``state machine`` enters ``Fence``, or ``Promote`` where nothing is fenced
fencing    the ``state machine`` enters ``Promote``; did not happen where ``Fence`` was not entered
promoting  the ``database`` of the new region was ``promoted``
dns        the application's first attempt that is sent to the new region; at the latest one TTL after the DNS server
           answers it, since whoever asks later than that has only himself to blame
client     the silence ends: the first write is acknowledged by the new region
========== ======================================================================================================

A part whose end was not seen did not happen, and its time is the next one's. In a recovery that got stuck the part in
which it did has the rest of the time. Where writes came back in the region in which they had stopped nothing was
recovered, and the silence is one part, ``outage``.

**Budget**: :func:`recovery.objectives.budget`. At a speed above 1 its intervals are divided by the speed, its limits
are not (:func:`limits`): what a call, a proof, the fence, the promotion and a connection may take at most.

**Floor**: what the configured intervals cost if every call were answered at once, no limit were ever reached, and
every clock's next turn were half its interval away, as it is on average. It is the heartbeat's age that counts as
missing and half a turn of the schedule that looks; a person's own time as it was played, or half an interval for the
votes; PostgreSQL's promotion alone, measured from the service's word that it begins; half an interval until the new
writer proves itself; for a metric the rest of the period in which it was promoted and a whole one after that, since
what is read is the least of a period and the first one holds zeros, or for an endpoint the health check's interval
times its threshold, less the half by which the first answer comes sooner; and half the TTL. What is neither configured
nor AWS's own rhythm is not in it: calls, cold starts, TLS, a fence that nobody answers, propagation. One drill whose
turns fall well is below it, so it is held against the median of several (``benchmarks/recoveries.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from recovery import objectives
from recovery.objectives import Intervals, Part
from twin.drill.acknowledgements import Silence
from twin.drill.record import Event, History, Share

OUTAGE = "outage"
ALARM_PERIOD_SECONDS = 60
"""Of the alarm whose metric Route 53 reads, one evaluation period (``generator/stacks/health.py``; a test holds it)."""

PLANNED: tuple[Part, ...] = ("noticing", "deciding")
"""Parts that cost no writes when the recovery was asked for, as the fence does not where there is none."""


def split(history: History, silence: Silence, intervals: Intervals) -> tuple[Share, ...]:
    """Return the parts of a silence in their order; together they are exactly as long as it is, if it ended."""
    if silence.ended_ms is not None and silence.after == silence.before:
        return (_outage(silence),)
    cause = cause_of(history, silence)
    ends = moments(history, silence, intervals.ttl)
    planned = cause is not None and cause.source == "person"
    budgets, floors = at_speed(intervals, history.speed), floor(history, silence, intervals)
    stuck = _stuck(ends) if silence.ended_ms is None else None
    shares, at = [], silence.began_ms
    for part in objectives.PARTS:
        end = history.ended_ms if part == stuck else ends[part]
        free = planned and (part in PLANNED or ends[part] is None)
        budget, least = (0.0, 0.0) if free else (budgets[part], floors[part])
        if end is None:
            shares.append(Share(part, None, budget, least, reason=_absent(part, stuck)))
            continue
        end = min(max(at, end), history.ended_ms if silence.ended_ms is None else silence.ended_ms)
        reason = "it had not ended when the drill did" if part == stuck else _REASONS[part]
        shares.append(Share(part, (end - at) / 1000, budget, least, at, end, _PLANNED if free else reason))
        at = end
    return tuple(shares)


def moments(history: History, silence: Silence, ttl: int) -> dict[Part, int | None]:
    """Return when each part of a recovery ended, in milliseconds since 1970; None where that was not seen.

    ttl: of the records, in seconds as configured.
    """
    cause = cause_of(history, silence)
    since = cause.at_ms if cause else silence.began_ms
    target = silence.after or history.target
    events = [event for event in history.events if event.at_ms >= since]
    fence, promote = _entered(events, "Fence"), _entered(events, "Promote")
    promotion = next((each for each in promotions(history) if each.region == target and each.at_ms >= since), None)
    promoted = promotion.at_ms if promotion else None
    return {
        "noticing": _first(event.at_ms for event in events if _notices(event)),
        "deciding": _first(at for at in (fence, promote) if at is not None),
        "fencing": promote if fence is not None else None,
        "promoting": promoted,
        "dns": None if promoted is None else _moved(history, target, promoted, ttl),
        "client": silence.ended_ms,
    }


def cause_of(history: History, silence: Silence) -> Event | None:
    """Return the event that the silence comes from: the newest disaster or request before it."""
    causes = [
        event
        for event in history.events
        if event.at_ms <= silence.began_ms and (event.source == "disaster" or typed(event))
    ]
    return max(causes, key=lambda event: event.at_ms, default=None)


def ours(event: Event) -> bool:
    """Tell whether a message to people is one of ours, and neither an alarm's mail nor RDS's own."""
    others = ('ALARM: "', 'OK: "', 'INSUFFICIENT_DATA: "', "RDS Notification")
    return event.source == "people" and not event.what.startswith(others)


def typed(event: Event) -> bool:
    """Tell whether a person types a command (``verb``), which is not the moment at which that command has ended."""
    return event.source == "person" and "verb" in event.detail


def promotions(history: History) -> list[Event]:
    """Return the promotions of PostgreSQL servers that the drill saw (``promoted``), in their order."""
    found = [event for event in history.events if event.source == "database" and event.detail.get("promoted")]
    return sorted(found, key=lambda event: event.at_ms)


def limits(intervals: Intervals) -> dict[Part, float]:
    """Return what of each part's budget is a limit of calls, which no speed divides, in seconds."""
    proof = objectives.STEPS_OF_A_PROOF * intervals.step_seconds
    return {
        "noticing": 0,
        "deciding": objectives.ASSESS_SECONDS * (2 if intervals.mode == "approval" else 1),
        "fencing": objectives.FENCE_SECONDS,
        "promoting": objectives.PROMOTION_SECONDS,
        "dns": proof + (objectives.CHECK_ANSWER_SECONDS if intervals.probe == "endpoint" else 0),
        "client": objectives.CLIENT_SECONDS,
    }


def at_speed(intervals: Intervals, speed: float) -> dict[Part, float]:
    """Return the budget of each part at a speed: limits as they are, and intervals divided, in seconds."""
    whole, fixed = objectives.budget(intervals), limits(intervals)
    return {part: fixed[part] + (whole.of(part) - fixed[part]) / speed for part in objectives.PARTS}


def floor(history: History, silence: Silence, intervals: Intervals) -> Mapping[Part, float]:
    """Return what the configured intervals cost of each part if nothing else took any time, in seconds."""
    checks = {
        "metric": ALARM_PERIOD_SECONDS * 1.5,
        "endpoint": objectives.CHECK_INTERVAL_SECONDS * (objectives.CHECK_THRESHOLD - 0.5),
    }
    noticing = intervals.notice_seconds + objectives.SCHEDULE_SECONDS / 2
    deciding = intervals.interval / 2 / history.speed if intervals.mode == "automatic" else _own_time(history, silence)
    return {
        "noticing": noticing / history.speed,
        "deciding": deciding,
        "fencing": 0.0,
        "promoting": promotion_seconds(history, silence),
        "dns": (intervals.interval / 2 + checks[intervals.probe] + intervals.ttl / 2) / history.speed,
        "client": 0.0,
    }


def promotion_seconds(history: History, silence: Silence) -> float:
    """Return how long PostgreSQL took from the service's beginning to its promotion; 0 where nobody saw both."""
    target = silence.after or history.target
    done = next(
        (each.at_ms for each in promotions(history) if each.region == target and each.at_ms >= silence.began_ms), 0
    )
    begun = [
        event.at_ms
        for event in history.events
        if event.source == "service" and event.detail.get("status") in _PROMOTING and event.at_ms <= done
    ]
    return (done - begun[-1]) / 1000 if begun else 0.0


def _own_time(history: History, silence: Silence) -> float:
    """Return for how long people who knew did nothing, as the scenario has them."""
    since = cause.at_ms if (cause := cause_of(history, silence)) else silence.began_ms
    told = _first(e.at_ms for e in history.events if ours(e) and e.at_ms >= since)
    acted = _first(e.at_ms for e in history.events if typed(e) and told is not None and e.at_ms >= told)
    return 0.0 if told is None or acted is None else (acted - told) / 1000


def _outage(silence: Silence) -> Share:
    seconds = silence.seconds or 0.0
    reason = f"nothing was promoted in it: {silence.before or 'the writer'} took writes again by itself"
    return Share(OUTAGE, seconds, 0.0, 0.0, silence.began_ms, silence.ended_ms, reason)


def _stuck(ends: Mapping[Part, int | None]) -> Part:
    """Return the part after the last one that was seen to end; ``client`` when only that is missing."""
    seen = [place for place, part in enumerate(objectives.PARTS) if ends[part] is not None]
    return objectives.PARTS[min(max(seen, default=-1) + 1, len(objectives.PARTS) - 1)]


def _absent(part: Part, stuck: Part | None) -> str:
    order = objectives.PARTS
    late = stuck is not None and order.index(part) > order.index(stuck)
    return "it was never come to" if late else "it did not happen, or its end was not seen"


def _notices(event: Event) -> bool:
    return ours(event) or typed(event) or (event.source == "state machine" and "state" in event.detail)


def _entered(events: list[Event], state: str) -> int | None:
    return _first(e.at_ms for e in events if e.source == "state machine" and e.detail.get("state") == state)


def answers(history: History) -> list[Event]:
    """Return the changes of what DNS answers for the writer's name: ``regions`` now, and ``before``."""
    found = [event for event in history.events if event.source == "dns" and "regions" in event.detail]
    return [event for event in found if str(event.detail.get("name", "")).startswith("writer.")]


def _moved(history: History, target: str, since: int, ttl: int) -> int | None:
    """Return when the application turned to the target; at the latest one TTL after DNS answered it."""
    answered = _first(
        each.at_ms for each in answers(history) if each.at_ms >= since and target in each.detail["regions"]
    )
    sent = _first(each.began_ms for each in history.writes if each.region == target and each.began_ms >= since)
    expired = None if answered is None else answered + int(ttl / history.speed * 1000)
    return _first(at for at in (sent, expired) if at is not None)


def _first(times: Iterator[int]) -> int | None:
    return min(times, default=None)


_PROMOTING = ("failing-over", "switching-over")
"""What the service says of a global cluster that it is about to promote a member of (RDS API, ``FailoverState``)."""

_PLANNED = "it was asked for: writes go on until the promotion begins"
_REASONS: Mapping[Part, str] = {
    "noticing": "until people were told, or somebody or something acted",
    "deciding": "until the fence, or the promotion, was begun",
    "fencing": "until the promotion was begun",
    "promoting": "until PostgreSQL in the new region took writes",
    "dns": "until the application was sent to the new region",
    "client": "until the new region acknowledged a write",
}
