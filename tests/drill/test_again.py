"""A second round on the same stage: places turn with the writer, and what was broken is given back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from generator.errors import UsageError
from twin.cloud.databases.acts import ACTS
from twin.drill.again import CURES, _acts, turned
from twin.drill.scenario import LOADS, crossed, load
from twin.drill.stage import Stage

PLACES = {"origin": "eu-west-1", "standby": "eu-central-1", "standby-2": "us-east-1"}


def left(name: str) -> list[tuple[str, str]]:
    built: Any = SimpleNamespace(places=PLACES)
    return [each for each in _acts(cast("Stage", built), load(name).steps) if each[0] in CURES]


def test_the_region_that_has_the_writer_is_the_origin_of_the_next_round() -> None:
    assert turned(PLACES, "eu-central-1") == {**PLACES, "origin": "eu-central-1", "standby": "eu-west-1"}
    assert turned(PLACES, "us-east-1") == {**PLACES, "origin": "us-east-1", "standby-2": "eu-west-1"}
    assert turned(turned(PLACES, "us-east-1"), "eu-west-1") == PLACES


def test_what_a_scenario_leaves_broken_is_known_and_what_it_mends_itself_is_not_mended_again() -> None:
    assert left("read-only") == [("read-only", "eu-west-1")]
    assert left("database-killed") == [("kill", "eu-west-1")]
    assert left("database-hung") == []


def test_every_cure_is_an_act_of_the_local_cloud() -> None:
    assert {*CURES, *CURES.values()} <= set(ACTS)


def test_the_first_seven_faults_are_crossed_with_every_load() -> None:
    every = crossed()
    assert {number for each in every for number in each.faults if number in "1234567"} == set("1234567")
    assert {each.name.rpartition("-")[2] for each in every} == set(LOADS)
    assert len({each.name for each in every}) == len(every) == 7 * len(LOADS)


def test_a_crossed_scenario_says_by_which_words_it_is_played_again() -> None:
    scenario = load("read-only").with_load("loaded")
    assert (scenario.name, scenario.asked) == ("read-only-loaded", "read-only --load loaded")
    assert scenario.load.per_second > load("read-only").load.per_second


def test_a_load_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="no load heavy") as refused:
        load("read-only").with_load("heavy")
    assert "idle" in refused.value.hint
