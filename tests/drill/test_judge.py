"""What a drill came to: RTO and RPO from the application's record, the verdict, and what a scenario promised."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recovery.objectives import PARTS, budget
from tests.drill.histories import (
    BACK,
    END,
    INTERVALS,
    LOST_AT,
    OBJECTIVES,
    A,
    S,
    at,
    event,
    quiet,
    region_loss,
    rows,
    switchover,
    writes,
)
from twin.drill.acknowledgements import connections, lost
from twin.drill.judge import allowed_seconds, judge
from twin.drill.record import Finding, History, Promise, Result


def judged(history: History) -> Result:
    return judge(history, INTERVALS, OBJECTIVES)


def finding(history: History, name: str) -> Finding:
    return next(each for each in judged(history).findings if each.name == name)


def test_a_loss_that_was_recovered_from_in_time_is_held_and_says_how_long_it_took() -> None:
    result = judged(region_loss())
    assert result.held, result.verdict
    assert result.rto_seconds == pytest.approx(BACK - LOST_AT, abs=0.1)
    assert result.verdict == "held: writes were back after 185.0 s, 3 acknowledged rows lost"


def test_a_switchover_and_a_moment_of_silence_are_held() -> None:
    assert judged(switchover()).held, judged(switchover()).verdict
    assert judged(quiet()).held, judged(quiet()).verdict


def test_the_time_counts_from_the_disaster_and_not_from_a_pause_before_it() -> None:
    paused = quiet(writes=(*writes(A, 0, 1), *writes(A, 11.8, 40, first=20)))
    assert judged(paused).rto_seconds == pytest.approx(0.2, abs=0.05)


def test_the_longest_of_several_silences_is_the_one_that_counts() -> None:
    flapping = quiet(writes=(*writes(A, 0, 12), *writes(A, 14, 20, first=70), *writes(A, 29, 40, first=120)))
    assert judged(flapping).rto_seconds == pytest.approx(9.2, abs=0.1)


def test_writes_that_never_come_back_have_no_rto_and_break_the_verdict() -> None:
    history = region_loss()
    gone = replace(history, writes=tuple(w for w in history.writes if w.region == A))
    result = judged(gone)
    assert result.rto_seconds is None
    assert not result.held
    assert finding(gone, "RTO").reason.startswith("none has been acknowledged for 210.")


def test_a_short_outage_does_not_hide_that_writes_have_stopped_again_at_the_end() -> None:
    history = region_loss()
    gone = replace(history, writes=tuple(w for w in history.writes if w.ended_ms < at(BACK + 5)))
    assert judged(gone).rto_seconds is None


def test_a_scenario_that_ends_with_nothing_up_may_promise_so() -> None:
    history = region_loss()
    down = replace(
        history,
        promise=Promise(down=True),
        rows=(),
        writes=tuple(w for w in history.writes if w.region == A),
    )
    result = judged(down)
    assert {f.name: f.held for f in result.findings if f.name in ("RTO", "RPO", "I1", "I2")} == dict.fromkeys(
        ("RTO", "RPO", "I1", "I2")
    )
    assert result.verdict.startswith("held: writes did not come back, as promised")


def test_a_recovery_slower_than_its_objective_is_broken() -> None:
    result = judge(region_loss(), INTERVALS, (180.0, 60.0))
    assert not result.held
    assert result.verdict.startswith("broken (RTO): ")


def test_at_a_higher_speed_less_time_is_allowed() -> None:
    assert allowed_seconds(INTERVALS, 900, 1) == 900
    limits = 10 + 30 + 180 + 9 + 10
    assert allowed_seconds(INTERVALS, 900, 10) == pytest.approx(limits + (900 - limits) / 10)
    assert not judge(region_loss(speed=60.0), INTERVALS, (240.0, 60.0)).held


def test_lost_rows_are_named_with_their_lsn_and_their_age_at_the_disaster() -> None:
    result = judged(region_loss())
    assert [row.key for row in result.lost] == [f"{S}/1#48", f"{S}/1#49", f"{S}/1#50"]
    assert all(row.lsn.startswith("0/") and row.region == A and not row.rewritten for row in result.lost)
    assert result.rpo_seconds == pytest.approx(0.6, abs=0.01)


def test_a_row_that_was_acknowledged_lost_and_written_again_is_lost_and_said_to_be_rewritten() -> None:
    history = region_loss()
    acknowledged = next(w for w in history.writes if w.key == f"{S}/1#50")
    again = replace(acknowledged, attempt=2, began_ms=at(BACK + 1), ended_ms=at(BACK + 1.1), region=S, lsn="0/FFFFFF")
    changed = replace(history, writes=(*history.writes, again), rows=(*history.rows, *rows([again], S)))
    assert [(row.key, row.rewritten) for row in lost(changed)][-1] == (acknowledged.key, True)
    assert "1 of them written again" in finding(changed, "RPO").reason


def test_a_row_whose_second_attempt_found_the_first_one_there_is_not_lost() -> None:
    history = region_loss()
    kept = next(w for w in history.writes if w.key == f"{S}/1#1")
    again = replace(kept, attempt=2, began_ms=at(1), ended_ms=at(1.1))
    assert kept.key not in {row.key for row in lost(replace(history, writes=(*history.writes, again)))}


def test_a_row_that_a_statement_destroyed_is_not_lost_by_the_recovery_and_no_region_may_have_it() -> None:
    history = region_loss()
    keys = [row.key for row in lost(history)]
    mistake = event(LOST_AT - 1, "person", A, "deletes rows", destroyed=keys)
    changed = replace(history, events=(mistake, *history.events))
    assert judged(changed).lost == ()
    assert finding(changed, "destroyed").held and f"{len(keys)} rows destroyed" in judged(changed).verdict
    returned = replace(changed, rows=(*history.rows, *rows([w for w in history.writes if w.key == keys[0]], A)))
    assert finding(returned, "destroyed").held is False


def test_rows_that_were_acknowledged_after_the_disaster_count_to_the_newest_of_them() -> None:
    history = region_loss()
    late = writes(A, LOST_AT + 20, LOST_AT + 25, worker=f"{A}/1")
    changed = replace(history, writes=tuple(sorted((*history.writes, *late), key=lambda w: w.began_ms)))
    assert judged(changed).rpo_seconds == pytest.approx(25.4, abs=0.1)


def test_more_loss_than_the_objective_breaks_it_unless_it_was_shown_and_accepted() -> None:
    assert judge(region_loss(accepted_lag_seconds=0.0), INTERVALS, (900.0, 0.1)).findings[1].held is True  # rounding
    history = region_loss()
    few = rows([w for w in history.writes if w.ended_ms < at(2) or w.region == S], S)
    lagging = replace(history, rows=few)
    unaccepted = replace(lagging, accepted_lag_seconds=2.0)
    assert judge(lagging, INTERVALS, (900.0, 5.0)).findings[1].held is True
    assert judge(unaccepted, INTERVALS, (900.0, 5.0)).findings[1].held is False


@pytest.mark.parametrize(
    ("promise", "name"),
    [
        (Promise(writer=A), "writer"),
        (Promise(recovery="refused"), "recovery"),
        (Promise(recovery="none"), "recovery"),
        (Promise(lossless=True), "lossless"),
        (Promise(told=("looks lost", "never said")), "told"),
        (Promise(heard=("held by",)), "heard"),
    ],
)
def test_a_promise_that_was_not_kept_breaks_the_verdict(promise: Promise, name: str) -> None:
    result = judged(region_loss(promise=promise))
    assert [f.name for f in result.findings if f.held is False] == [name]
    assert result.verdict.startswith(f"broken ({name})")


def test_a_refusal_by_the_command_counts_as_a_refused_recovery() -> None:
    typed = event(13, "person", "", "types python -m generator failover", verb="failover")
    ended = event(14, "person", "", "failover ended with 5", "refused", code=5)
    refused = quiet(events=(*quiet().events, typed, ended), promise=Promise(recovery="refused"))
    assert finding(refused, "recovery").held


def test_a_scenario_that_was_not_played_to_its_end_is_broken() -> None:
    assert finding(region_loss(failure="no execution came to Fence"), "played").held is False


def test_a_drill_that_nobody_looked_at_for_a_while_does_not_hold() -> None:
    history = region_loss()
    assert "seen" not in {each.name for each in judged(history).findings}
    middle = [each for each in history.samples if not 40_000 <= each.at_ms - history.samples[0].at_ms < 60_000]
    found = finding(replace(history, samples=tuple(middle)), "seen")
    assert found.held is False and "nobody looked for" in found.reason


def test_a_connection_that_stays_behind_is_seen_and_one_that_was_taken_away_has_no_time() -> None:
    slow, dead = writes(S, BACK + 10, END, worker=f"{S}/2"), writes(A, 0, LOST_AT, worker=f"{A}/1")
    by_name = {each.worker: each for each in connections(region_loss(writes=(*region_loss().writes, *slow, *dead)))}
    assert by_name[f"{S}/1"].longest_seconds == pytest.approx(185.0, abs=0.1)
    assert by_name[f"{S}/2"].longest_seconds == pytest.approx(0.2, abs=0.01)
    assert by_name[f"{A}/1"].longest_seconds is None


def test_the_sums_of_budget_and_floor_are_those_of_the_parts() -> None:
    result = judged(region_loss())
    assert result.budget_seconds == budget(INTERVALS).sum
    assert result.floor_seconds == pytest.approx(sum(share.floor for share in result.shares))
    assert [share.part for share in result.shares] == list(PARTS)
