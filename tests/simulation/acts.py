"""I6 to I10: what the recoveries did, in which order, needing what, for whom, and who was told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise

from recovery.signals import FAILOVER

from .invariants import Broken, at, writer_at
from .machine import Execution
from .names import SHORT
from .world import World

LEFT = ("Release", "ReleaseAfterFailure", "Busy")

EXPECTED = ("Busy", "Refused", "NotApproved")
"""Ends that are answers: another recovery runs, the decision is no, people said no."""


def it_ends_and_can_be_whole_again(world: World) -> Iterator[Broken]:
    """I6: nothing waits for ever, and a quarter of an hour after the last fault all is as it should be."""
    for said in world.broken:
        yield Broken("I6", said)
    for said in world.record.exercise:
        yield Broken("I6", said)


def no_recovery_fails_without_a_cause(world: World) -> Iterator[Broken]:
    """I6: a recovery that was accepted succeeds, unless something hampers its target or the service."""
    for execution in world.executions():
        error = execution.ended.error
        if execution.status == "RUNNING" or not error or error in EXPECTED:
            continue
        if not _hampered(world, execution):
            cause = execution.ended.cause
            yield Broken("I6", f"{execution.said} fails without a cause: {error}: {cause[:200]}")


def _hampered(world: World, execution: Execution) -> bool:
    """Return whether a fault, or another recovery, was in the way of an execution."""
    began, ended, region = execution.began_ms - 120_000, execution.ended_ms, execution.region
    if any(began <= when <= ended and target != region for when, _, target, _ in world.service.accepted):
        return True
    if world.odd_service or any(began <= when <= ended and target == region for when, target in world.service.unready):
        return True
    switching = execution.request["verb"] != FAILOVER
    return any(
        window.began_ms <= ended
        and (window.ended_ms is None or window.ended_ms >= began)
        and (switching or not window.regions or region in window.regions)
        for window in world.record.windows
        if window.name != "asked"
    )


def one_recovery_at_a_time(world: World) -> Iterator[Broken]:
    """I7: no two executions of a region hold its lease at once."""
    for machine in world.machines.values():
        held = sorted(filter(None, (_held(each) for each in machine.executions.values())), key=lambda one: one[:2])
        for (_, ended, one), (began, _, other) in pairwise(held):
            if began < ended:
                yield Broken("I7", f"{one} and {other} recover at once, at {at(began)}")


def _held(execution: Execution) -> tuple[int, int, str] | None:
    """Return from when to when an execution held the lease."""
    began = next((when for when, state in execution.entered if state == "Assess"), None)
    if began is None:
        return None
    released = [when for when, state in execution.entered if state in LEFT]
    ended = released[0] if released else execution.ended_ms
    return began, ended or 10**18, execution.said


def asked_once(world: World) -> Iterator[Broken]:
    """I7: one execution makes the service take no more than one promotion, and its account of it is true."""
    for execution in world.executions():
        until = execution.ended_ms or world.clock.now
        taken = [
            when for when, _, target, _ in world.service.accepted
            if target == execution.region and execution.began_ms <= when <= until and _holds(execution, when)
        ]  # fmt: skip
        if len(taken) > 1 and not world.odd_service:
            yield Broken("I7", f"{execution.said} made the service take {len(taken)} promotions")
        if taken and execution.ended.error == "PromotionRefused" and not world.odd_service:
            yield Broken("I7", f"{execution.said} says that nothing was promoted, and the service took its call")


def _holds(execution: Execution, when: int) -> bool:
    held = _held(execution)
    return held is not None and held[0] <= when <= held[1]


def nothing_needs_the_lost_region(world: World) -> Iterator[Broken]:
    """I8: a failover is asked for in its target, as a failover; a switchover would wait for the old region."""
    for when, verb, target, _ in world.service.accepted:
        behind = [each for each in world.machines[target].executions.values() if _holds(each, when)]
        if behind and behind[-1].request["verb"] != verb:
            yield Broken("I8", f"{behind[-1].said} makes the service take a {verb} at {at(when)}")
    for when, caller, service, region, method in world.calls.made:
        if method == "failover_global_cluster" and caller != region:
            yield Broken("I8", f"at {at(when)} the failover to {SHORT[caller]} is asked for in {SHORT[region]}")
            return
        if service in ("route53", "iam", "cloudformation", "cloudfront", "globalaccelerator"):
            yield Broken("I8", f"at {at(when)} {service} is needed")
            return


def nothing_moves_without_a_person(world: World) -> Iterator[Broken]:
    """I9: a promotion has a person behind it, or an approval, or voters who agree on what is true."""
    for when, verb, target, _ in world.service.accepted:
        behind = [each for each in world.machines[target].executions.values() if _holds(each, when)]
        for execution in behind[-1:]:
            if execution.by != "notice":
                continue
            if world.shape.mode == "manual":
                yield Broken("I9", f"nobody asked for the {verb} to {SHORT[target]} at {at(when)}")
            if world.shape.mode == "approval" and (execution.answer or ("", ""))[0] != "approve":
                yield Broken("I9", f"nobody approved the {verb} to {SHORT[target]} at {at(when)}")
            if _all_was_well(world, execution):
                yield Broken("I9", f"{execution.said} starts by itself, though the writer is well and is seen")
        if not behind:
            yield Broken("I9", f"the {verb} to {SHORT[target]} at {at(when)} is nobody's")


def _all_was_well(world: World, execution: Execution) -> bool:
    """Return whether, for as long as a view holds, most voters could have seen the writer take writes.

    In approval mode what the target sees is enough to ask a person, who may refuse.
    """
    if world.shape.mode != "automatic":
        return False
    voters = len(world.data_regions) + len(world.witnesses)
    since = execution.began_ms - 120_000
    samples = [each for each in world.record.samples if since <= each.at_ms <= execution.began_ms]
    return all(voters - len(each.seen_by) < voters // 2 + 1 for each in samples)


def people_are_told_once(world: World) -> Iterator[Broken]:
    """I10: each recovery that ended told people, once; no incident is told of twice."""
    for execution in world.executions():
        about = [each for each in world.cloud.messages if execution.arn in each.text and not each.token]
        nothing = execution.results.get("assess", {}).get("outcome") == "nothing" or execution.ended.error == "Busy"
        ended = execution.status in ("SUCCEEDED", "FAILED")
        if ended and not about and not nothing and not _deaf(world, execution.region):
            yield Broken("I10", f"nobody was told of {execution.said}: {execution.status}")
        if len(about) > 1 and not _deaf(world, execution.region):
            yield Broken("I10", f"people were told of {execution.said} {len(about)} times")
    told = Counter((each.topic, each.subject) for each in world.cloud.messages if each.subject.endswith("looks lost"))
    opened = Counter(
        (line.region, f"[example] {line.what.split(' voters say that ')[1].split()[0]} looks lost")
        for line in world.story.lines
        if line.what.startswith("notice: open: ") and " voters say that " in line.what
    )
    for key, count in told.items():
        if count > opened[key] and not _deaf(world, key[0]):
            yield Broken("I10", f"{key[1]}: told {count} times from {key[0]}, noticed {opened[key]} times")


def _deaf(world: World, region: str) -> bool:
    """Return whether telling people, or remembering that one has, was disturbed in a region."""
    return any(
        window.name in ("trouble", "dark", "lost", "cut off", "cut")
        and (not window.regions or region in window.regions)
        for window in world.record.windows
    )


def a_loss_is_told(world: World) -> Iterator[Broken]:
    """I10: of a writer that is gone for longer than noticing takes, people are told by a target that can see it.

    Judged where nothing else goes wrong: one fault, of one region that is lost, while it is the writer.
    """
    losses = [window for window in world.record.windows if window.name != "asked"]
    if len(losses) != 1 or losses[0].name != "lost":
        return
    loss = losses[0]
    (region,), limit = loss.regions, (world.shape.budget.of("noticing") + 60) * 1000
    ended = min([loss.ended_ms or world.clock.now, *(each.asked_ms for each in world.service.promotions)])
    if writer_at(world, loss.began_ms) != region or ended - loss.began_ms < limit:
        return
    told = [each for each in world.cloud.messages if each.subject.endswith(f"{region} looks lost")]
    if not any(loss.began_ms < each.at_ms <= loss.began_ms + limit for each in told):
        yield Broken("I10", f"nobody is told within {limit // 1000} s that {SHORT[region]} is lost")
    if any("next: " not in each.text for each in told):
        yield Broken("I10", f"people are not told what to do about {SHORT[region]}")


CHECKS: tuple[Callable[[World], Iterator[Broken]], ...] = (
    it_ends_and_can_be_whole_again,
    no_recovery_fails_without_a_cause,
    one_recovery_at_a_time,
    asked_once,
    nothing_needs_the_lost_region,
    nothing_moves_without_a_person,
    people_are_told_once,
    a_loss_is_told,
)
