"""Servers that die or stop in the middle of what the service does to them: they stay as they were left, and whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from tests.cloud.databases_world import FRANKFURT, IRELAND, GlobalDatabase, Load, until
from twin.cloud.databases.acts import do
from twin.cloud.databases.fleet import Timing
from twin.cloud.databases.lines import CUT
from twin.passage import Faults
from twin.postgres import PostgresError, Yard


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GlobalDatabase]:
    with Yard() as yard, GlobalDatabase(yard, tmp_path_factory.mktemp("two"), IRELAND, FRANKFURT) as made:
        made.fleet.timing = Timing(zombie=0.0)
        yield made


def act(world: GlobalDatabase, region: str, what: str) -> str:
    return do(world[region], what, world.fleet.doors, 0.0)


def test_a_writer_that_is_killed_in_the_middle_of_a_switchover_stays_dead_until_it_is_started_and_then_writes(
    world: GlobalDatabase,
) -> None:
    """The service gives the swap up; it starts nothing that a disaster has ended, and leaves no fence behind."""
    world.write(IRELAND, 1)
    until(lambda: world.has(FRANKFURT, 1))
    world.fleet.timing = Timing(catch_up=1.0)
    act(world, FRANKFURT, "pause")
    swap = world.swap(FRANKFURT)
    until(lambda: world[IRELAND].fenced)
    act(world, IRELAND, "kill")
    swap.join()
    assert world.states == ["pending", "switching-over", "cancelling", ""]
    assert world[IRELAND].server.state == "ended"
    act(world, FRANKFURT, "unpause")
    act(world, IRELAND, "start")
    with Load(world, first=10):
        until(lambda: world.settled(IRELAND))


def test_a_writer_that_could_not_be_fenced_takes_writes_when_it_goes_on_and_after_a_restart(
    world: GlobalDatabase,
) -> None:
    act(world, IRELAND, "suspend")
    assert not world[IRELAND].fence(0.3)
    act(world, IRELAND, "resume")
    with Load(world, first=10):
        pass
    act(world, IRELAND, "restart")
    with Load(world, first=20):
        pass


def test_a_member_that_is_killed_is_not_started_by_its_rebuilding(world: GlobalDatabase) -> None:
    act(world, FRANKFURT, "kill")
    with pytest.raises(PostgresError, match="was killed"):
        world.fleet.bring_back(world[FRANKFURT], world.writer)
    assert world[FRANKFURT].server.state == "ended"
    act(world, FRANKFURT, "start")
    until(lambda: world.settled(IRELAND))


def test_who_starts_a_member_that_was_killed_as_it_waited_for_its_stream_does_not_wait_for_that(
    world: GlobalDatabase,
) -> None:
    world.fleet.lines.set("*", FRANKFURT, CUT)
    world.fleet.mend()
    rebuilding = threading.Thread(target=_rebuild, args=(world,))
    rebuilding.start()
    until(lambda: world[FRANKFURT].unfinished)
    until(lambda: not world[FRANKFURT].unfinished)
    time.sleep(0.5)  # by now it waits
    act(world, FRANKFURT, "kill")
    began = time.monotonic()
    act(world, FRANKFURT, "start")
    assert time.monotonic() - began < 5
    rebuilding.join()
    world.fleet.lines.set("*", FRANKFURT, Faults())
    world.fleet.mend()
    until(lambda: world.settled(IRELAND))


def _rebuild(world: GlobalDatabase) -> None:
    with pytest.raises(PostgresError):
        world.fleet.bring_back(world[FRANKFURT], world.writer)
