"""Notice, after a failover: what holds the old region back is written where it is owed, and lifted in order."""

from __future__ import annotations

from collections.abc import Iterator

import notice
import pytest
from desk import Desk
from moto import mock_aws
from recovery_world import AWAY, HERE
from stage import Stage

from recovery.signals import FENCE, SUPERSEDED_ITEM


@pytest.fixture(autouse=True)
def emulated() -> Iterator[None]:
    with mock_aws():
        yield


def test_after_a_failover_the_fence_goes_first_and_the_marker_when_the_old_region_speaks() -> None:
    desk = Desk()
    desk.stage.service.synchronisation[AWAY] = "pending-resync"
    desk.stage.start()
    assert desk.look(120) == [] and desk.stage.fenced == {AWAY}
    desk.stage.service.synchronisation[AWAY] = "connected"
    assert desk.look(60) == [f"fence of {AWAY} lifted: {AWAY} replicates again; its own probe has not said so yet"]
    assert desk.stage.fenced == set() and desk.stage.markers == (AWAY,)
    desk.stage._see(AWAY, AWAY, "replica", lag=1.0)
    assert desk.look() == [f"marker of {AWAY} lifted: {AWAY} is a confirmed replica"]
    assert not desk.stage.table.superseded()
    assert f"make {HERE} home" in desk.messages[-1]["Message"]
    assert f"python -m generator switchover ENV --to {AWAY}" in desk.messages[-1]["Message"]
    assert desk.look(60) == []


def test_a_zombie_does_not_get_its_marker_lifted() -> None:
    desk = Desk()
    desk.stage.start()
    desk.stage.clock.wait(120)
    desk.stage._see(AWAY, AWAY, "writer")
    desk.look()
    assert desk.stage.markers == (AWAY,)


def test_a_fence_that_a_killed_recovery_left_behind_is_taken_away() -> None:
    desk = Desk(stage=Stage(alive=True, kill=("Promote", "before")))
    desk.stage.start("killed")
    assert desk.stage.fenced == {AWAY}
    desk.stage.running["killed"] = "RUNNING"
    desk.look(65)
    assert desk.stage.fenced == {AWAY}, "its recovery may still be at it"
    desk.stage.running["killed"] = "ABORTED"
    assert "its recovery ended before the promotion" in desk.look(10)[0]
    assert desk.stage.fenced == set() and desk.stage.table.get(FENCE, AWAY) is None
    assert f"the fence on {AWAY} is lifted" in desk.messages[-1]["Subject"]


def test_a_fence_is_not_taken_away_on_a_description_that_may_lag_behind_a_call_that_was_taken() -> None:
    desk = Desk(stage=Stage(alive=True, kill=("Promote", "before")))
    desk.stage.start("killed")
    desk.look(30)
    assert desk.stage.fenced == {AWAY}


def test_a_marker_that_a_killed_recovery_did_not_come_to_write_is_written_and_not_twice() -> None:
    desk = Desk(stage=Stage(kill=("Promote", "after")))
    desk.stage.start("killed")
    desk.stage.running["killed"] = "RUNNING"
    desk.look(30)
    assert desk.stage.service.writer == HERE and desk.stage.fenced == {AWAY}
    assert list(desk.stage.markers) == [], "its own execution is at it"
    desk.stage.running["killed"] = "ABORTED"
    desk.look(30)
    assert desk.stage.markers == (AWAY,)
    marked = desk.stage.table.get(SUPERSEDED_ITEM, AWAY)
    desk.look(30)
    assert desk.stage.table.get(SUPERSEDED_ITEM, AWAY) == marked
    desk.stage._see(AWAY, AWAY, "writer")
    desk.look()
    assert desk.stage.markers == (AWAY,), "a zombie stays marked"


def given_up() -> Desk:
    """Return the desk after a failover that the service took and then did not carry out."""
    desk = Desk()
    desk.stage.service.obeys = False
    assert desk.stage.start().error == "NotConfirmed"
    assert desk.stage.fenced == {AWAY} and desk.stage.markers == (AWAY,)
    return desk


def test_a_failover_that_the_service_gives_up_leaves_nothing_behind_and_says_so_once() -> None:
    desk = given_up()
    done = desk.look(60)
    assert [one.split(":")[0] for one in done if "lifted" in one] == [
        f"fence of {AWAY} lifted", f"marker of {AWAY} lifted",
    ]  # fmt: skip
    assert desk.stage.fenced == set() and desk.stage.markers == () and desk.stage.table.get(FENCE, AWAY) is None
    told = [one["Subject"] for one in desk.messages if "lifted" in one["Subject"]]
    assert told == [f"[example] the fence on {AWAY} is lifted: it was not taken over from",
                    f"[example] the marker on {AWAY} is lifted: it was not taken over from"]  # fmt: skip
    assert not [one for one in desk.look(60) if "lifted" in one]


def test_the_same_failover_can_be_started_again_after_it_was_given_up() -> None:
    desk = given_up()
    desk.look(60)
    desk.stage.service.obeys = True
    assert desk.stage.start("second").status == "SUCCEEDED"
    assert desk.stage.service.writer == HERE and desk.stage.fenced == {AWAY} and desk.stage.markers == (AWAY,)


def test_a_promotion_that_is_still_going_on_after_the_machine_has_ended_keeps_fence_and_marker() -> None:
    desk = Desk()
    desk.stage.service.takes_seconds = 1200
    assert desk.stage.start().error == "NotConfirmed"
    for _ in range(3):
        assert not [one for one in desk.look(60) if "lifted" in one]
    assert desk.stage.fenced == {AWAY} and desk.stage.markers == (AWAY,)


def test_a_region_that_really_was_taken_over_from_keeps_its_marker_though_the_description_goes_back() -> None:
    desk = Desk()
    desk.stage.start()
    desk.stage.clock.wait(900)
    desk.stage.service.writer = AWAY  # stale: this region's own database still takes writes
    desk.stage._see(HERE, HERE, "writer")
    notice.run(desk.made(), {})
    assert desk.stage.markers == (AWAY,) and desk.stage.fenced == {AWAY}
