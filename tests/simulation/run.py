"""One run: an environment drawn from a seed, faults, then peace, an exercise, and the verdict.

The peace is part of it: whatever happened, a quarter of an hour after the last fault the environment must be whole
again, by itself and by people doing what the messages say; then a switchover must work, and asking again change
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from recovery.signals import SWITCHOVER
from recovery.state import violations

from . import faults as drawn
from . import shape
from .disasters import Disasters
from .faults import Fault
from .mutants import SOUND, Mutant
from .people import REHOMES_WITHIN
from .service import Habits
from .shape import Shape
from .world import World

WARM_SECONDS = 150
"""From birth until every metric, view and check says what is."""

PEACE_SECONDS = 300
ROUNDS = 8
"""How often people look after what is left, five minutes apart."""


@dataclass(frozen=True)
class Plan:
    """What a run is made of."""

    shape: Shape
    habits: Habits
    faults: tuple[Fault, ...]
    seconds: float = drawn.CHAOS_SECONDS


def planned(seed: int, strict: bool | None = None) -> Plan:
    """Return the plan of a seed. strict: of every sixteenth seed unless told."""
    random = Random(seed)
    environment = shape.draw(random, seed % 16 == 0 if strict is None else strict)
    habits, found = drawn.draw(random, environment)
    return Plan(environment, habits, tuple(found))


def play(plan: Plan, seed: int = 0, mutant: Mutant = SOUND, prepare: Callable[[World], None] | None = None) -> World:
    """Play a plan to its end and return the world, with its record."""
    world = World(plan.shape, seed, mutant, Habits(**vars(plan.habits)))
    try:
        disasters = Disasters(world)
        world.clock.run(WARM_SECONDS)
        if prepare is not None:
            prepare(world)
        disasters.plan(list(plan.faults))
        world.clock.run(plan.seconds)
        settle(world, disasters)
        exercise(world)
    finally:
        world.clock.close()
    return world


def settle(world: World, disasters: Disasters) -> None:
    """End all faults, and let people and the environment come to rest."""
    disasters.end_all()
    world.people.diligent, world.people.idle = True, False
    world.say("twin", "", "all faults are over")
    for _ in range(ROUNDS):
        world.clock.run(PEACE_SECONDS)
        if whole(world) == []:
            world.clock.run(60)  # what is in order is also said everywhere
            break
        world.people.settle()
    world.record.settled_ms = world.clock.now


def whole(world: World) -> list[str]:
    """Return what is not as it should be in an environment at rest, as sentences."""
    found = [f"{each.said} still runs" for each in world.executions() if each.status == "RUNNING"]
    writer = world.service.writer
    if world.service.swap or world.service.unsettled:
        found.append(f"the service is not done: {world.service.swap or sorted(world.service.unsettled)}")
    writable = [region for region in world.data_regions if world.writable(region)]
    if writable != [writer]:
        found.append(f"{writer} is the writer, and {', '.join(writable) or 'no region'} can be written to")
    if world.watch.answers != (writer,):
        found.append(f"{writer} is the writer, and DNS answers {' or '.join(world.watch.answers)}")
    for region in world.data_regions:
        table = world.cloud.tables[region]
        for kind in ("fence", "superseded", "incident", "breach"):
            found += [f"{kind} of {name} is left in {region}" for name in table.names(kind)]
        try:
            snapshot = world.facts(region)
        except Exception as error:
            found.append(f"{region} can't be looked at: {error}")
            continue
        found += [f"seen from {region}: {said}" for said in violations(snapshot, world.clock.now)]
    return found


def exercise(world: World) -> None:
    """Switch over to another region, ask again, and let its probe be silent for a while after it was made home.

    The switchover must work; the second request must change nothing; and the silence must move no name (design,
    section 4: why home follows the writer).
    """
    faulty = world.record.exercise
    faulty += [f"not whole at the end: {said}" for said in whole(world)]
    if faulty:
        return
    writer = world.service.writer
    target = next(region for region in world.data_regions if region != writer)
    world.say("twin", target, "the exercise")
    before = len(world.service.promotions)
    for wanted, seconds in (("proceed", PEACE_SECONDS), ("nothing", REHOMES_WITHIN - PEACE_SECONDS)):
        execution = world.people.ask(SWITCHOVER, target, by="the exercise")
        world.clock.run(seconds)
        assert execution is not None
        outcome = execution.results.get("assess", {}).get("outcome")
        if (execution.status, outcome) != ("SUCCEEDED", wanted):
            ended = f"{execution.ended.error} {execution.ended.cause}"
            faulty.append(f"a switchover is to {wanted}: {execution.said}: {execution.status}, {outcome} {ended}")
    promotions = world.service.promotions[before:]
    faulty += [f"nobody needed the {one.verb} to {one.target} after the exercise" for one in promotions[1:]]
    if world.watch.answers != (target,):
        faulty.append(f"DNS answers {world.watch.answers} after a switchover to {target}")
    world.watch.silent[target] = 1
    world.say("twin", target, "the probe falls silent")
    world.clock.run(world.shape.budget.of("dns") + 60)
    if world.watch.answers != (target,):
        faulty.append(
            f"DNS answers {world.watch.answers} when the probe of {target} is silent, {REHOMES_WITHIN} s later"
        )
