"""Switchover and failover between real servers: what is promoted, what is lost, and what is shown meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import pytest
from pg8000.exceptions import DatabaseError

from tests.cloud.databases_world import DEADLINE, FRANKFURT, IRELAND, MILAN, GlobalDatabase, Load, until
from twin.cloud.databases.fleet import Timing
from twin.cloud.databases.lines import CUT
from twin.cloud.journal import JOURNAL
from twin.passage import Faults
from twin.postgres import Yard


@pytest.fixture(scope="module")
def yard() -> Iterator[Yard]:
    with Yard() as opened:
        yield opened


@pytest.fixture(scope="module")
def three(yard: Yard, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GlobalDatabase]:
    with GlobalDatabase(yard, tmp_path_factory.mktemp("three"), IRELAND, FRANKFURT, MILAN) as made:
        yield made


@pytest.fixture
def world(three: GlobalDatabase) -> Iterator[GlobalDatabase]:
    """Three regions, with Ireland as the writer and nothing broken."""
    three.states.clear()
    three.fleet.timing = Timing(zombie=0.0, catch_up=30.0, completes=0.1)
    yield three
    for pair in ((IRELAND, "*"), ("*", FRANKFURT), ("*", MILAN)):
        three.fleet.lines.set(*pair, Faults())
    three.fleet.mend()
    for each in three.fleet.standing():
        each.down = False
        if each.server.state == "suspended":
            each.server.resume()
        elif not each.server.running:
            each.server.start()
    until(lambda: three.settled(three.writer.region))
    if three.writer.region != IRELAND:
        three.swap(IRELAND).join()
        until(lambda: three.settled(IRELAND), 2 * DEADLINE)
    three.writer.server.execute("DELETE FROM kept", database="app")
    until(lambda: all(three.has(each) for each in (IRELAND, FRANKFURT, MILAN)))


def diverged_rows(world: GlobalDatabase, region: str) -> set[int]:
    kept = world[region].kept
    assert kept is not None
    kept.start()
    try:
        return {row for (row,) in kept.execute("SELECT id FROM kept", database="app")}
    finally:
        kept.stop()


def test_switchovers_there_and_back_lose_nothing_under_load_and_all_follow(world: GlobalDatabase) -> None:
    """Several times over: one promotion each; timelines, slots and lines stay whole (fault 38c)."""
    before = world[IRELAND].look().timeline
    with Load(world) as load:
        for target in (FRANKFURT, IRELAND, FRANKFURT):
            world.swap(target).join()
            until(partial(world.settled, target), 2 * DEADLINE)  # the next one is refused until all follow
            load.goes_on()
    assert load.acknowledged <= world.rows(FRANKFURT)
    assert world[FRANKFURT].look().timeline == before + 3
    assert set(world.states) == {"pending", "switching-over", ""}
    slots = {
        each.region: each.server.execute("SELECT count(*) FROM pg_replication_slots") for each in world.fleet.standing()
    }
    assert slots == {FRANKFURT: [[2]], IRELAND: [[0]], MILAN: [[0]]}


def test_sessions_of_the_old_writer_end_and_its_writer_endpoint_leads_nowhere(world: GlobalDatabase) -> None:
    session = world[IRELAND].server.session(database="app")
    world.swap(FRANKFURT).join()
    with pytest.raises(Exception, match=r"terminat|closed|network|reset"):
        session.run("INSERT INTO kept VALUES (1)")
    hosts = world.fleet.doors.seen("functions")[MILAN]
    assert world[IRELAND].cluster.writer_host not in hosts
    assert world[FRANKFURT].cluster.writer_host in hosts
    assert world[IRELAND].cluster.reader_host in hosts
    assert world[IRELAND].server.execute("SELECT pg_is_in_recovery()") == [[True]]


def test_a_long_transaction_does_not_hold_a_switchover_up(world: GlobalDatabase) -> None:
    session = world[IRELAND].server.session(database="app")
    session.run("BEGIN")
    session.run("INSERT INTO kept VALUES (7)")
    world.swap(FRANKFURT).join()
    assert world.roles()[FRANKFURT] == "writer"
    assert world.rows(FRANKFURT) == set()


def test_a_switchover_whose_target_does_not_catch_up_is_cancelled_and_the_old_writer_writes_again(
    world: GlobalDatabase,
) -> None:
    world.fleet.timing = Timing(catch_up=0.5)
    world[FRANKFURT].server.execute("SELECT pg_wal_replay_pause()")
    world.swap(FRANKFURT).join()
    world[FRANKFURT].server.execute("SELECT pg_wal_replay_resume()")
    assert world.states == ["pending", "switching-over", "cancelling", ""]
    assert world.roles() == {IRELAND: "writer", FRANKFURT: "replica", MILAN: "replica"}
    world.write(IRELAND, 1)
    with Load(world, first=10):
        pass  # over the network too


def test_a_switchover_is_cancelled_while_pending_when_the_old_writer_does_not_answer(world: GlobalDatabase) -> None:
    """It needs both healthy, so it is no way out of a disaster (trap 1)."""
    world[IRELAND].server.suspend()
    world.swap(FRANKFURT).join()
    assert world.states == ["pending", "cancelling", ""]
    assert world.roles()[FRANKFURT] == "replica"


@pytest.mark.parametrize("end", ["kill", "suspend"])
def test_a_failover_promotes_at_once_whatever_the_old_writer_does(world: GlobalDatabase, end: str) -> None:
    world.write(IRELAND, 1)
    until(lambda: world.has(FRANKFURT, 1) and world.has(MILAN, 1))
    if end == "kill":
        world[IRELAND].down = True
        world[IRELAND].server.kill()
    else:
        world[IRELAND].server.suspend()
    world.swap(FRANKFURT, lossy=True).join(10)
    assert world.states == ["pending", "failing-over", ""]
    assert world.roles() == {IRELAND: "none", FRANKFURT: "writer", MILAN: "replica"}
    world.write(FRANKFURT, 2)
    until(lambda: world.has(MILAN, 1, 2))
    assert world.synchronised[IRELAND] == "pending-resync"


def test_a_failover_blocks_writes_to_an_old_writer_that_it_can_reach(world: GlobalDatabase) -> None:
    with Load(world) as load:
        world.swap(FRANKFURT, lossy=True).join()
        load.goes_on()
    until(lambda: world.settled(FRANKFURT))
    unknown = load.acknowledged - world.rows(FRANKFURT)
    assert len(unknown) <= 5, unknown  # what was under way when the stream was cut; nothing after that


def test_a_writer_that_comes_back_goes_on_for_a_while_is_fenced_and_what_only_it_had_is_kept(
    world: GlobalDatabase,
) -> None:
    """Traps 8 and 34, faults 13, 14 and 38b."""
    world.fleet.timing = Timing(zombie=1.0)
    world.write(IRELAND, 1)
    until(lambda: world.has(FRANKFURT, 1))
    world.fleet.lines.set(IRELAND, "*", CUT)
    world.fleet.mend()
    world.write(IRELAND, 2)
    world[IRELAND].server.suspend()
    world.swap(FRANKFURT, lossy=True).join()
    world.write(FRANKFURT, 3)
    world.fleet.lines.set(IRELAND, "*", Faults())
    world.fleet.mend()
    world[IRELAND].server.resume()
    assert world.roles()[IRELAND] == "writer"
    world.write(IRELAND, 4)
    hosts = world.fleet.doors.seen("application")[IRELAND]
    assert {world[each].cluster.writer_host for each in (IRELAND, FRANKFURT)} <= set(hosts)
    until(lambda: world.settled(FRANKFURT))
    assert world.rows(IRELAND) == world.rows(FRANKFURT) == {1, 3}
    assert diverged_rows(world, IRELAND) == {1, 2, 4}
    parted = world[IRELAND].diverged
    assert parted is not None
    assert world[IRELAND].server.execute(f"SELECT '{parted['lsn']}'::pg_lsn < '{parted['end']}'::pg_lsn") == [[True]]
    assert "takes itself for the writer" in [each["what"] for each in JOURNAL.after() if each["region"] == IRELAND]
    assert world.synchronised[IRELAND] == "connected"


def test_a_killed_writer_that_is_started_again_is_rewound(world: GlobalDatabase) -> None:
    world.fleet.lines.set(IRELAND, "*", CUT)
    world.fleet.mend()
    world.write(IRELAND, 1)
    world[IRELAND].down = True
    world[IRELAND].server.kill()
    world.swap(FRANKFURT, lossy=True).join()
    world.fleet.lines.set(IRELAND, "*", Faults())
    world.fleet.mend()
    world[IRELAND].server.start()
    world[IRELAND].down = False
    number = JOURNAL.after()[-1]["number"]
    until(lambda: world.settled(FRANKFURT))
    assert [each["detail"]["how"] for each in JOURNAL.after(number) if "how" in each["detail"]] == ["rewound"]
    assert world.rows(IRELAND) == set()


def test_a_member_that_cannot_be_rewound_is_copied_anew(world: GlobalDatabase) -> None:
    world.swap(FRANKFURT, lossy=True).join()
    until(lambda: world.settled(FRANKFURT))
    number = JOURNAL.after()[-1]["number"]
    (world[MILAN].server.data / "global" / "pg_control").rename(world[MILAN].server.data / "lost")
    world[MILAN].server.kill()
    world[MILAN].unfinished, world[MILAN].strayed = True, "its files are broken"
    until(lambda: world.settled(FRANKFURT))
    assert [each["detail"]["how"] for each in JOURNAL.after(number) if "how" in each["detail"]] == ["copied"]


def test_a_standby_that_was_further_than_the_new_writer_gives_up_what_it_has_more(world: GlobalDatabase) -> None:
    world.fleet.lines.set("*", FRANKFURT, CUT)
    world.fleet.mend()
    world.write(IRELAND, 1)
    until(lambda: world.has(MILAN, 1))
    world[IRELAND].down = True
    world[IRELAND].server.kill()
    world.swap(FRANKFURT, lossy=True).join()
    world.fleet.lines.set("*", FRANKFURT, Faults())
    world.fleet.mend()
    until(lambda: world.has(MILAN) and world[MILAN].look().streaming)


def test_a_standby_that_was_further_is_found_out_though_it_streams_over_and_over_what_it_has(
    world: GlobalDatabase,
) -> None:
    """PostgreSQL asks for the whole segment again, gets it up to where the histories part, and is told to stop."""
    world.fleet.lines.set("*", FRANKFURT, CUT)
    world.fleet.lines.set("*", MILAN, Faults(delay=0.15))
    world.fleet.mend()
    world.write(IRELAND, 1)
    until(lambda: world.has(MILAN, 1))
    world[IRELAND].down = True
    world[IRELAND].server.kill()
    world.swap(FRANKFURT, lossy=True).join()
    world.fleet.lines.set("*", FRANKFURT, Faults())
    world.fleet.mend()
    until(lambda: world.has(MILAN) and world[MILAN].look().timeline == world[FRANKFURT].look().timeline, 10)


def test_a_switchover_to_a_standby_that_streams_another_history_is_cancelled(world: GlobalDatabase) -> None:
    world[MILAN].reached = world.writer.look().timeline + 1
    assert world[MILAN].look().streaming
    world.swap(MILAN).join()
    world[MILAN].reached = 0
    assert world.states == ["pending", "cancelling", ""]


def test_a_target_that_is_dead_leaves_everything_as_it_was(world: GlobalDatabase) -> None:
    """Fault 9."""
    world[FRANKFURT].down = True
    world[FRANKFURT].server.kill()
    world.swap(FRANKFURT, lossy=True).join()
    assert world.states == ["pending", "cancelling", ""]
    world.write(IRELAND, 1)


def test_a_promoted_server_waits_for_nobody_though_the_old_writer_did(world: GlobalDatabase) -> None:
    """Trap 54, fault 38d."""
    world[IRELAND].server.execute("ALTER SYSTEM SET synchronous_standby_names = 'somebody'")
    world.swap(FRANKFURT).join()
    assert world[FRANKFURT].server.execute("SHOW synchronous_standby_names") == [[""]]
    world.write(FRANKFURT, 1)


def test_replication_that_is_delayed_delivers_late_and_a_cut_one_goes_on_when_healed(world: GlobalDatabase) -> None:
    """Faults 7, 8 and 22: the lines of storage are no way of the network."""
    world.fleet.lines.set("*", FRANKFURT, Faults(delay=0.7))
    world.fleet.mend()
    begun = time.monotonic()
    world.write(IRELAND, 1)
    until(lambda: world.has(FRANKFURT, 1))
    assert time.monotonic() - begun >= 0.7
    world.fleet.lines.set("*", FRANKFURT, CUT)
    world.fleet.mend()
    until(lambda: not world[FRANKFURT].look().streaming)
    world.write(IRELAND, 2)
    world.fleet.lines.set("*", FRANKFURT, Faults())
    world.fleet.mend()
    until(lambda: world.has(FRANKFURT, 1, 2))


def test_a_replica_refuses_writes_by_25006(world: GlobalDatabase) -> None:
    with pytest.raises(DatabaseError, match="25006"):
        world.write(FRANKFURT, 1)
