"""I1 to I5, judged from the application's own acknowledgements, the databases' rows and what DNS answered.

What the recovery says of itself is not asked here, but for two things that it promised: the loss that it showed
before it began, and the fence that it said stands. I6 to I10, which are about acts, are in :mod:`.acts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recovery.signals import FAILOVER, SWITCHOVER

from .client import LIFETIME_SECONDS, Ack
from .clockwork import START_MS
from .names import SHORT
from .people import REHOMES_WITHIN
from .service import Promotion
from .world import Sample, World

SLACK_SECONDS = 30
"""Looks are ten seconds apart, and the parts of a budget are not."""


@dataclass(frozen=True)
class Broken:
    """An invariant that does not hold: ``I1`` to ``I10``, and how."""

    name: str
    said: str

    def __str__(self) -> str:
        return f"{self.name}: {self.said}"


def judge(world: World) -> list[Broken]:
    """Return every invariant that a played world breaks; empty when all hold."""
    from . import acts

    checks = (
        nothing_lost_by_a_switchover, nothing_lost_but_what_was_shown, everything_else_is_there, one_writer_once_fenced,
        no_zombie_is_answered, answers_can_be_written_to, no_answer_before_its_proof, *acts.CHECKS,
    )  # fmt: skip
    return [each for check in checks for each in check(world)]


def at(ms: int) -> str:
    """Return a time as the story shows it."""
    return f"{(ms - START_MS) // 60_000}:{(ms - START_MS) / 1000 % 60:04.1f}"


def acks(world: World) -> list[Ack]:
    """Return everything that was acknowledged, in order of time."""
    return sorted((ack for worker in world.workers for ack in worker.acks), key=lambda ack: ack.at_ms)


def writer_at(world: World, ms: int) -> str:
    """Return the region that was promoted last before a moment."""
    found = world.data_regions[0]
    for promotion in world.service.promotions:
        if promotion.at_ms <= ms:
            found = promotion.target
    return found


def nothing_lost_by_a_switchover(world: World) -> Iterator[Broken]:
    """I1: a switchover and a failback lose no acknowledged row."""
    for promotion in world.service.promotions:
        if promotion.verb == SWITCHOVER and promotion.missing:
            yield Broken("I1", f"{len(promotion.missing)} rows are lost by the switchover to {promotion.target}")


def nothing_lost_but_what_was_shown(world: World) -> Iterator[Broken]:
    """I2: a failover loses no row older than the loss that was shown when it was accepted.

    The bound is an age between the clocks of two regions, so it is as wrong as those are.
    """
    off = 1 + max((window.skew_seconds for window in world.record.windows), default=0.0)
    when = {ack.key: ack.at_ms for ack in acks(world)}
    for promotion in world.service.promotions:
        lost = [when[key] for key in promotion.missing if key in when]
        if promotion.verb != FAILOVER or not lost:
            continue
        shown = _shown(world, promotion)
        if shown is None:
            yield Broken("I2", f"nothing was shown before the failover to {promotion.target} at {at(promotion.at_ms)}")
        elif shown[1] is not None and min(lost) < shown[0] - (shown[1] + off) * 1000:
            older = (shown[0] - min(lost)) / 1000
            yield Broken(
                "I2", f"the failover to {SHORT[promotion.target]} at {at(promotion.at_ms)} lost a row of {older:.0f} s"
                f" before the decision, and {shown[1]:.0f} s were shown",
            )  # fmt: skip


def _shown(world: World, promotion: Promotion) -> tuple[int, float | None] | None:
    """Return when the failover was decided and the loss shown then; no number where a person accepted any."""
    found = None
    for when, region, execution, answer in world.functions.answers:
        if region == promotion.target and when <= promotion.asked_ms and answer["outcome"] == "proceed":
            loss = answer["loss_seconds"]
            accepted = world.machines[region].executions[execution].request.get("accept_data_loss")
            found = (when, None if loss < 0 and accepted else loss)
    return found


def everything_else_is_there(world: World) -> Iterator[Broken]:
    """I1, I2: at the end the writer has every acknowledged row but those that a failover is known to have lost."""
    have = {row.key for row in world.servers[world.service.writer].log}
    known: frozenset[str] = frozenset().union(*(each.missing for each in world.service.promotions))
    for ack in acks(world):
        zombie = ack.region != writer_at(world, ack.at_ms)
        if ack.key not in have and ack.key not in known and not zombie:
            yield Broken("I1", f"{ack.key}, acknowledged in {SHORT[ack.region]} at {at(ack.at_ms)}, is nowhere")
            return


def one_writer_once_fenced(world: World) -> Iterator[Broken]:
    """I3: what recovery said to be fenced acknowledges nothing until it said that it is not."""
    until: dict[str, list[tuple[int, int]]] = {}
    fences = world.record.fences
    for number, (when, region, outcome) in enumerate(fences):
        if outcome == "fenced":
            later = (at_ms for at_ms, where, said in fences[number + 1 :] if (where, said) == (region, "unfenced"))
            until.setdefault(region, []).append((when, next(later, world.clock.now)))
    for ack in acks(world):
        for begun, ended in until.get(ack.region, ()):
            if begun < ack.at_ms < ended:
                yield Broken("I3", f"{SHORT[ack.region]} is fenced, and acknowledges {ack.key} at {at(ack.at_ms)}")
                return


def no_zombie_is_answered(world: World) -> Iterator[Broken]:
    """I3: a region that was taken over from acknowledges nothing once names and pools had the time to follow."""
    budget = world.shape.budget.of("dns") + LIFETIME_SECONDS + SLACK_SECONDS
    for ack in acks(world):
        current = writer_at(world, ack.at_ms)
        if ack.region == current:
            continue
        (taken,) = [each for each in world.service.promotions if each.at_ms <= ack.at_ms][-1:]
        quiet = _quiet_since(world, taken.at_ms, ack.at_ms)
        if ack.at_ms - quiet > budget * 1000:
            yield Broken(
                "I3", f"{SHORT[ack.region]} still acknowledges at {at(ack.at_ms)}, {(ack.at_ms - quiet) // 1000} s"
                f" after {SHORT[current]} took over at {at(taken.at_ms)}",
            )  # fmt: skip
            return


def _quiet_since(world: World, since: int, until: int) -> int:
    """Return since when DNS had every reason to know of the writer: from ``since`` or the last excuse after it."""
    return max((each.at_ms for each in world.record.samples if since < each.at_ms <= until and _excused(world, each)),
               default=since)  # fmt: skip


def answers_can_be_written_to(world: World) -> Iterator[Broken]:
    """I4: DNS answers nobody but the writer, once it takes writes, for longer than the budget.

    Neither a region that can't be written to nor one that was taken over from and does not know it.
    """
    budget = (world.shape.budget.of("dns") + SLACK_SECONDS) * 1000
    since: int | None = None
    for sample in world.record.samples:
        writer = writer_at(world, sample.at_ms)
        wrong = writer in sample.writable and set(sample.answers) != {writer}
        if not wrong or _excused(world, sample):
            since = None
        elif since is None:
            since = sample.at_ms
        elif sample.at_ms - since > budget:
            yield Broken(
                "I4", f"DNS answers {_short(sample.answers)} from {at(since)} to {at(sample.at_ms)} and on, while"
                f" {SHORT[writer]} is the writer",
            )  # fmt: skip
            return


def _excused(world: World, sample: Sample) -> bool:
    """Return whether a fault keeps Route 53 from knowing: a writer that is not home and is silent (design, section 4).

    Home is to follow the writer; that nobody made it so yet excuses for as long as people have for it, and while the
    command refuses: it waits for a recovery that runs, for CloudFormation, and for a fresh proof.
    """
    told = world.people.told_writer.get(sample.writer)
    early = told is None or sample.at_ms - told < REHOMES_WITHIN * 1000
    early |= any(0 <= sample.at_ms - when < 180_000 for when, region in world.people.not_yet if region == sample.writer)
    silent = sample.writer in sample.blind or sample.writer not in sample.writable
    return sample.skewed or (silent and sample.home != sample.writer and early)


def no_answer_before_its_proof(world: World) -> Iterator[Broken]:
    """I5: no answer moves to a region before that has proved, as the writer that it is, to take a write.

    When nobody is healthy home answers, which must have been made home after its proof.
    """
    for move in world.record.moves:
        for region in set(move.now) - set(move.before):
            if not move.before:
                continue
            proved = move.proved.get(region, 0) >= move.became.get(region, 0) and region in move.became
            if not (proved if region in move.healthy else move.home_proved):
                yield Broken("I5", f"DNS moves to {SHORT[region]} at {at(move.at_ms)} before its proof")


def _short(regions: tuple[str, ...]) -> str:
    return ", ".join(SHORT[region] for region in regions) or "nobody"
