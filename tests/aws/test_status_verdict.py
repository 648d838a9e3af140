"""What ``status`` makes of the facts: nothing to say when all is well, and one thing for each thing that is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.aws.status.report import (
    Alarm,
    Datum,
    Gap,
    Inbound,
    Incident,
    Measured,
    Preflight,
    RegionFacts,
    Report,
    Subscribers,
    Table,
)
from generator.aws.status.verdict import Verdict, judge
from generator.cli.status_page import page
from generator.config import Environment
from recovery.state import Database, Mark, Swap
from tests.aws import status_world as world
from tests.aws.status_world import NOW, A, B


@pytest.fixture
def made(tmp_path: Path) -> Environment:
    return world.environment(tmp_path)


@pytest.fixture
def well(made: Environment) -> Report:
    return world.well(made)


def told(verdict: Verdict) -> list[str]:
    return [f"{each.where}: {each.what}" for each in verdict.findings]


def of(report: Report, name: str) -> RegionFacts:
    found = report.of(name)
    assert found is not None
    return found


def measured(report: Report, name: str) -> Measured:
    found = of(report, name).measured
    assert found is not None
    return found


def table(report: Report, name: str) -> Table:
    found = of(report, name).table
    assert found is not None
    return found


def test_an_environment_that_is_well_has_no_findings(made: Environment, well: Report) -> None:
    verdict = judge(made, well)
    assert told(verdict) == []
    assert [(each.region, each.role) for each in verdict.standings] == [(A, "active"), (B, "standby")]
    assert verdict.routes.answers == {f"writer.{world.DOMAIN}": (A,), f"reader.{world.DOMAIN}": (A,)}
    standby = verdict.of(B)
    assert standby.failover and standby.failover.accepted
    assert standby.switchover and standby.switchover.accepted


def test_after_a_swap_only_the_pending_move_of_home_is_told(made: Environment) -> None:
    verdict = judge(made, world.well(made, active=B, home=A))
    assert [each.role for each in verdict.standings] == ["standby", "active"]
    assert told(verdict) == [
        f"DNS: home is {A}, active is {B}: until home follows, {A} is answered when no region is healthy"
    ]
    assert "python -m generator rehome" in verdict.findings[0].hint


def test_after_home_has_followed_the_file_that_was_left_behind_is_told(made: Environment, tmp_path: Path) -> None:
    assert told(judge(made, world.well(made, active=B, home=B))) == [
        f"DNS: the records say that home is {B}, the environment file says {A}"
    ]
    (tmp_path / "later").mkdir()
    dns = {"domain": world.DOMAIN, "ttl": 10, "home": B}
    later = world.environment(tmp_path / "later", dns=dns)
    assert told(judge(later, world.well(later, active=B, home=B))) == []


def test_a_dark_active_region_is_told_and_the_standby_could_take_over(made: Environment, well: Report) -> None:
    dark = replace(well, regions=(RegionFacts(A, "origin", dark="no answer within 8 s"), of(well, B)))
    verdict = judge(made, dark)
    assert told(verdict) == [f"{A}: no answer within 8 s"]
    assert verdict.of(A).role == "active"  # as the standby's own RDS says
    assert verdict.of(B).failover and verdict.of(B).failover.accepted  # type: ignore[union-attr]


def test_what_could_not_be_read_is_a_finding_and_no_guess_takes_its_place(made: Environment, well: Report) -> None:
    gap = Gap("the database", "AccessDenied: no")
    verdict = judge(made, world.changed(well, B, database=None, cluster=None, gaps=(gap,)))
    assert f"{B}: the database could not be read: AccessDenied: no" in told(verdict)
    assert verdict.of(B).failover is None
    assert verdict.of(B).unknown == "AccessDenied: no"
    assert "rights" in verdict.findings[0].hint


def test_nothing_deployed_is_one_finding_and_not_fifty(made: Environment, well: Report) -> None:
    empty = tuple(RegionFacts(each.region, each.role, stacks=(), measured=Measured()) for each in well.regions)
    verdict = judge(made, replace(well, regions=empty, dns=None, stacksets=None))
    assert told(verdict) == ["everywhere: nothing of the environment example is deployed"]
    assert "deploy" in verdict.findings[0].hint


STALE = Datum(1.0, NOW - 400_000)

CASES: list[tuple[str, str, dict[str, Any], str]] = [
    ("a cluster that is stopped", B, {"database": Database(world.arn(B), "stopped", "16.8", 2)}, "cluster is stopped"),
    ("a cluster without an instance", B, {"database": Database(world.arn(B), "available", "16.8", 0)}, "no instance"),
    ("another minor version", B, {"database": Database(world.arn(B), "available", "16.6", 2)}, "16.6 and 16.8 differ"),
    ("a subscription that waits", B, {"subscribers": Subscribers(0, ("a@example.com",))}, "not confirmed yet: a@"),
    ("nobody who is told", B, {"subscribers": Subscribers()}, "nobody is told"),
    ("an alarm", B, {"alarms": (Alarm("dr-example-x-behind", "ALARM"),)}, "in alarm: dr-example-x-behind"),
]


@pytest.mark.parametrize(("what", "where", "changes", "said"), CASES, ids=[case[0] for case in CASES])
def test_one_thing_that_is_wrong_is_told_where_it_is(
    made: Environment, well: Report, what: str, where: str, changes: dict[str, Any], said: str
) -> None:
    found = told(judge(made, world.changed(well, where, **changes)))
    assert any(each.startswith(f"{where}: ") and said in each for each in found), found


def test_alarms_that_ring_on_a_healthy_standby_are_no_news(made: Environment, well: Report) -> None:
    quiet = tuple(
        Alarm(f"dr-example-{B}-{name}", "ALARM") for name in ("writer-proof-1a", "not-writer", "writer-changed")
    )
    report = world.changed(
        well, B, alarms=(*quiet, Alarm("dr-example-x-behind", "OK"), Alarm("y", "INSUFFICIENT_DATA"))
    )
    assert told(judge(made, report)) == []
    flat = " ".join(page(made, report, judge(made, report), width=120).split())
    assert "1 OK, 3 in alarm by its role, 1 without data" in flat


@pytest.mark.parametrize(
    ("alarm", "minutes", "rings"),
    [
        ("preflight", 60, False),
        ("preflight", 200, True),
        ("no-backups", 60 * 24, False),
        ("no-backups", 60 * 49, True),
        ("probe-silent", 5, False),
        ("probe-silent", 11, True),
        ("recovery-failed", 1, True),
    ],
)
def test_an_alarm_that_rings_from_birth_is_news_once_what_it_waits_for_is_late(
    made: Environment, well: Report, alarm: str, minutes: int, rings: bool
) -> None:
    stacks = {each.region: each for each in well.regions}[B].stacks or ()
    young = tuple(replace(each, created_ms=NOW - minutes * 60_000) for each in stacks)
    name = f"dr-example-{B}-{alarm}"
    found = told(judge(made, world.changed(well, B, stacks=young, alarms=(Alarm(name, "ALARM"),))))
    assert (f"{B}: in alarm: {name}" in found) is rings


def test_a_writer_that_does_not_prove_it_is_told_with_the_reason(made: Environment, well: Report) -> None:
    silent = world.changed(well, A, measured=replace(measured(well, A), proof=Datum(0.0, NOW - 10_000)))
    wrong = f"{A}: it is the writer and did not always prove it within the last minute"
    assert f"{wrong}; now it does" in told(judge(made, silent))
    kept = table(well, A)
    refused = tuple(replace(each, writer=False, reason="read-only") if each.about == A else each for each in kept.views)
    assert f"{wrong}: read-only" in told(judge(made, world.changed(silent, A, table=replace(kept, views=refused))))


def test_a_standby_that_takes_writes_is_told(made: Environment, well: Report) -> None:
    both = world.changed(well, B, measured=replace(measured(well, B), proof=Datum(1.0, NOW - 10_000)))
    assert f"{B}: it takes writes and is not the writer of the global cluster" in told(judge(made, both))


@pytest.mark.parametrize(("proof", "since"), [(None, "for 15 minutes"), (STALE, "for 400 s")])
def test_a_probe_that_fell_silent_is_told(made: Environment, well: Report, proof: Datum | None, since: str) -> None:
    silent = world.changed(well, B, measured=replace(measured(well, B), proof=proof))
    assert f"{B}: its probe has published no writer proof {since}" in told(judge(made, silent))


def test_lag_beyond_the_objective_is_told_and_refuses_the_takeover(made: Environment, well: Report) -> None:
    behind = world.changed(well, B, table=Table(views=world.views(lag=90.0)))
    verdict = judge(made, behind)
    assert any("more than the objective of 60 s (RPO)" in each for each in told(verdict))
    decision = verdict.of(B).failover
    assert decision and not decision.accepted and decision.acceptable
    assert any("a failover to it would be refused" in each for each in told(verdict))


def test_auroras_own_lag_is_in_milliseconds(made: Environment, well: Report) -> None:
    for value, findings in ((59_000.0, 0), (61_000.0, 1)):
        late = world.changed(well, B, measured=replace(measured(well, B), aurora_lag=Datum(value, NOW)))
        assert len(told(judge(made, late))) == findings


def test_objects_that_are_late_or_lost_are_told(made: Environment, well: Report) -> None:
    inbound = (Inbound(A, Datum(7, NOW), Datum(9e6, NOW), Datum(901, NOW)),)
    late = world.changed(well, B, measured=replace(measured(well, B), inbound=inbound, failed=3))
    found = told(judge(made, late))
    assert f"{B}: objects from {A} arrive 901 s late" in found
    assert f"{B}: 3 objects could not be replicated from here in the last hour" in found
    assert "from eu-west-1: 7 pending, 9 MiB, 901 s late" in " ".join(page(made, late, judge(made, late)).split())


def test_a_recovery_and_an_incident_are_told_while_they_last(made: Environment, well: Report) -> None:
    busy = replace(table(well, B), holder="execution-1", incidents=(Incident(A, NOW - 90_000),))
    found = told(judge(made, world.changed(well, B, table=busy)))
    assert f"{B}: a recovery runs: execution-1" in found
    assert f"{B}: it has noticed the loss of {A}, 90 s ago" in found


def test_a_marker_is_told_from_the_side_of_the_one_it_is_about(made: Environment) -> None:
    swapped = world.well(made, active=B, home=A)
    marked = world.changed(swapped, B, table=replace(table(swapped, B), markers=(Mark(A, NOW - 9000),)))
    assert f"{A}: it is marked superseded by {B}" in told(judge(made, marked))
    assert judge(made, marked).of(A).superseded_by == (B,)


def test_the_marker_of_a_region_that_went_dark_is_known_from_its_last_view(made: Environment) -> None:
    swapped = world.well(made, active=B, home=A)
    kept = tuple(
        replace(each, supersedes=(A,)) if each.voter == each.about == B else each for each in table(swapped, A).views
    )
    first = replace(of(swapped, A), table=replace(table(swapped, A), views=kept))
    dark = replace(swapped, regions=(first, RegionFacts(B, "standby", dark="no answer within 8 s")))
    assert judge(made, dark).of(A).superseded_by == (B,)


def test_a_stale_or_unhappy_preflight_is_told(made: Environment, well: Report) -> None:
    old = replace(table(well, B), preflight=Preflight(NOW - 3 * 3_600_000, ("topic: nobody",)))
    found = told(judge(made, world.changed(well, B, table=old)))
    assert f"{B}: its pre-flight is 3 hours old" in found
    assert f"{B}: pre-flight: topic: nobody" in found


def test_stacks_that_are_missing_failed_drifted_or_outdated_are_told_by_name(made: Environment, well: Report) -> None:
    stacks = of(well, B).stacks or ()
    spoiled = (
        replace(stacks[1], status="UPDATE_ROLLBACK_COMPLETE", reason="no"),
        replace(stacks[2], drift="DRIFTED"),
        *stacks[3:],
    )
    assert well.stacksets is not None
    first = well.stacksets.instances[-1]
    listed = (*well.stacksets.instances[:-1], replace(first, status="OUTDATED", reason="cancelled"))
    report = replace(
        world.changed(well, B, stacks=spoiled),
        stacksets=replace(well.stacksets, instances=listed, busy=("dr-example-keys: update running",)),
    )
    found = told(judge(made, report))
    assert f"{B}: 1 of its stacks is not there: {stacks[0].stackset}" in found
    assert f"{B}: {stacks[1].stackset} is UPDATE_ROLLBACK_COMPLETE: no" in found
    assert f"{B}: {stacks[2].stackset} has drifted" in found
    assert f"{first.region}: {first.stackset} is OUTDATED: cancelled" in found
    assert "StackSets: dr-example-keys: update running" in found


def test_a_swap_in_progress_and_a_quarrel_about_the_writer_are_told(made: Environment, well: Report) -> None:
    going = replace(world.cluster(), swap=Swap("failing-over", world.arn(A), world.arn(B), True))
    assert f"database: a failover to {B} is failing-over" in told(judge(made, world.changed(well, A, cluster=going)))
    quarrel = told(judge(made, world.changed(well, B, cluster=world.cluster(B))))
    assert f"database: the regions do not agree on the writer: {A} shows {A}, {B} shows {B}" in quarrel


def test_a_check_that_is_switched_off_counts_as_healthy_and_is_told(made: Environment, well: Report) -> None:
    assert well.dns is not None
    off = tuple(
        replace(each, config={**each.config, "Disabled": True}, share=None) if each.id == f"proof-{B}" else each
        for each in well.dns.checks
    )
    verdict = judge(made, replace(well, dns=replace(well.dns, checks=off)))
    assert any("is switched off" in each for each in told(verdict))
    assert verdict.routes.healthy == {A: True, B: True}


def test_every_line_of_the_page_fits_and_every_finding_is_on_it(made: Environment, well: Report) -> None:
    broken = world.changed(well, B, subscribers=Subscribers(0, ("a@example.com", "b@example.com")), stacks=())
    verdict = judge(made, broken)
    for width in (80, 100, 120):
        text = page(made, broken, verdict, width=width)
        assert max(map(len, text.splitlines())) <= width
        flat = " ".join(text.split())
        for each in verdict.findings:
            assert f"{each.where}: {each.what}" in flat
        assert A in text and B in text


def test_ten_regions_are_shown_in_blocks_that_fit(tmp_path: Path) -> None:
    names = (
        A,
        B,
        "eu-west-2",
        "eu-west-3",
        "eu-north-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
        "ca-central-1",
    )
    regions = {
        name: {"role": "origin" if name == A else "standby", "range": f"10.{20 + number}.0.0/16"}
        for number, name in enumerate(names)
    }
    made = world.environment(tmp_path, regions=regions)
    report = replace(
        world.well(made), regions=tuple(RegionFacts(name, "standby", dark="no answer within 8 s") for name in names)
    )
    text = page(made, report, judge(made, report), width=100)
    assert max(map(len, text.splitlines())) <= 100
    assert all(f"{name}: no answer within 8 s" in text for name in names)
