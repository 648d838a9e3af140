"""The RTO's parts: whatever happened and was seen, each moment belongs to exactly one of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.stacks.health import _PROOF, CHECK_INTERVAL, FAILURE_THRESHOLD
from recovery import objectives
from recovery.objectives import PARTS, Intervals, budget
from tests.drill.histories import INTERVALS, LOST_AT, A, S, at, event, quiet, region_loss, switchover, writes
from tests.strategies import INTERVALS as ANY_INTERVALS
from twin.drill.acknowledgements import longest_silence, overlap_seconds
from twin.drill.record import History, Share
from twin.drill.shares import ALARM_PERIOD_SECONDS, OUTAGE, at_speed, floor, limits, split


def shares(history: History, intervals: Intervals = INTERVALS) -> dict[str, Share]:
    return {share.part: share for share in split(history, longest_silence(history), intervals)}


def test_a_loss_is_split_at_the_moments_that_bound_the_parts() -> None:
    parts = {part: share.measured for part, share in shares(region_loss()).items()}
    assert parts == {"noticing": 90, "deciding": 8, "fencing": 2, "promoting": 3, "dns": 82, "client": 0.005}


def test_what_dns_notices_while_people_decide_is_counted_as_deciding_alone() -> None:
    parts = shares(region_loss())
    for before, after in pairwise(parts.values()):
        assert before.ended_ms == after.began_ms


def test_dns_ends_one_ttl_after_the_answer_when_the_application_dawdles() -> None:
    history = region_loss()
    late = replace(history, writes=(*(w for w in history.writes if w.region == A), *writes(S, 215, 220, first=200)))
    parts = shares(late)
    assert parts["dns"].ended_ms == at(200)
    assert parts["client"].measured == pytest.approx(15.0, abs=0.01)


def test_a_switchover_costs_no_time_before_its_promotion_and_has_no_budget_for_it() -> None:
    parts = shares(switchover())
    assert [parts[part].measured for part in ("noticing", "deciding", "fencing")] == [0, 0, None]
    assert [parts[part].budget for part in ("noticing", "deciding", "fencing")] == [0, 0, 0]
    assert parts["promoting"].measured == pytest.approx(1.2, abs=0.01)
    assert parts["promoting"].floor == pytest.approx(1.2)


def test_a_writer_that_comes_back_by_itself_was_an_outage_and_no_recovery() -> None:
    (share,) = shares(quiet()).values()
    assert (share.part, share.budget) == (OUTAGE, 0)
    assert share.measured == longest_silence(quiet()).seconds


def test_a_recovery_that_got_stuck_has_the_rest_of_the_time_in_the_part_where_it_did() -> None:
    history = region_loss()
    stuck = replace(
        history,
        writes=tuple(w for w in history.writes if w.region == A),
        events=tuple(e for e in history.events if e.at_ms <= at(110)),
    )
    parts = shares(stuck)
    assert parts["promoting"].measured == pytest.approx(110)
    assert parts["promoting"].reason == "it had not ended when the drill did"
    assert (parts["dns"].measured, parts["client"].measured) == (None, None)


def test_an_event_from_before_the_disaster_bounds_nothing() -> None:
    history = region_loss()
    old = replace(history.events[3], at_ms=at(LOST_AT - 5))
    assert shares(replace(history, events=(old, *history.events)))["noticing"].measured == 90


MOMENTS = st.lists(st.floats(0, 260), min_size=5, max_size=5)


@given(MOMENTS, st.sets(st.sampled_from(("people", "person", "state machine", "database", "dns", "disaster"))))
def test_the_parts_add_up_to_the_silence_whatever_was_seen_and_when(times: list[float], unseen: set[str]) -> None:
    history = region_loss()
    told, typed, fence, promote, promoted = times
    sooner = {"people": told, "person": typed, "Fence": fence, "Promote": promote, "database": promoted}
    events = tuple(
        replace(e, at_ms=at(sooner[key])) if (key := e.detail.get("state", e.source)) in sooner else e
        for e in history.events
        if e.source not in unseen
    )
    changed = replace(history, events=events)
    silence = longest_silence(changed)
    found = split(changed, silence, INTERVALS)
    assert sum(share.measured or 0 for share in found) == pytest.approx(silence.seconds)
    spans = [(s.began_ms, s.ended_ms) for s in found if s.measured is not None]
    assert spans[0][0] == silence.began_ms
    assert spans[-1][1] == silence.ended_ms
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert all((s.measured or 0) >= 0 for s in found)


@given(ANY_INTERVALS)
def test_limits_are_part_of_the_budget_and_no_speed_divides_them(intervals: Intervals) -> None:
    fixed, whole = limits(intervals), budget(intervals)
    assert all(0 <= fixed[part] <= whole.of(part) for part in PARTS)
    assert at_speed(intervals, 1) == pytest.approx(whole.parts)
    fast = at_speed(intervals, 60)
    assert all(fixed[part] <= fast[part] <= whole.of(part) for part in PARTS)
    assert (fast["fencing"], fast["promoting"], fast["client"]) == (
        objectives.FENCE_SECONDS,
        objectives.PROMOTION_SECONDS,
        objectives.CLIENT_SECONDS,
    )


@given(ANY_INTERVALS, st.sampled_from((1.0, 10.0, 60.0)))
def test_the_floor_is_never_above_the_budget_but_for_people_and_promotions(intervals: Intervals, speed: float) -> None:
    history = region_loss(speed=speed, mode=intervals.mode)
    least = floor(history, longest_silence(history), intervals)
    most = at_speed(intervals, speed)
    assert all(least[part] <= most[part] + 1e-9 for part in PARTS if part not in ("deciding", "promoting"))


def test_the_floor_has_the_persons_time_as_it_was_played_and_the_promotion_as_it_was_measured() -> None:
    history = region_loss()
    least = floor(history, longest_silence(history), INTERVALS)
    assert least == {"noticing": 90, "deciding": 5, "fencing": 0, "promoting": 2, "dns": 100, "client": 0}
    asked = floor(history, longest_silence(history), replace(INTERVALS, probe="endpoint"))
    assert asked["dns"] == 5 + 25 + 5


def test_an_alarms_mail_is_no_notice_that_anybody_acts_on() -> None:
    history = region_loss()
    rings = event(LOST_AT + 20, "people", S, 'ALARM: "dr-example-partner" in EU (Frankfurt)')
    assert shares(replace(history, events=(rings, *history.events)))["noticing"].measured == 90


def test_the_floor_knows_the_deployed_alarm_and_check() -> None:
    assert _PROOF["Period"] * _PROOF["EvaluationPeriods"] == ALARM_PERIOD_SECONDS
    assert (CHECK_INTERVAL, FAILURE_THRESHOLD) == (objectives.CHECK_INTERVAL_SECONDS, objectives.CHECK_THRESHOLD)


@given(st.floats(0, 30), st.floats(0, 30), st.floats(1, 30), st.floats(1, 30))
def test_an_overlap_is_as_long_as_both_regions_acknowledge(a: float, s: float, longer: float, long: float) -> None:
    both = (*writes(A, a, a + longer, worker="a"), *writes(S, s, s + long, worker="s"))
    expected = max(0.0, min(a + longer, s + long) - max(a, s))
    assert overlap_seconds(both) == pytest.approx(expected, abs=0.45)
    assert overlap_seconds(both, at(100)) == 0
