"""The writer proof against a real primary and a real streaming replica."""

from __future__ import annotations

import time

import pytest
from prove_writer import run
from rounds import Clock
from state import StateTable, item_view
from world import FRANKFURT, IRELAND, World, reader_host, writer_host

from recovery import signals


def test_a_writer_is_proved_by_a_row_that_is_really_there(world: World) -> None:
    region = world.active(IRELAND)
    line = world.once(world.probe(IRELAND))
    assert line["own"]["word"] == "proved"
    assert line["own"]["value"] == 1
    rows = region.server.execute("SELECT region, beat > now() - interval '1 minute' FROM dr.heartbeat", database="app")
    assert rows == [[IRELAND, True]]


def test_each_proof_writes_a_row_of_its_own(world: World) -> None:
    region = world.active(IRELAND)
    probe = world.probe(IRELAND)
    tokens = set()
    for _ in range(2):
        world.once(probe)
        tokens.add(str(region.server.execute("SELECT token FROM dr.heartbeat", database="app")))
    assert len(tokens) == 2


def test_a_replica_answers_that_it_is_not_the_writer(world: World) -> None:
    source = world.active(IRELAND)
    world.once(world.probe(IRELAND))
    standby = world.standby(FRANKFURT, source)
    world.caught_up(source, standby)
    line = world.once(world.probe(FRANKFURT))
    assert line["own"]["value"] == 0
    assert line["own"]["role"] == "replica"
    assert line["own"]["reason"] == "replica: not the writer; no writer endpoint"
    assert 0 <= line["own"]["lag_seconds"] < 60
    assert world.cloud.published(FRANKFURT)[(signals.WRITER_PROOF, FRANKFURT)] == 0


def test_a_replica_behind_a_writer_endpoint_that_resolves_is_not_the_writer_either(world: World) -> None:
    standby = world.standby(FRANKFURT, world.active(IRELAND))
    world.directory[writer_host(FRANKFURT)] = standby.door.address
    line = world.once(world.probe(FRANKFURT))
    assert (line["own"]["value"], line["own"]["role"]) == (0, "replica")
    assert "no heartbeat to read (none was ever written)" in line["own"]["reason"]


def test_a_promotion_between_two_probes_turns_0_into_1(world: World) -> None:
    standby = world.standby(FRANKFURT, world.active(IRELAND))
    probe = world.probe(FRANKFURT)
    before = world.once(probe)["own"]
    world.promote(standby)
    after = world.once(probe)["own"]
    assert (before["value"], after["value"]) == (0, 1)


def test_a_promoted_server_without_its_endpoint_is_no_writer_for_anyone(world: World) -> None:
    standby = world.standby(FRANKFURT, world.active(IRELAND))
    standby.server.promote()
    line = world.once(world.probe(FRANKFURT))
    assert (line["own"]["value"], line["own"]["role"], line["own"]["word"]) == (0, "writer", "name")


def test_lag_grows_while_a_replica_does_not_replay(world: World) -> None:
    source = world.active(IRELAND)
    world.once(world.probe(IRELAND))
    standby = world.standby(FRANKFURT, source)
    standby.server.execute("SELECT pg_wal_replay_pause()")
    source.server.execute("UPDATE dr.heartbeat SET beat = beat + interval '1 hour'", database="app")
    probe = world.probe(FRANKFURT)
    first = world.once(probe)["own"]["lag_seconds"]
    second = world.once(probe)["own"]["lag_seconds"]
    assert 0 < first < second < 60  # the hour has not arrived
    assert world.cloud.published(FRANKFURT)[(signals.HEARTBEAT_AGE, FRANKFURT)] == second


def test_a_heartbeat_from_the_future_is_published_as_it_is_and_mentioned(world: World) -> None:
    source = world.active(IRELAND)
    world.once(world.probe(IRELAND))
    source.server.execute("UPDATE dr.heartbeat SET beat = beat + interval '90 s'", database="app")
    world.standby(FRANKFURT, source)
    own = world.once(world.probe(FRANKFURT))["own"]
    assert own["lag_seconds"] < -5, "no small lag: the clocks disagree, and who decides must know"
    assert "s in the future: clocks differ" in own["reason"]


def test_the_heartbeat_of_a_replica_is_another_regions_never_its_own(world: World) -> None:
    source = world.active(IRELAND)
    world.once(world.probe(IRELAND))
    source.server.execute(
        f"INSERT INTO dr.heartbeat VALUES ('{FRANKFURT}', gen_random_uuid(), now() + interval '1 day')",
        database="app",
    )
    world.standby(FRANKFURT, source)
    assert "future" not in world.once(world.probe(FRANKFURT))["own"]["reason"]


def test_the_read_back_accepts_the_newer_row_of_an_overlapping_probe(world: World) -> None:
    """The newer row is written by a trigger here, between the probe's write and its read."""
    region = world.active(IRELAND)
    region.server.execute(
        "CREATE FUNCTION overlap() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
        " UPDATE dr.heartbeat SET token = gen_random_uuid(), beat = beat + interval '1 s'; RETURN NULL;"
        " END $$",
        database="app",
    )
    region.server.execute(
        "CREATE TRIGGER overlap AFTER INSERT ON dr.heartbeat WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION overlap()",
        database="app",
    )
    assert world.once(world.probe(IRELAND))["own"]["word"] == "proved"


def test_a_row_that_is_gone_after_its_commit_is_no_proof(world: World) -> None:
    """The write is acknowledged, and a trigger takes the row away again within the same transaction."""
    region = world.active(IRELAND)
    region.server.execute(
        "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        " $$ BEGIN DELETE FROM dr.heartbeat; RETURN NULL; END $$",
        database="app",
    )
    region.server.execute("CREATE TRIGGER lose AFTER INSERT ON dr.heartbeat EXECUTE FUNCTION lose()", database="app")
    own = world.once(world.probe(IRELAND))["own"]
    assert (own["value"], own["word"], own["role"]) == (0, "read-back", "writer")


@pytest.mark.parametrize("own_view", ["proof", "replica"])
def test_the_newest_view_is_in_the_table_and_says_how_long_it_holds(world: World, own_view: str) -> None:
    name = IRELAND
    source = world.active(IRELAND)
    if own_view == "replica":
        world.standby(FRANKFURT, source)
        name = FRANKFURT
    before = int(time.time() * 1000)
    world.once(world.probe(name, interval=4, step=1))
    answer = world.cloud("dynamodb", name).get_item(
        TableName=f"dr-x-{name}-state",
        Key={"kind": {"S": "view"}, "name": {"S": f"{name}#{name}"}},
    )
    view = item_view(answer["Item"])
    assert view.writer is (own_view == "proof")
    assert view.valid_until_ms == view.at_ms + 13_000
    assert before <= view.at_ms <= int(time.time() * 1000)
    assert answer["Item"]["writer"] == {"BOOL": view.writer}  # the endpoint's query compares these
    assert "N" in answer["Item"]["valid_until_ms"]


def test_both_resolutions_are_published_in_one_call(world: World) -> None:
    world.active(IRELAND)
    world.once(world.probe(IRELAND, [FRANKFURT]))
    ((place, request),) = world.cloud.metrics
    resolutions = {datum["MetricName"]: datum["StorageResolution"] for datum in request["MetricData"]}
    assert place == IRELAND
    assert request["Namespace"] == "DisasterRecovery/x"
    assert resolutions[signals.WRITER_PROOF] == 60  # the only one that Route 53 reads (trap 28)
    assert resolutions[signals.WRITER_PROOF_FAST] == 1


def test_a_dry_run_looks_once_and_says_nothing_to_anyone(world: World) -> None:
    world.active(IRELAND)
    answer = run(world.probe(IRELAND), {"dry_run": True}, lambda: 60.0)
    assert answer["own"]["word"] == "proved"
    assert (answer["rounds"], answer["published"]) == (1, False)
    assert world.cloud.metrics == []
    assert StateTable(world.cloud("dynamodb", IRELAND), f"dr-x-{IRELAND}-state").views() == []


def test_the_log_line_says_how_long_each_step_took(world: World) -> None:
    world.active(IRELAND)
    run(world.probe(IRELAND), {"dry_run": True}, lambda: 60.0)
    (line,) = world.lines
    assert list(line["own"]["seconds"]) == ["name", "connect", "tls", "sign-in", "role", "write", "read-back"]
    assert line["event"] == "proof"


def test_the_probes_of_a_minute_run_until_the_time_is_up(world: World) -> None:
    """Real rounds under a clock that jumps when it is asked to sleep."""
    world.active(IRELAND)
    passed = [0.0]
    started = time.monotonic()

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    clock = Clock(monotonic=lambda: time.monotonic() - started + passed[0], sleep=sleep)
    probe = world.probe(IRELAND, interval=10, step=3, clock=clock)
    answer = run(probe, {}, lambda: 75.0 - clock.monotonic())
    assert answer["rounds"] == 6
    assert len(world.lines) == 6
    assert len(world.cloud.metrics) == 6


def test_no_name_at_all_is_a_0_with_both_reasons(world: World) -> None:
    own = world.once(world.probe(IRELAND))["own"]
    assert (own["value"], own["role"], own["reached"]) == (0, "unknown", False)
    assert own["reason"].startswith("name: ")
    assert "through the reader endpoint: name" in own["reason"]
    assert reader_host(IRELAND) not in world.directory
