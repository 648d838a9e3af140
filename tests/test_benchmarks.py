"""The bench itself: a goal that is missed is said, and measuring measures."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import recoveries
from benchmarks.measure import Measured, python, turns
from benchmarks.page import page
from benchmarks.scenarios import Goal, Result, environment
from generator.config import load

RESULT = Result("Build", "What it is.", (("a", Measured(0.5, 30)),), (Goal("fast", 1.0, 2.5), Goal("small", 3.0, 2.5)))


def test_a_goal_is_met_up_to_its_limit() -> None:
    assert [goal.met for goal in RESULT.goals] == [True, False]


def test_the_page_says_met_or_missed_and_no_date() -> None:
    pytest.importorskip("psycopg")
    text = page([RESULT], 9)
    assert "| fast | 1.00 | 2.50 | met |" in text
    assert "| small | 3.00 | 2.50 | **missed** |" in text
    assert "| a | 0.500 | 30 |" in text
    assert text == page([RESULT], 9)


def test_a_table_may_have_columns_of_its_own() -> None:
    calls = Result("Calls", "How many.", (("first", ("164", "82")),), (), headings=("calls", "changing"))
    text = page([calls], 9)
    assert "| | calls | changing |\n|---|---:|---:|\n| first | 164 | 82 |" in text


def test_memory_is_the_childs_own_and_not_what_this_process_has() -> None:
    ballast = bytearray(200 * 1024 * 1024)
    measured = turns({"bare": python("-c", "pass"), "large": python("-c", "x = bytearray(100 * 1024 * 1024)")}, 1)
    assert measured["bare"].mebibytes < 60 < 100 < measured["large"].mebibytes
    assert len(ballast) > 0


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(RuntimeError, match="ended in 3"):
        turns({"broken": python("-c", "raise SystemExit(3)")}, 1)


def test_a_recovery_is_held_against_its_floor_and_one_that_never_came_misses_its_goal() -> None:
    shares = [{"part": "noticing", "measured": 5.0, "floor": 4.0, "budget": 9.0}]
    shares += [{"part": "promoting", "measured": None, "floor": 0.05, "budget": 180.0}]
    result = {"rto_seconds": 12.0, "floor_seconds": 10.0, "budget_seconds": 30.0, "rpo_rows": 3, "held": True}
    drill: dict[str, Any] = {"history": {"scenario": "gone", "probe": "metric"}, "result": {**result, "shares": shares}}
    assert recoveries._row(drill) == ("`gone`", ("metric", "12.0", "12", "10.0", "1.20", "30", "0.05", "3", "held"))
    assert recoveries._parts(drill) == ("`gone`", ("5.0 of 4.0 of 9", "– of 0.1 of 180"))
    assert recoveries._goal(drill).met
    drill["result"]["rto_seconds"] = None
    assert not recoveries._goal(drill).met


@pytest.mark.parametrize("count", [2, 5, 10])
def test_the_environments_that_are_measured_are_valid(count: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("bench") / "environment.yaml"
    path.write_text(environment(count, "bench"))
    assert len(load(path).data_regions) == count
