"""What ``status`` makes of stacks: none on the move is fine, none is missed where the file alone says it should be,
and a new environment is told as new.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from generator.aws.status.report import Gap, Measured, RegionFacts, Report, Stack, StackSets, Table
from generator.aws.status.verdict import Verdict, judge
from generator.cli.status_page import page
from generator.config import Environment
from tests.aws import status_world as world
from tests.aws.status_world import NOW, A, B


@pytest.fixture
def made(tmp_path: Path) -> Environment:
    return world.environment(tmp_path)


@pytest.fixture
def swapped(tmp_path: Path) -> Environment:
    """Return the file after someone exchanged the two roles in it, as they are since a takeover."""
    place = tmp_path / "swapped"
    place.mkdir()
    regions = {
        A: {"role": "standby", "range": "10.20.0.0/16"},
        B: {"role": "origin", "range": "10.21.0.0/16"},
    }
    return world.environment(place, regions=regions, dns={"domain": world.DOMAIN, "ttl": 10})


@pytest.fixture
def well(made: Environment) -> Report:
    return world.well(made)


def told(verdict: Verdict) -> list[str]:
    return [f"{each.where}: {each.what}" for each in verdict.findings]


def stacks(report: Report, name: str) -> tuple[Stack, ...]:
    found = report.of(name)
    assert found is not None
    return found.stacks or ()


@pytest.mark.parametrize(
    "status",
    [
        "DELETE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
        "ROLLBACK_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "REVIEW_IN_PROGRESS",
        "SOMETHING_NEW",
    ],
)
def test_a_stack_that_is_on_the_move_is_told_and_not_called_fine(made: Environment, well: Report, status: str) -> None:
    moving = tuple(replace(each, status=status) if each.stackset.endswith("-recovery") else each
                   for each in stacks(well, B))  # fmt: skip
    report = world.changed(well, B, stacks=moving)
    verdict = judge(made, report)
    assert told(verdict) == [f"{B}: dr-example-recovery is {status}"]
    assert verdict.findings[0].hint
    assert "1 in progress" in page(made, report, verdict)


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"])
def test_a_stack_whose_last_operation_ended_well_is_fine(made: Environment, well: Report, status: str) -> None:
    ended = tuple(replace(each, status=status) for each in stacks(well, B))
    assert told(judge(made, world.changed(well, B, stacks=ended))) == []


def test_roles_swapped_in_the_file_make_nothing_missing(swapped: Environment, well: Report) -> None:
    verdict = judge(swapped, well)
    assert told(verdict) == []
    text = page(swapped, well, verdict)
    assert "missing" not in text
    active_elsewhere = world.well(swapped, active=B, home=B)
    there = replace(active_elsewhere, regions=tuple(
        replace(each, stacks=stacks(well, each.region)) for each in active_elsewhere.regions
    ), stacksets=well.stacksets)  # fmt: skip
    said = page(swapped, there, judge(swapped, there))
    assert "standby (born as the origin)" in said


def test_with_the_origin_dark_and_the_stacksets_unread_nobody_says_that_its_stack_is_missing(
    swapped: Environment, well: Report
) -> None:
    dark = RegionFacts(A, "standby", dark="no answer within 8 s")
    report = replace(
        well, regions=(dark, well.regions[1]), stacksets=None, gaps=(Gap("StackSets", "no answer within 8 s"),)
    )
    assert not any("not there" in each for each in told(judge(swapped, report)))


def test_a_stack_of_the_origin_that_is_nowhere_is_missing_at_the_origin(made: Environment, well: Report) -> None:
    name = "dr-example-global-database"
    assert well.stacksets is not None
    listed = tuple(each for each in well.stacksets.instances if each.stackset != name)
    gone = tuple(each for each in stacks(well, A) if each.stackset != name)
    report = replace(world.changed(well, A, stacks=gone), stacksets=replace(well.stacksets, instances=listed))
    assert told(judge(made, report)) == [f"{A}: 1 of its stacks is not there: {name}"]


def test_stacksets_that_live_elsewhere_than_the_file_says_are_told(made: Environment, well: Report) -> None:
    found = told(judge(made, replace(well, stacksets=StackSets((), ()))))
    assert found == [
        f"StackSets: none of the environment's is in {made.dns_region}, so nobody knows which stacks are current"
    ]


def test_a_table_a_topic_and_a_cluster_that_are_not_there_are_told(made: Environment, well: Report) -> None:
    found = told(judge(made, world.changed(well, B, table=None, subscribers=None, database=None)))
    assert f"{B}: its state table is not there" in found
    assert f"{B}: its topic is not there" in found
    assert f"{B}: the global cluster lists its cluster, and the cluster is not there" in found


def test_what_could_not_be_read_is_not_shown_as_none(made: Environment, well: Report) -> None:
    gaps = tuple(Gap(part, "AccessDenied: no") for part in ("the database", "the state table", "subscriptions"))
    report = world.changed(well, B, table=None, subscribers=None, database=None, cluster=None, gaps=gaps)
    rows = {line[:13].strip(): line for line in page(made, report, judge(made, report)).splitlines()}
    for row in ("database", "recovery", "pre-flight", "people"):
        assert rows[row].rstrip().endswith("not read"), rows[row]


def test_a_region_that_nobody_vouches_for_is_not_called_unmarked(made: Environment, well: Report) -> None:
    own = tuple(each for each in world.views() if each.voter == A)
    first = replace(well.regions[0], table=Table(views=own))
    dark = replace(well, regions=(first, RegionFacts(B, "standby", dark="no answer within 8 s")))
    rows = {line[:13].strip(): line for line in page(made, dark, judge(made, dark)).splitlines()}
    assert f"not known: {B}" in rows["superseded"]
    assert "standby, the others say" in rows["role"]


def new(made: Environment, well: Report, seconds: int) -> Report:
    """Return the report of an environment that was deployed so many seconds ago, before its first proofs."""
    assert well.dns is not None
    unproved = replace(well.dns, checks=tuple(
        replace(each, share=0.0) if each.id.startswith("proof-") else each for each in well.dns.checks
    ))  # fmt: skip
    regions = tuple(
        replace(
            each,
            stacks=tuple(replace(one, created_ms=NOW - seconds * 1000) for one in each.stacks or ()),
            measured=Measured(),
            table=Table(),
        )
        for each in well.regions
    )
    return replace(well, regions=regions, dns=unproved)


def test_an_environment_before_its_first_proof_is_told_as_new_and_not_as_broken(
    made: Environment, well: Report
) -> None:
    report = new(made, well, 40)
    verdict = judge(made, report)
    assert all(each.coming for each in verdict.findings), told(verdict)
    for name in (A, B):
        assert f"{name}: deployed 40 s ago: its first proof comes within 5 minutes" in told(verdict)
    text = page(made, report, verdict)
    assert "nothing is wrong, and this is still to come:" in text
    assert "all is as it should be" not in text
    assert "not as they should be" not in text
    assert "the first is still to come" in text


def test_an_environment_whose_first_proof_never_came_is_told_as_broken(made: Environment, well: Report) -> None:
    verdict = judge(made, new(made, well, 301))
    assert not any(each.coming for each in verdict.findings)
    assert f"{A}: its probe has published no writer proof for 15 minutes" in told(verdict)
    assert "DNS: no region counts as healthy, so home is answered whatever it is able to do" in told(verdict)


def test_a_new_environment_with_something_wrong_says_both_apart(made: Environment, well: Report) -> None:
    report = new(made, well, 40)
    failed = (replace(stacks(report, B)[0], status="CREATE_FAILED", reason="no"), *stacks(report, B)[1:])
    broken = world.changed(report, B, stacks=failed)
    text = page(made, broken, judge(made, broken))
    assert text.index("1 thing is not as it should be:") < text.index("still to come, since the environment is new:")


def test_a_region_that_has_spoken_is_not_called_new(made: Environment, well: Report) -> None:
    report = new(made, well, 40)
    measured = well.regions[0].measured
    assert measured and measured.proof
    unproved = replace(measured, proof=replace(measured.proof, value=0.0))
    found = told(judge(made, world.changed(report, A, measured=unproved)))
    assert any(each.startswith(f"{A}: it is the writer and did not always prove it") for each in found)


@pytest.mark.parametrize(("hours", "missed"), [(1, False), (3, True)])
def test_a_pre_flight_that_never_came_is_told_after_two_hours(
    made: Environment, well: Report, hours: int, missed: bool
) -> None:
    aged = tuple(replace(each, created_ms=NOW - hours * 3_600_000) for each in stacks(well, B))
    report = world.changed(well, B, stacks=aged, table=Table(views=world.views()))
    assert (f"{B}: its hourly pre-flight has never reported" in told(judge(made, report))) is missed
