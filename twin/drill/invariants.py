"""The ten invariants, each a finding with its numbers: whether it held, and ``None`` where it had nothing to say.

I1 to I5 are judged by the application's record, PostgreSQL's rows and what was answered; I6 to I10 by what people and
the recovery were seen to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise

from recovery.objectives import Intervals
from twin.drill.acknowledgements import acknowledged, counted, doubled, longest_silence, lost, overlap_seconds, unread
from twin.drill.executions import WAITING, Move, accepted_ms, executions, messages, moves, outcome, repeated, text
from twin.drill.record import Call, Finding, History, Lost, Sample, Write
from twin.drill.shares import answers, at_speed

ROUNDING_SECONDS = 1.0
"""A lag is shown in whole seconds; a row is acknowledged a moment after it is committed."""

PATH = ("assess", "fence", "promote", "confirm-writer", "recovery")
"""How the names of the roles and functions end that carry a recovery out."""

GLOBAL_SERVICES = ("iam", "route53", "cloudformation", "organizations")
GLOBAL_REGION = "us-east-1"
"""Where the control planes of global services are (AWS Fault Isolation Boundaries, "Global services")."""


def invariants(history: History, intervals: Intervals) -> tuple[Finding, ...]:
    """Return the findings about I1 to I10, in their order."""
    missing, every = lost(history), moves(history)
    return (
        _planned_loses_nothing(history, missing, every),
        _failover_loses_what_was_shown(history, missing, every, intervals),
        _one_region_after_the_fence(history),
        _answers_can_be_written_to(history, intervals),
        _proof_before_the_move(history),
        _recovery_ends(history),
        _one_promotion_a_request(history, every),
        _nothing_needed_elsewhere(history, every),
        _nobody_moved_it_but_people(history, every),
        _people_were_told_once(history),
    )


def _planned_loses_nothing(history: History, missing: tuple[Lost, ...], every: tuple[Move, ...]) -> Finding:
    title = "a switchover or failback loses no acknowledged row"
    count = len(acknowledged(history.writes))
    ours = [row for row in missing if (verb := _verb_after(row, every)) is None or verb in ("switchover", "failback")]
    if unread(history):
        return Finding("I1", title, None, "no region was left to read rows back from")
    if ours:
        return Finding(
            "I1", title, False, f"not there: {counted(len(ours), 'acknowledged row')}, {ours[0].key} is the first"
        )
    if not any(move.verb in ("switchover", "failback") for move in every):
        return Finding("I1", title, None, f"none was carried out; no row of {count} was lost without a failover")
    return Finding("I1", title, True, f"of {count} acknowledged rows none was lost in it")


def _failover_loses_what_was_shown(
    history: History, missing: tuple[Lost, ...], every: tuple[Move, ...], intervals: Intervals
) -> Finding:
    title = "a failover loses no row older than the lag that was shown when it was accepted"
    ours = [row for row in missing if _verb_after(row, every) not in (None, "switchover", "failback")]
    if unread(history) or not any(move.verb not in ("switchover", "failback") for move in every):
        return Finding("I2", title, None, "no failover was carried out")
    if not ours:
        return Finding("I2", title, True, "it lost no row")
    shown, assessed = history.accepted_lag_seconds, accepted_ms(history)
    if shown is None:
        said = f"{counted(len(ours), 'row')} lost, and nobody was shown how many it might be"
        return Finding("I2", title, False, said)
    since = history.disaster_ms or history.began_ms if assessed is None else assessed
    age = (since - ours[0].acknowledged_ms) / 1000
    slack = ROUNDING_SECONDS + (intervals.interval / history.speed if assessed is None else 0.0)
    about = "the disaster" if assessed is None else "the acceptance"
    said = f"the oldest of {counted(len(ours), 'lost row')} was {age:.1f} s old at {about}; shown were {shown:.1f} s"
    return Finding("I2", title, age <= shown + slack, f"{said}, and {slack:.1f} s are allowed for clocks and commits")


def _verb_after(row: Lost, every: tuple[Move, ...]) -> str | None:
    """Return the verb of the promotion that lost the row; None where there was none after it."""
    return next((move.verb for move in every if move.at_ms >= row.acknowledged_ms and move.region != row.region), None)


def _one_region_after_the_fence(history: History) -> Finding:
    title = "after the fence only one region acknowledges writes"
    whole = overlap_seconds(history.writes)
    regions = {write.region for write in acknowledged(history.writes)}
    if history.fenced_ms is None:
        if len(regions) < 2:
            return Finding("I3", title, None, "only one region ever acknowledged")
        said = f"the old region was never fenced; two regions acknowledged at the same time for {whole:.1f} s"
        return Finding("I3", title, not doubled(history.writes, 0), said)
    leaks = {id(write): write for write in (*_leaked(history), *doubled(history.writes, history.fenced_ms))}
    if leaks:
        first = min(leaks.values(), key=lambda write: write.ended_ms)
        late = (first.ended_ms - history.fenced_ms) / 1000
        said = (
            f"{counted(len(leaks), 'write')} acknowledged beside the writer, first by {first.region}, {late:.1f} s late"
        )
        return Finding("I3", title, False, said)
    return Finding("I3", title, True, f"none was acknowledged by another; the overlap before it was {whole:.1f} s")


def _leaked(history: History) -> list[Write]:
    """Return what the old region acknowledged after its fence, before it was taken over from and back again."""
    fenced = history.fenced_ms or 0
    since = fenced if history.disaster_ms is None else min(fenced, history.disaster_ms)
    before = [write for write in acknowledged(history.writes) if write.ended_ms < since]
    old = before[-1].region if before else history.origin
    back = next((move.at_ms for move in moves(history) if move.at_ms > fenced and move.region == old), history.ended_ms)
    return [write for write in acknowledged(history.writes) if write.region == old and fenced <= write.began_ms < back]


def _answers_can_be_written_to(history: History, intervals: Intervals) -> Finding:
    title = "DNS does not answer a region that can't be written to while another can, nor count it as healthy"
    allowed = at_speed(intervals, history.speed)["dns"]
    if not history.samples:
        return Finding("I4", title, None, "nobody looked at DNS")
    answered = _longest(history.samples, _misleads)
    healthy = max(_longest(history.samples, partial(_flatters, region)) for region in history.regions)
    said = f"answered for at most {answered:.1f} s on end, healthy for {healthy:.1f} s; dns has {allowed:.1f} s"
    return Finding("I4", title, max(answered, healthy) <= allowed, said)


def _longest(samples: Iterable[Sample], wrong: Callable[[Sample], bool]) -> float:
    """Return for how many seconds on end something was wrong, at most."""
    worst, since = 0, None
    for sample in samples:
        since = (since or sample.at_ms) if wrong(sample) else None
        worst = max(worst, sample.at_ms - since) if since else worst
    return worst / 1000


def _flatters(region: str, sample: Sample) -> bool:
    """Return whether a region that takes no writes counts as healthy."""
    seen = sample.regions.get(region)
    return seen is not None and seen.healthy is True and seen.role != "writer"


def _misleads(sample: Sample) -> bool:
    roles = {region: seen.role for region, seen in sample.regions.items()}
    wrong = any(roles.get(region, "none") != "writer" for region in sample.answers)
    return wrong and "writer" in roles.values()


def _proof_before_the_move(history: History) -> Finding:
    title = "no DNS answer moves before a writer proof in the new region"
    moved = [
        (event, region)
        for event in answers(history)
        for region in event.detail["regions"]
        if event.detail.get("before") and region not in event.detail["before"]
    ]
    for event, region in moved:
        why = _unproved(history, region, event.at_ms)
        if why:
            return Finding("I5", title, False, f"DNS answered {region} although {why}")
    if not moved:
        return Finding("I5", title, None, "no answer moved")
    return Finding("I5", title, True, f"{counted(len(moved), 'move')}, each to a region that had proved itself")


def _unproved(history: History, region: str, at_ms: int) -> str:
    """Return why a region should not have been answered yet; empty when it should."""
    before = [sample for sample in history.samples if sample.at_ms <= at_ms][-1:]
    after = [sample for sample in history.samples if sample.at_ms > at_ms][:1]
    seen = [sample.regions[region].role for sample in before + after if region in sample.regions]
    if "writer" not in seen:
        return "its PostgreSQL took no writes"
    proofs = [
        event.detail["proof"]
        for event in history.events
        if event.source == "probe" and event.region == region and "proof" in event.detail and event.at_ms <= at_ms
    ]
    return "" if not proofs or proofs[-1] else "its newest proof had failed"


def _recovery_ends(history: History) -> Finding:
    title = "a recovery ends, or names what it waits for"
    every = executions(history)
    open_ = [each for each in every if not each.ended]
    hanging = [each for each in open_ if not each.states or each.states[-1] not in WAITING]
    if not every:
        return Finding("I6", title, None, "no recovery was begun")
    if hanging:
        first = hanging[0]
        seconds = (history.ended_ms - first.began_ms) / 1000
        where = first.states[-1] if first.states else "no state"
        return Finding("I6", title, False, f"{first.name} was still in {where} at the end, after {seconds:.0f} s")
    waits = [f"{each.name} waits for {WAITING[each.states[-1]]}" for each in open_]
    ended = ", ".join(f"{each.name} {each.ended}" for each in every if each.ended)
    return Finding("I6", title, True, "; ".join(filter(None, (ended, *waits))))


def _one_promotion_a_request(history: History, every: tuple[Move, ...]) -> Finding:
    title = "the same request again changes nothing: one promotion for each that was accepted"
    begun = executions(history)
    if not begun and not every:
        return Finding("I7", title, None, "nothing was asked for, and nothing was promoted")
    for before, move in pairwise(every):
        if before.region == move.region:
            return Finding("I7", title, False, f"{move.region} was promoted twice")
        if move.execution and before.execution and move.execution.began_ms < before.at_ms:
            both = f"{before.execution.name} and {move.execution.name}"
            return Finding("I7", title, False, f"{both} were begun together, and both promoted a region")
    alone = next((move for move in every if move.execution is None), None)
    if alone:
        return Finding("I7", title, False, f"{alone.region} was promoted, and no recovery had been begun there")
    return Finding("I7", title, True, f"{counted(len(begun), 'execution')}, {counted(len(every), 'promotion')}")


def _nothing_needed_elsewhere(history: History, every: tuple[Move, ...]) -> Finding:
    title = "nothing in the path needed the lost region or a global control plane"
    if history.calls is None or history.kind != "failover" or not every:
        return Finding("I8", title, None, "no failover was carried out, or its calls were not counted")
    old = longest_silence(history).before
    ours = [call for call in history.calls if _role(call).endswith(PATH) and old not in _role(call)]
    for call in ours:
        what = f"{_role(call)} called {call.service} {call.action} in {call.region or 'no region'}"
        if call.service in GLOBAL_SERVICES or (call.region == GLOBAL_REGION and GLOBAL_REGION not in history.regions):
            return Finding("I8", title, False, f"{what}, a global control plane")
        if call.region == old and not _role(call).endswith("fence"):
            return Finding("I8", title, False, f"{what}, the lost region")
    return Finding("I8", title, True, _counted(ours, old))


def _role(call: Call) -> str:
    return (call.function or call.principal).replace("/", ":").rpartition(":")[2]


def _counted(calls: Iterable[Call], old: str) -> str:
    every = list(calls)
    fences = sum(call.count for call in every if call.region == old)
    said = counted(sum(call.count for call in every), "call")
    return f"{said}, {fences} of them to {old}, all of the fence, which may fail"


def _nobody_moved_it_but_people(history: History, every: tuple[Move, ...]) -> Finding:
    title = "nothing fails back, and nothing fails over in manual mode, without a person"
    held = {history.origin}
    for move in every:
        back = move.region in held
        if not move.verb and (history.mode != "automatic" or back):
            did = "failed back" if back else "failed over"
            return Finding("I9", title, False, f"it {did} to {move.region}, and no person had asked for it")
        held.add(move.region)
    asked = ", ".join(move.verb or "the votes" for move in every)
    return Finding("I9", title, True, counted(len(every), "promotion") + (f", asked for by {asked}" if asked else ""))


def _people_were_told_once(history: History) -> Finding:
    title = "people were told once, with the reason and the next step"
    told = messages(history)
    if any("sns" in event.what.lower() for event in history.events if event.source == "disaster"):
        return Finding("I10", title, None, f"their topic was taken away; {counted(len(told), 'message')} came through")
    if not told:
        silent = history.kind == "failover" and outcome(history) != "none"
        return Finding("I10", title, False if silent else None, "no message was sent")
    again = repeated(told, history)
    if again:
        return Finding("I10", title, False, f"{again[0].region} said again: {again[0].what}")
    bare = next(
        (event for event in told if not any(word in text(event).lower() for word in ("next", "approve", "is closed"))),
        None,
    )
    if bare:
        return Finding("I10", title, False, f"{bare.region} named no next step: {bare.what}")
    return Finding("I10", title, True, f"{counted(len(told), 'message')}: {'; '.join(event.what for event in told)}")
