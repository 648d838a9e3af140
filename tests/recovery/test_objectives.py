"""The arithmetic of objectives: every part is there, every term counts, and longer never means shorter."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.config.parts import Recovery
from recovery.objectives import FENCE_SECONDS, PARTS, Intervals, budget, lag_visible_seconds
from tests.strategies import INTERVALS

ROOT = Path(__file__).resolve().parents[2]

USUAL = Intervals(
    mode="manual",
    probe="metric",
    interval=10,
    step_seconds=3,
    notice_seconds=60,
    decision_seconds=300,
    approval_seconds=900,
    ttl=10,
)


def test_the_usual_recovery_by_hand_adds_up_to_a_quarter_of_an_hour() -> None:
    assert budget(USUAL).parts == {
        "noticing": 130,
        "deciding": 310,
        "fencing": 30,
        "promoting": 180,
        "dns": 219,
        "client": 10,
    }
    assert budget(USUAL).sum == 879


def test_an_endpoint_is_noticed_sooner_than_a_metric() -> None:
    assert budget(replace(USUAL, probe="endpoint")).of("dns") < budget(USUAL).of("dns") / 2


def test_an_automatic_failover_waits_for_nobody() -> None:
    decided = budget(replace(USUAL, mode="automatic"))
    assert decided.of("deciding") == 20
    assert decided == budget(replace(USUAL, mode="automatic", decision_seconds=9999, approval_seconds=9999))


def test_an_approval_counts_with_all_the_time_that_it_may_take() -> None:
    assert budget(replace(USUAL, mode="approval")).of("deciding") == 900 + 20


def test_noticing_is_the_heartbeats_age_and_the_next_look() -> None:
    seconds = [budget(replace(USUAL, notice_seconds=notice)).of("noticing") for notice in (30, 60, 90)]
    assert seconds == [100, 130, 160]


def test_the_fence_is_given_up_within_its_budget() -> None:
    definition = json.loads((ROOT / "generator/stacks/recovery.asl.json").read_text())
    assert definition["States"]["Fence"]["TimeoutSeconds"] <= FENCE_SECONDS


def test_an_approval_that_a_file_may_ask_for_is_one_that_the_function_waits_for() -> None:
    code = (ROOT / "lambda/assess.py").read_text()
    (longest,) = re.findall(r"^LONGEST_APPROVAL_SECONDS = (\d+)$", code, re.MULTILINE)
    limits = Recovery.model_json_schema()["properties"]["approval_minutes"]
    assert limits["maximum"] * 60 <= int(longest)


@given(INTERVALS)
def test_every_part_has_a_term_and_the_parts_are_the_sum(intervals: Intervals) -> None:
    added = budget(intervals)
    assert tuple(added.parts) == PARTS
    assert all(seconds > 0 for seconds in added.parts.values())
    assert sum(added.parts.values()) == added.sum == sum(term.seconds for term in added.terms)
    assert [term.part for term in added.terms] == sorted((term.part for term in added.terms), key=PARTS.index)
    assert all(term.reason and term.source for term in added.terms)


@given(INTERVALS, st.sampled_from(["interval", "step_seconds", "notice_seconds", "decision_seconds", "ttl"]))
def test_a_longer_interval_never_makes_a_shorter_recovery(intervals: Intervals, name: str) -> None:
    longer = replace(intervals, **{name: getattr(intervals, name) + 1})
    assert budget(longer).sum >= budget(intervals).sum


@given(INTERVALS)
def test_the_table_ends_in_the_sum_that_the_words_end_in(intervals: Intervals) -> None:
    added = budget(intervals)
    assert added.table()[-1] == ("sum", str(added.sum), "", "")
    assert added.addends().endswith(f"= {added.sum} s")


@pytest.mark.parametrize(("interval", "seconds"), [(5, 13), (10, 23), (30, 63)])
def test_a_lag_is_seen_no_finer_than_two_heartbeats(interval: int, seconds: int) -> None:
    assert lag_visible_seconds(replace(USUAL, interval=interval)) == seconds
