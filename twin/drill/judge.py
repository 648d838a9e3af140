"""The verdict on a drill: its RTO and RPO, what was promised, and the invariants.

Pure, and from the outside: the application's record of its acknowledgements, PostgreSQL's rows, what was answered and
who was told. Not one of the recovery's own accounts of itself is believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from recovery.objectives import Intervals, budget
from twin.drill.acknowledgements import (
    Silence,
    acknowledged,
    counted,
    destroyed,
    final_writer,
    longest_silence,
    lost,
    lost_seconds,
    overlap_seconds,
    unread,
)
from twin.drill.executions import messages, outcome, text
from twin.drill.invariants import ROUNDING_SECONDS, invariants
from twin.drill.record import Finding, History, Lost, Result
from twin.drill.shares import at_speed, split

BLIND_SECONDS = 15.0
"""For how long nobody may have looked: a verdict on what was not seen is none."""


def judge(history: History, environment_intervals: Intervals, objectives: tuple[float, float]) -> Result:
    """Return what a drill came to. objectives: RTO and RPO of the environment file, in seconds."""
    silence, missing, gone = longest_silence(history), lost(history), destroyed(history)
    rto, rpo = objectives
    limit = allowed_seconds(environment_intervals, rto, history.speed)
    since = history.began_ms if history.disaster_ms is None else history.disaster_ms
    age = lost_seconds(missing, since)
    shares = split(history, silence, environment_intervals)
    findings = (
        *_played(history),
        _time(history, silence, limit),
        _rows(history, missing, age, rpo),
        *_destroyed(history, gone),
        *_promised(history, missing),
        *invariants(history, environment_intervals),
    )
    return Result(
        held=all(finding.held is not False for finding in findings),
        verdict=_verdict(findings, silence.seconds, missing, gone),
        rto_seconds=silence.seconds,
        objective_rto=rto,
        rpo_rows=len(missing),
        rpo_seconds=age,
        objective_rpo=rpo,
        lost=missing,
        overlap_seconds=overlap_seconds(history.writes),
        acknowledged=len(acknowledged(history.writes)),
        refused=sum(write.outcome != "acknowledged" for write in history.writes),
        shares=shares,
        findings=findings,
        budget_seconds=sum(share.budget for share in shares),
        floor_seconds=sum(share.floor for share in shares),
        limit_seconds=limit,
    )


def allowed_seconds(intervals: Intervals, objective: float, speed: float) -> float:
    """Return the RTO that is allowed at a speed, in seconds: the objective itself at speed 1.

    Above that, the budget at the speed, and what the objective leaves beyond the budget divided by the speed: a drill
    whose intervals are shorter has to be as much faster as they are.
    """
    return sum(at_speed(intervals, speed).values()) + (objective - budget(intervals).sum) / speed


def _played(history: History) -> Iterator[Finding]:
    if history.failure:
        yield Finding("played", "the scenario is played to its end", False, history.failure)
    hole = max((after.at_ms - before.at_ms for before, after in pairwise(history.samples)), default=0) / 1000
    if hole > BLIND_SECONDS:
        said = f"nobody looked for {hole:.0f} s: the machine was too busy, or the local cloud did not answer"
        yield Finding("seen", "the drill was looked at all the time", False, said)


def _time(history: History, silence: Silence, limit: float) -> Finding:
    title = "writes are acknowledged again within the objective"
    if silence.seconds is None:
        since = (history.ended_ms - silence.began_ms) / 1000
        said = f"none has been acknowledged for {since:.1f} s when the drill ended"
        return Finding("RTO", title, None if history.promise.down else False, said)
    said = f"the longest time without one was {silence.seconds:.1f} s, of {limit:.1f} s"
    return Finding("RTO", title, silence.seconds <= limit, said)


def _rows(history: History, missing: tuple[Lost, ...], age: float, objective: float) -> Finding:
    title = "no more is lost than the objective, or than was shown and accepted"
    if unread(history):
        return Finding("RPO", title, None, "no region was left to read rows back from")
    accepted = (history.accepted_lag_seconds or 0.0) + ROUNDING_SECONDS
    rewritten = sum(row.rewritten for row in missing)
    again = f", {rewritten} of them written again" if rewritten else ""
    said = f"{counted(len(missing), 'acknowledged row')}{again}, the oldest {age:.1f} s old, of {objective:.0f} s"
    if objective < age <= accepted:
        said += f"; {history.accepted_lag_seconds:.0f} s had been shown and accepted"
    return Finding("RPO", title, age <= max(objective, accepted), said)


def _destroyed(history: History, gone: frozenset[str]) -> Iterator[Finding]:
    if gone:
        back = gone & {row.key for row in history.rows}
        said = f"{counted(len(gone), 'row')} destroyed, {counted(len(back), 'row')} of them there at the end"
        yield Finding("destroyed", "no recovery brings back what a statement destroyed", not back, said)


def _promised(history: History, missing: tuple[Lost, ...]) -> Iterator[Finding]:
    promise = history.promise
    if promise.writer:
        writer, last = final_writer(history), history.samples[-1] if history.samples else None
        takes = last is not None and writer in last.regions and last.regions[writer].role == "writer"
        said = f"{writer} {'takes writes' if takes else 'acknowledged last and takes none now'}"
        yield Finding("writer", f"{promise.writer} ends as the writer", takes and writer == promise.writer, said)
    if promise.recovery:
        ended = outcome(history)
        yield Finding(
            "recovery", f"the recovery ends: {promise.recovery}", ended == promise.recovery, f"it was {ended}"
        )
    if promise.lossless:
        yield Finding(
            "lossless", "no acknowledged row is lost", not missing, f"{counted(len(missing), 'row')} not there"
        )
    if promise.fenced:
        held = history.fenced_ms is not None
        yield Finding(
            "fenced", "the old region is closed to its applications", held, "it was" if held else "it never was"
        )
    said = "\n".join(text(event) for event in messages(history)).lower()
    for words in promise.told:
        found = words.lower() in said
        yield Finding("told", f"people are told “{words}”", found, "they were" if found else "no message says so")
    answers = "\n".join(event.cause for event in history.events if event.source == "person").lower()
    for words in promise.heard:
        found = words.lower() in answers
        yield Finding("heard", f"a command answers “{words}”", found, "one did" if found else "none says so")


def _verdict(
    findings: tuple[Finding, ...], seconds: float | None, missing: tuple[Lost, ...], gone: frozenset[str]
) -> str:
    broken = [finding for finding in findings if finding.held is False]
    if broken:
        names = ", ".join(dict.fromkeys(finding.name for finding in broken))
        return f"broken ({names}): {broken[0].title}; {broken[0].reason}"
    back = "writes did not come back, as promised" if seconds is None else f"writes were back after {seconds:.1f} s"
    more = f", {counted(len(gone), 'row')} destroyed by a statement and in no region" if gone else ""
    return f"held: {back}, {counted(len(missing), 'acknowledged row')} lost{more}"
