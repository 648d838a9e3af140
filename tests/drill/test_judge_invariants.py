"""Each invariant, broken on purpose: the right finding says so, with the reason, and the others stay as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from tests.drill.histories import (
    ANSWERED,
    BACK,
    END,
    FENCE,
    INTERVALS,
    LOST_AT,
    PROMOTE,
    PROMOTED,
    PROVED,
    TOLD,
    TYPED,
    A,
    S,
    at,
    event,
    quiet,
    region_loss,
    rows,
    sample,
    switchover,
    writes,
)
from twin.drill.invariants import invariants
from twin.drill.record import Call, Event, Finding, History, RegionSample, Sample


def found(history: History) -> dict[str, Finding]:
    return {each.name: each for each in invariants(history, INTERVALS)}


def without(history: History, wrong: Callable[[Event], bool]) -> History:
    return replace(history, events=tuple(each for each in history.events if not wrong(each)))


def beside(history: History, more: Iterable[Event]) -> History:
    return replace(history, events=tuple(sorted((*history.events, *more), key=lambda each: each.at_ms)))


def with_writes(history: History, *more: Any) -> History:
    return replace(history, writes=tuple(sorted((*history.writes, *more), key=lambda each: each.began_ms)))


def test_every_invariant_has_its_finding_in_order() -> None:
    assert list(found(region_loss())) == [f"I{number}" for number in range(1, 11)]


def test_what_does_not_apply_is_said_to_be_neither_held_nor_broken() -> None:
    assert [name for name, each in found(quiet()).items() if each.held is None] == [
        "I1", "I2", "I3", "I5", "I6", "I7", "I8", "I10"
    ]  # fmt: skip


def test_i1_a_row_that_a_switchover_lost() -> None:
    history = switchover()
    assert found(history)["I1"].held is True
    broken = found(replace(history, rows=history.rows[1:]))["I1"]
    assert broken.held is False
    assert f"1 acknowledged row, {S}/1#1" in broken.reason


def test_i1_a_row_that_was_lost_without_any_promotion() -> None:
    assert found(quiet(rows=quiet().rows[1:]))["I1"].held is False


def test_i1_what_a_failover_lost_before_the_failback_is_not_the_failbacks_fault() -> None:
    history = region_loss(kind="failback")
    back = [
        event(203, "person", "", "types python -m generator failback", verb="failback"),
        event(204, "state machine", A, "enters Promote", state="Promote", execution="failback-1"),
        event(206, "database", A, "is the writer", promoted=True),
        event(207, "state machine", A, "ended", ended="succeeded", execution="failback-1"),
    ]
    ends = sample(END, ("writer", "replica"), (A,))
    returned = replace(beside(history, back), samples=(*history.samples, ends))
    kept = replace(returned, rows=tuple(replace(row, region=A) for row in history.rows))
    assert found(kept)["I1"].held is True
    assert found(kept)["I2"].held is True
    lost = replace(kept, rows=tuple(row for row in kept.rows if row.key != f"{S}/1#60"))
    assert found(lost)["I1"].held is False


def test_i2_a_lost_row_that_is_older_than_the_lag_that_was_shown() -> None:
    assert found(region_loss())["I2"].held is True
    broken = found(region_loss(accepted_lag_seconds=96.0))["I2"]
    assert broken.held is False
    assert "97.1 s old at the acceptance; shown were 96.0 s" in broken.reason


def test_i2_is_counted_from_the_disaster_with_a_probes_interval_where_nobody_knows_when_it_was_accepted() -> None:
    history = without(region_loss(accepted_lag_seconds=1.0), lambda e: e.detail.get("state") == "Assess")
    assert found(history)["I2"].held is True
    old = rows([w for w in history.writes if w.region == S], S)
    assert found(replace(history, accepted_lag_seconds=-2.0, rows=old))["I2"].held is False


def test_i2_a_loss_that_nobody_was_shown() -> None:
    broken = found(region_loss(accepted_lag_seconds=None))["I2"]
    assert broken.held is False
    assert "nobody was shown" in broken.reason


def test_i3_the_old_region_acknowledges_after_its_fence_although_nobody_else_does_yet() -> None:
    broken = found(with_writes(region_loss(), *writes(A, 50, 51, worker=f"{A}/1")))["I3"]
    assert broken.held is False
    assert f"5 writes acknowledged beside the writer, first by {A}, 40.0 s late" in broken.reason


def test_i3_a_zombie_that_acknowledges_beside_the_new_writer() -> None:
    zombie = writes(A, BACK + 5, BACK + 9, worker=f"{A}/1")
    assert found(with_writes(region_loss(), *zombie))["I3"].held is False
    back_again = event(BACK + 4, "database", A, "is the writer", promoted=True)
    doubled = beside(with_writes(region_loss(), *zombie), [back_again])
    assert found(doubled)["I3"].held is False, "two that acknowledge at once are two, whoever was promoted"


def test_i3_a_write_that_was_under_way_when_the_fence_came_down_is_no_leak() -> None:
    slow = replace(writes(A, LOST_AT - 1, LOST_AT - 0.9, worker=f"{A}/1")[0], ended_ms=at(LOST_AT + 2))
    assert found(with_writes(region_loss(), slow))["I3"].held is True


def test_i3_an_overlap_before_the_fence_is_measured_and_allowed() -> None:
    both = with_writes(region_loss(fenced_ms=at(BACK + 8)), *writes(A, BACK, BACK + 5, worker=f"{A}/1"))
    seen = found(both)["I3"]
    assert seen.held is True
    assert "4.8 s" in seen.reason


def test_i3_a_fence_that_never_was_breaks_it_only_when_both_acknowledged() -> None:
    assert found(region_loss(fenced_ms=None))["I3"].held is True
    both = with_writes(region_loss(fenced_ms=None), *writes(A, BACK, BACK + 5, worker=f"{A}/1"))
    assert found(both)["I3"].held is False


def test_i4_dns_goes_on_answering_a_region_that_cannot_be_written_to() -> None:
    late = [sample(each, ("none", "writer"), (A,)) for each in range(PROMOTED, PROMOTED + 300)]
    history = region_loss(ended_ms=at(PROMOTED + 300), samples=(*region_loss().samples[:PROMOTED], *late))
    broken = found(history)["I4"]
    assert broken.held is False
    assert "answered for at most 299.0 s on end" in broken.reason
    assert "dns has 219.0 s" in broken.reason
    assert found(replace(history, speed=60.0))["I4"].held is False
    assert found(region_loss(speed=60.0))["I4"].held is False, "the budget is shorter at a higher speed"


def test_i4_a_region_that_takes_no_writes_goes_on_counting_as_healthy() -> None:
    flattered = [
        replace(each, regions={**each.regions, A: RegionSample("none", healthy=True)}) for each in late_samples()
    ]
    assert found(region_loss(samples=tuple(flattered)))["I4"].held is False


def late_samples() -> list[Sample]:
    return [sample(each, ("none", "replica"), (A,)) for each in range(500)]


def test_i4_a_region_that_cannot_be_written_to_may_be_answered_while_none_can() -> None:
    assert found(region_loss(samples=tuple(late_samples())))["I4"].held is True


def test_i5_an_answer_that_moves_to_a_replica() -> None:
    answer: dict[str, Any] = {"name": "writer.db.example.com", "regions": [S], "before": [A]}
    early = beside(without(region_loss(), lambda e: e.source == "dns"), [event(60, "dns", S, "answers", **answer)])
    broken = found(early)["I5"]
    assert broken.held is False
    assert broken.reason == f"DNS answered {S} although its PostgreSQL took no writes"


def test_i5_an_answer_that_moves_after_a_proof_that_failed() -> None:
    failed = beside(region_loss(), [event(PROVED + 1, "probe", S, "does not prove", proof=False)])
    assert found(failed)["I5"].held is False


def test_i5_other_names_than_the_writers_may_move_as_they_like() -> None:
    answer: dict[str, Any] = {"name": "reader.db.example.com", "regions": [S], "before": [A]}
    assert found(beside(region_loss(), [event(30, "dns", S, "answers", **answer)]))["I5"].held is True


def test_i6_an_execution_that_hangs_and_one_that_waits_for_somebody() -> None:
    hanging = without(region_loss(), lambda e: "ended" in e.detail)
    broken = found(hanging)["I6"]
    assert broken.held is False
    assert "failover-1 was still in Tell at the end, after 114 s" in broken.reason
    asks = event(PROVED + 2, "state machine", S, "enters AskApproval", state="AskApproval", execution="failover-1")
    waiting = found(beside(hanging, [asks]))["I6"]
    assert waiting.held is True
    assert "waits for an approval" in waiting.reason


def test_i7_a_region_that_is_promoted_twice() -> None:
    twice = beside(region_loss(), [event(PROMOTED + 5, "database", S, "is the writer", promoted=True)])
    assert found(twice)["I7"].reason == f"{S} was promoted twice"


def test_i7_two_recoveries_begun_together_that_both_promote() -> None:
    third = "eu-north-1"
    run = {"execution": "failover-2"}
    both = [
        event(TYPED + 1, "state machine", third, "enters Assess", state="Assess", **run),
        event(PROMOTED + 1, "database", third, "is the writer", promoted=True),
        event(PROMOTED + 2, "state machine", third, "ended", ended="succeeded", **run),
    ]
    broken = found(beside(region_loss(), both))["I7"]
    assert broken.held is False
    assert "failover-1 and failover-2 were begun together" in broken.reason


def test_i7_a_second_start_that_is_told_who_holds_the_lease_changes_nothing() -> None:
    run = {"execution": "failover-2"}
    busy = [
        event(TYPED + 2, "state machine", S, "enters TakeLease", state="TakeLease", **run),
        event(TYPED + 3, "state machine", S, "ended", "another recovery runs", ended="failed", **run),
    ]
    assert found(beside(region_loss(), busy))["I7"].reason == "2 executions, 1 promotion"


def test_i7_a_promotion_that_no_recovery_asked_for() -> None:
    bare = without(region_loss(), lambda e: e.source == "state machine")
    assert found(bare)["I7"].held is False


ROLE = "arn:aws:iam::111122223333:role/dr-example-eu-central-1-"
FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:dr-example-eu-central-1-"


@pytest.mark.parametrize(
    ("call", "held"),
    [
        (Call(f"{ROLE}recovery", "dynamodb", "PutItem", S), True),
        (Call(f"{ROLE}fence", "ec2", "CreateNetworkAclEntry", A), True),
        (Call(f"{ROLE}promote", "rds", "FailoverGlobalCluster", A), False),
        (Call(f"{ROLE}x", "rds", "FailoverGlobalCluster", A, function=f"{FUNCTION}promote"), False),
        (Call(f"{ROLE}assess", "iam", "GetRole", "us-east-1"), False),
        (Call(f"{ROLE}confirm-writer", "route53", "ChangeResourceRecordSets", ""), False),
        (Call(f"{ROLE}promote", "sts", "AssumeRole", "us-east-1"), False),
        (Call(f"{ROLE}prove-writer", "cloudwatch", "PutMetricData", A), True),
    ],
)
def test_i8_calls_of_the_path_to_the_lost_region_or_to_a_global_control_plane(call: Call, held: bool) -> None:
    assert found(region_loss(calls=(call,)))["I8"].held is held


def test_i9_a_failover_that_no_person_asked_for() -> None:
    alone = without(region_loss(), lambda e: e.source == "person")
    broken = found(alone)["I9"]
    assert broken.held is False
    assert broken.reason == f"it failed over to {S}, and no person had asked for it"
    assert found(replace(alone, mode="automatic"))["I9"].held is True


def test_i9_a_failback_that_nobody_asked_for_in_any_mode() -> None:
    back = event(BACK + 10, "database", A, "is the writer", promoted=True)
    for mode in ("manual", "approval", "automatic"):
        broken = found(beside(region_loss(mode=mode), [back]))["I9"]
        assert broken.reason == f"it failed back to {A}, and no person had asked for it"


def test_i9_a_person_who_moves_home_has_not_asked_for_a_failover() -> None:
    others = without(region_loss(), lambda e: e.source == "person")
    rehomed = beside(others, [event(TYPED, "person", "", "types python -m generator rehome", verb="rehome")])
    assert found(rehomed)["I9"].held is False


def test_i10_a_message_that_is_said_twice_though_nothing_happened() -> None:
    again = event(TOLD + 3, "people", S, f"{A} looks lost", message="next: nothing")
    assert found(beside(region_loss(), [again]))["I10"].reason == f"{S} said again: {A} looks lost"
    killed = event(TOLD + 2, "disaster", S, "the execution is killed in Tell")
    assert found(beside(region_loss(), [again, killed]))["I10"].held is True


def test_i10_a_message_without_a_next_step() -> None:
    bare = event(TOLD + 1, "people", S, "something is odd", message="nobody knows")
    assert found(beside(region_loss(), [bare]))["I10"].reason == f"{S} named no next step: something is odd"


def test_i10_nobody_was_told_unless_their_topic_was_taken_away() -> None:
    silent = without(region_loss(), lambda e: e.source == "people")
    assert found(silent)["I10"].held is False
    dark = beside(silent, [event(LOST_AT, "disaster", S, "sns * hangs")])
    assert found(dark)["I10"].held is None


def test_i10_what_an_alarm_says_is_not_the_recoverys_message() -> None:
    alarm = event(TOLD + 1, "people", S, 'ALARM: "dr-example-lag" in eu-central-1', message="no more words")
    assert found(beside(region_loss(), [alarm]))["I10"].held is True


def test_the_states_of_the_fixture_are_states_of_the_deployed_machine() -> None:
    import json
    from pathlib import Path

    definition = json.loads(
        (Path(__file__).parents[2] / "generator" / "stacks" / "recovery.asl.json").read_text(encoding="utf-8")
    )
    named = {e.detail["state"] for e in region_loss().events if "state" in e.detail}
    assert named | {"Fence", "Promote", "AskApproval"} <= set(definition["States"])
    assert FENCE < PROMOTE < PROMOTED < PROVED < ANSWERED < BACK
