"""Stories that the simulation found, shortened to what they need: each broke an invariant once."""

from __future__ import annotations

import pytest

from recovery.signals import FAILOVER, SWITCHOVER

from .faults import Fault
from .invariants import judge
from .names import A, B, C, W
from .network import REPLICATION
from .run import Plan, play
from .service import Habits
from .shape import Shape
from .world import World


def _asked(at: float, target: str, verb: str = FAILOVER, accept: bool = True) -> Fault:
    what = {"verb": verb, "target": target, "accept": accept, "approval": False, "by": "a person"}
    return Fault(at, "asked", what)


def _verbs(world: World) -> list[tuple[str, str]]:
    """Return the promotions before the exercise."""
    return [(each.verb, each.target) for each in world.service.promotions if each.at_ms < world.record.settled_ms]


@pytest.mark.parametrize("interval", [10, 30])
@pytest.mark.parametrize("early", [0, 25, -25])
@pytest.mark.parametrize("at", range(0, 60, 20))
def test_a_switchover_back_is_not_taken_for_a_loss(interval: int, early: float, at: int) -> None:
    """The region that hands over has only heartbeats from before its own time as the writer, minutes old.

    Until the new writer's first one arrives, it and its views say "not the writer": that is no loss, or an automatic
    failover would undo the switchover.
    """
    shape = Shape(
        witnesses=(W,), mode="automatic", probe="endpoint", interval=interval, notice_seconds=70, rpo_seconds=70
    )
    faults = (_asked(60, B, SWITCHOVER), _asked(600 + at, A, SWITCHOVER))
    world = play(Plan(shape, Habits(takes=30, early=early), faults, 1200))
    assert not [each for each in world.cloud.messages if "looks lost" in each.subject], str(world.story)
    assert _verbs(world) == [(SWITCHOVER, B), (SWITCHOVER, A)], str(world.story)
    assert not judge(world), str(world.story)


def test_a_region_that_was_taken_over_from_stays_marked_when_the_writer_has_moved_on() -> None:
    """B took over from A and handed over to C; A comes back and believes to be the writer."""
    shape = Shape(data_regions=(A, B, C), mode="automatic", probe="endpoint", notice_seconds=70)
    links = [(REPLICATION, *way) for other in (B, C) for way in ((A, other), (other, A))]
    faults = (
        Fault(60, "lost", {"region": A}, 640),
        Fault(60, "cut", {"links": links}, 1300),
        _asked(400, C, SWITCHOVER),
    )
    world = play(Plan(shape, Habits(rejoins=30), faults, 1500))
    assert _verbs(world) == [(FAILOVER, B), (SWITCHOVER, C)], str(world.story)
    assert not judge(world), str(world.story)


def test_what_a_message_said_to_do_about_a_loss_moves_no_writer_that_was_found_meanwhile() -> None:
    """Two people are told by B that A looks lost: one fails over to C, the other does as told, minutes later."""
    shape = Shape(data_regions=(A, B, C), probe="endpoint", notice_seconds=70)
    faults = (Fault(60, "lost", {"region": A}, 1200), _asked(150, C))

    def second(world: World) -> None:
        world.people.idle = True  # nobody else does anything about it

        def follow() -> None:
            (message,) = [each for each in world.cloud.messages if each.subject.endswith(f"{A} looks lost")]
            world.people.follow(message)

        world.clock.after(400, follow)

    world = play(Plan(shape, Habits(rejoins=30), faults, 1300), prepare=second)
    assert _verbs(world) == [(FAILOVER, C)], str(world.story)


@pytest.mark.parametrize("seconds", [120, -120])
def test_the_bound_on_the_loss_is_off_by_no_more_than_the_clocks_are(seconds: int) -> None:
    """A's clock is off, B is two minutes behind, A is lost: what is shown is an age between two clocks."""
    faults = (
        Fault(10, "clock", {"region": A, "seconds": seconds}, 1200),
        Fault(20, "behind", {"region": B, "seconds": 130}, 1200),
        Fault(400, "lost", {"region": A}, 600),
        _asked(600, B),
    )
    world = play(Plan(Shape(probe="endpoint"), Habits(), faults, 1200))
    assert (FAILOVER, B) in _verbs(world) and world.service.promotions[0].missing, str(world.story)
    assert not judge(world), str(world.story)


def test_a_recovery_that_was_killed_once_its_promotion_was_taken_leaves_no_zombie_answered() -> None:
    """The call was taken, the execution died before it wrote the marker; A is cut off, well, and home."""
    shape = Shape(probe="endpoint")
    faults = (
        Fault(0, "kill", {"state": "Promote", "moment": "during"}),
        Fault(60, "cut off", {"region": A}, 1100),
        _asked(150, B),
    )
    world = play(Plan(shape, Habits(), faults, 1200), prepare=lambda world: setattr(world.people, "idle", True))
    assert _verbs(world)[:1] == [(FAILOVER, B)]
    assert not {each.name for each in judge(world)} & {"I3", "I4"}, str(world.story)


def test_a_region_that_becomes_the_writer_again_behind_its_own_fence_is_let_out() -> None:
    """B fenced A and took over; A follows on a new volume, its probe silent, and takes over before it is let out.

    Then neither can prove anything: A's fence keeps its probe out, and B was fenced by the failover back.
    """
    shape = Shape(probe="endpoint", mode="approval")
    faults = (
        Fault(60, "killed", {"region": A}, 300),
        Fault(240, "probe silent", {"region": A}, 700),
        _asked(150, B),
        _asked(400, A),
    )
    world = play(
        Plan(shape, Habits(rejoins=200), faults, 1300), prepare=lambda world: setattr(world.people, "idle", True)
    )
    assert _verbs(world)[:2] == [(FAILOVER, B), (FAILOVER, A)], str(world.story)
    assert not judge(world), str(world.story)
