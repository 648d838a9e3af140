"""Systems that are broken on purpose: each must break the invariant that it is there for, and the sound one none.

One plan each, in a few variations of the service's habits and of chance, and for most of them the random seeds as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from recovery.signals import FAILOVER, SWITCHOVER

from . import mutants
from .faults import Fault
from .invariants import judge
from .mutants import SOUND, Mutant
from .names import A, B
from .run import Plan, planned, play, whole
from .service import Habits
from .shape import Shape
from .world import World

SEEDS = range(2)


def _asked(at: float, verb: str = FAILOVER, target: str = B) -> Fault:
    what = {"verb": verb, "target": target, "accept": True, "approval": False, "by": "a person"}
    return Fault(at, "asked", what)


def _away(name: str, lasts: float, at: float = 100) -> Fault:
    return Fault(at, name, {"region": A}, lasts)


ENDPOINT = Shape(probe="endpoint")
METRIC = Shape(probe="metric")
NO_ANSWER = Fault(
    0, "trouble",
    {"service": "rds", "method": "failover_global_cluster", "region": B, "kind": "unanswered", "left": 1}, 900,
)  # fmt: skip
BEHIND = Fault(10, "behind", {"region": B, "seconds": 40}, 1200)
STUBBORN = Habits(fences=False, rejoins=900)

CONTROLS: dict[str, tuple[Mutant, str, Plan]] = {
    "a proof that always holds": (
        mutants.AlwaysHealthy(), "I5", Plan(METRIC, Habits(), (_away("lost", 1000), _asked(500))),
    ),
    "a failover without AllowDataLoss": (
        mutants.WithoutDataLoss(), "I6", Plan(METRIC, Habits(), (_away("lost", 1000), _asked(300))),
    ),
    "a failover without AllowDataLoss, of a region that is only slow": (
        mutants.WithoutDataLoss(), "I8", Plan(METRIC, Habits(), (_away("slow", 1000), _asked(300))),
    ),
    "a promotion sent to the lost region": (
        mutants.ToTheLostRegion(), "I8", Plan(METRIC, Habits(), (_away("cut off", 1000), _asked(300))),
    ),
    "names that move before the promotion": (
        mutants.MovesEarly(), "I5", Plan(ENDPOINT, Habits(takes=120), (_away("lost", 1000), _asked(300))),
    ),
    "silence that counts as healthy": (
        mutants.SilenceIsHealthy(), "I4",
        Plan(METRIC, Habits(), (_away("probe silent", 1200, 235), _asked(250, SWITCHOVER))),
    ),
    "no marker, and a zombie": (
        mutants.WithoutMarker(), "I4", Plan(ENDPOINT, STUBBORN, (_away("lost", 120), _asked(130))),
    ),
    "home that does not follow": (mutants.WithoutRehoming(), "I6", Plan(METRIC, Habits(), (), 60)),
    "a lease without its condition": (
        mutants.LeaseWithoutCondition(), "I7",
        Plan(METRIC, Habits(), (_away("lost", 1000), _asked(300), _asked(303))),
    ),
    "a promotion that is asked for again": (
        mutants.Repeats(), "I7", Plan(METRIC, STUBBORN, (_away("hung", 1000), NO_ANSWER, _asked(300))),
    ),
    "a loss that is not shown": (
        mutants.ShowsNoLoss(), "I2",
        Plan(METRIC, Habits(), (BEHIND, _away("lost", 1000), _asked(300))),
    ),
    "a fence that only revokes a rule": (
        mutants.FenceIsARule(), "I3", Plan(METRIC, STUBBORN, (_away("isolated", 1000), _asked(300))),
    ),
}  # fmt: skip


def _broken(plan: Plan, mutant: Mutant, seed: int) -> set[str]:
    return {each.name for each in judge(play(plan, seed, mutant))}


@pytest.mark.parametrize("name", CONTROLS)
def test_a_system_that_is_broken_on_purpose_is_found_out(name: str) -> None:
    mutant, invariant, plan = CONTROLS[name]
    found = [_broken(plan, mutant, seed) for seed in SEEDS]
    assert any(invariant in each for each in found), (mutant.__doc__, found)


@pytest.mark.parametrize("name", CONTROLS)
def test_the_sound_system_breaks_nothing_in_the_same_plans(name: str) -> None:
    _, _, plan = CONTROLS[name]
    for seed in SEEDS:
        world = play(replace(plan, shape=replace(plan.shape, strict=seed == 0)), seed, SOUND)
        broken = judge(world)
        assert not broken, f"{broken}\n{world.story}"


@pytest.mark.parametrize(
    ("mutant", "invariant"),
    [
        (mutants.AlwaysHealthy(), "I5"),
        (mutants.WithoutDataLoss(), "I8"),
        (mutants.ToTheLostRegion(), "I8"),
        (mutants.MovesEarly(), "I5"),
        (mutants.WithoutRehoming(), "I6"),
        (mutants.LeaseWithoutCondition(), "I7"),
        (mutants.FenceIsARule(), "I3"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Mutant) else value,
)
def test_random_seeds_find_it_out_as_well(mutant: Mutant, invariant: str) -> None:
    for seed in range(30):
        if invariant in _broken(planned(seed, strict=False), mutant, seed):
            return
    pytest.fail(f"thirty seeds do not find out: {mutant.__doc__}")


def _nothing_is_written(world: World) -> None:
    world.servers[world.service.writer].log.clear()


def _nobody_asked(world: World) -> None:
    world.service.accepted.append((world.clock.now, FAILOVER, A, A))


def _told_twice(world: World) -> None:
    world.cloud.messages.append(world.cloud.messages[-1])


def _still_running(world: World) -> None:
    next(world.executions()).status = "RUNNING"
    world.record.exercise.extend(whole(world))


@pytest.mark.parametrize(
    ("tamper", "invariant"),
    [(_nothing_is_written, "I1"), (_nobody_asked, "I9"), (_told_twice, "I10"), (_still_running, "I6")],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_record_that_is_tampered_with_is_found_out(tamper: Callable[[World], None], invariant: str) -> None:
    world = play(Plan(METRIC, Habits(), (), 60))
    assert not judge(world)
    tamper(world)
    assert {each.name for each in judge(world)} == {invariant}
