"""What the probe sees of the partners, what it says of superseded regions, and what it can't say."""

from __future__ import annotations

import time
from typing import Any

from prove_writer import CALLS
from state import StateTable
from world import FRANKFURT, IRELAND, STOCKHOLM, World, writer_host

from recovery import signals
from twin.front_door import Faults


def table(world: World, region: str) -> StateTable:
    return StateTable(world.cloud("dynamodb", region), f"dr-x-{region}-state")


def said(world: World, region: str) -> dict[tuple[str, str], float]:
    return world.cloud.published(region)


def test_a_standby_sees_that_the_active_region_is_the_writer(world: World) -> None:
    world.standby(FRANKFURT, world.active(IRELAND))
    world.once(world.probe(FRANKFURT, [IRELAND]))
    assert said(world, FRANKFURT)[(signals.PARTNER_WRITER, IRELAND)] == 1
    assert said(world, FRANKFURT)[(signals.PARTNER_REACHED, IRELAND)] == 1
    views = {view.about: view for view in table(world, FRANKFURT).views(FRANKFURT)}
    assert (views[IRELAND].writer, views[IRELAND].reached, views[IRELAND].role) == (True, True, "writer")
    assert views[FRANKFURT].role == "replica"


def test_the_active_region_reaches_a_standby_that_is_no_writer(world: World) -> None:
    world.standby(FRANKFURT, world.active(IRELAND))
    world.once(world.probe(IRELAND, [FRANKFURT]))
    assert said(world, IRELAND)[(signals.PARTNER_WRITER, FRANKFURT)] == 0
    assert said(world, IRELAND)[(signals.PARTNER_REACHED, FRANKFURT)] == 1


def test_a_partner_is_asked_and_never_written_to(world: World) -> None:
    source = world.active(IRELAND)
    world.standby(FRANKFURT, source)
    world.once(world.probe(FRANKFURT, [IRELAND]))
    assert source.server.execute("SELECT count(*) FROM dr.heartbeat", database="app") == [[0]]


def test_a_lost_partner_gives_two_explicit_zeros(world: World) -> None:
    source = world.active(IRELAND)
    world.standby(FRANKFURT, source)
    source.door.break_(Faults(refuse=True))
    line = world.once(world.probe(FRANKFURT, [IRELAND]))
    assert said(world, FRANKFURT)[(signals.PARTNER_WRITER, IRELAND)] == 0
    assert said(world, FRANKFURT)[(signals.PARTNER_REACHED, IRELAND)] == 0
    assert line["partners"][IRELAND]["word"] == "connect"


def test_a_hung_partner_delays_no_round_beyond_one_step(world: World) -> None:
    source = world.active(IRELAND)
    world.standby(FRANKFURT, source)
    source.server.suspend()
    begun = time.monotonic()
    line = world.once(world.probe(FRANKFURT, [IRELAND]))
    assert time.monotonic() - begun < 2.5
    assert line["partners"][IRELAND]["word"] == "timeout"
    assert line["own"]["word"] == "replica"


def test_the_own_view_is_written_before_a_hung_partner_has_run_out_of_time(world: World) -> None:
    source = world.active(IRELAND)
    standby = world.standby(FRANKFURT, source)
    world.promote(standby)
    source.door.break_(Faults(silent=True))
    line = world.once(world.probe(FRANKFURT, [IRELAND], step=3, interval=12))
    own, partner = line["own"]["seconds"], line["partners"][IRELAND]["seconds"]
    assert sum(partner.values()) >= 3
    assert sum(own.values()) < 2
    puts = [call for call in world.cloud.calls if call[2] in ("PutItem", "PutMetricData")]
    assert puts[0] == (FRANKFURT, "dynamodb", "PutItem")


def test_the_own_proof_is_published_before_a_hung_partner_has_run_out_of_time_and_once(world: World) -> None:
    """A proof that arrives late may miss the minute that Route 53 looks at."""
    source = world.active(IRELAND)
    standby = world.standby(FRANKFURT, source)
    world.promote(standby)
    source.door.break_(Faults(silent=True))
    world.once(world.probe(FRANKFURT, [IRELAND], step=3, interval=12))
    first, second = ({datum["MetricName"] for datum in request["MetricData"]} for _, request in world.cloud.metrics)
    assert first == {signals.PROBED, signals.WRITER_PROOF, signals.WRITER_PROOF_FAST, signals.SUPERSEDED}
    assert second == {signals.PARTNER_WRITER, signals.PARTNER_REACHED}


def test_a_witness_looks_at_both_regions_and_claims_nothing_of_its_own(world: World) -> None:
    world.standby(FRANKFURT, world.active(IRELAND))
    line = world.once(world.probe(STOCKHOLM, [IRELAND, FRANKFURT], witness=True))
    assert line["own"] is None
    assert said(world, STOCKHOLM) == {
        (signals.PROBED, STOCKHOLM): 1,
        (signals.PARTNER_WRITER, IRELAND): 1,
        (signals.PARTNER_REACHED, IRELAND): 1,
        (signals.PARTNER_WRITER, FRANKFURT): 0,
        (signals.PARTNER_REACHED, FRANKFURT): 1,
    }
    assert [view.about for view in table(world, STOCKHOLM).views(STOCKHOLM)] == [FRANKFURT, IRELAND]


def test_a_token_is_signed_for_the_partners_own_region(world: World) -> None:
    source = world.active(IRELAND)
    world.standby(FRANKFURT, source)
    world.once(world.probe(FRANKFURT, [IRELAND]))
    assert source.log == []  # the front door in Ireland refused nothing


def test_every_other_region_is_said_not_to_be_superseded_in_peaceful_times(world: World) -> None:
    world.active(IRELAND)
    line = world.once(world.probe(IRELAND))
    assert said(world, IRELAND)[(signals.SUPERSEDED, FRANKFURT)] == 0
    assert (signals.SUPERSEDED, IRELAND) not in said(world, IRELAND)
    assert line["superseded"] == []


def test_a_superseded_region_is_said_to_be_one_while_the_marker_stands(world: World) -> None:
    world.active(IRELAND)
    probe = world.probe(IRELAND)
    table(world, IRELAND).put(signals.SUPERSEDED_ITEM, FRANKFURT, {"at_ms": 1})
    world.once(probe)
    marked = said(world, IRELAND)[(signals.SUPERSEDED, FRANKFURT)]
    (view,) = table(world, IRELAND).views(IRELAND)
    table(world, IRELAND).delete(signals.SUPERSEDED_ITEM, FRANKFURT)
    world.once(probe)
    assert (marked, said(world, IRELAND)[(signals.SUPERSEDED, FRANKFURT)]) == (1, 0)
    assert view.supersedes == (FRANKFURT,)


def test_markers_that_cannot_be_read_are_not_guessed(world: World) -> None:
    world.active(IRELAND)
    probe = world.probe(IRELAND)
    world.cloud.refusing.add(("dynamodb", IRELAND))
    line = world.once(probe)
    assert (signals.SUPERSEDED, FRANKFURT) not in said(world, IRELAND)
    assert line["superseded"] is None
    assert set(line["failed"]) == {"markers", "own view"}


def test_metrics_are_published_when_the_table_does_not_answer(world: World) -> None:
    world.active(IRELAND)
    probe = world.probe(IRELAND)
    world.cloud.silent.add(("dynamodb", IRELAND))
    begun = time.monotonic()
    world.once(probe)
    assert said(world, IRELAND)[(signals.WRITER_PROOF, IRELAND)] == 1
    assert time.monotonic() - begun < 20


def test_views_are_written_when_cloudwatch_does_not_answer(world: World) -> None:
    world.active(IRELAND)
    probe = world.probe(IRELAND)
    world.cloud.refusing.add(("cloudwatch", IRELAND))
    line = world.once(probe)
    (view,) = table(world, IRELAND).views(IRELAND)
    assert view.writer
    assert list(line["failed"]) == ["metrics"]


def test_a_round_needs_no_other_regions_services(world: World) -> None:
    world.standby(FRANKFURT, world.active(IRELAND))
    probe = world.probe(FRANKFURT, [IRELAND])
    world.cloud.calls.clear()
    world.once(probe)
    assert {(region, service) for region, service, _ in world.cloud.calls} == {
        (FRANKFURT, "cloudwatch"),
        (FRANKFURT, "dynamodb"),
    }


def test_a_round_calls_nothing_that_the_function_does_not_declare(world: World) -> None:
    world.standby(FRANKFURT, world.active(IRELAND))
    probe = world.probe(FRANKFURT, [IRELAND])
    world.cloud.calls.clear()
    world.once(probe)
    called = {f"{service}:{operation}" for _, service, operation in world.cloud.calls}
    assert called | {"rds-db:connect"} == set(CALLS)


def test_a_partner_without_a_name_of_any_kind_is_not_reached(world: World) -> None:
    world.active(IRELAND)
    line: dict[str, Any] = world.once(world.probe(IRELAND, [FRANKFURT]))
    assert writer_host(FRANKFURT) not in world.directory
    assert (line["partners"][FRANKFURT]["reached"], line["partners"][FRANKFURT]["word"]) == (False, "name")
