"""The recovery machine, stopped at each of its steps and started again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from stage import DEFINITION, Stage

from recovery.state import violations

STATES = json.loads(DEFINITION.read_text())["States"]


@pytest.fixture(autouse=True)
def emulated() -> Iterator[None]:
    with mock_aws():
        yield


def _whole(alive: bool = False, **request: Any) -> dict[str, object]:
    stage = Stage(alive=alive)
    stage.start(**request)
    return stage.end()


def _touched(request: dict[str, Any], **world: Any) -> list[str]:
    stage = Stage(**world)
    trail = stage.start(**request).trail
    return [name for name in dict.fromkeys(trail) if STATES[name]["Type"] == "Task"]


FAILOVER_TASKS = [
    "TakeLease",
    "Assess",
    "RecordFence",
    "Fence",
    "Promote",
    "Mark",
    "Confirm",
    "Tell",
    "Release",
]
SWITCHOVER_TASKS = ["TakeLease", "Assess", "Promote", "Confirm", "Tell", "Release"]


def test_the_steps_that_are_killed_below_are_all_steps_there_are() -> None:
    assert _touched({}) == FAILOVER_TASKS
    assert _touched({"verb": "switchover"}, alive=True) == SWITCHOVER_TASKS


@pytest.mark.parametrize("moment", ["before", "during", "after"])
@pytest.mark.parametrize("name", FAILOVER_TASKS)
def test_a_failover_killed_at_any_step_ends_the_same_when_started_again(name: str, moment: str) -> None:
    expected = _whole()
    stage = Stage(kill=(name, moment))
    stage.start("first")
    stage.kill = None
    ended = stage.start("second")
    assert ended.status == "SUCCEEDED", ended
    assert stage.end() == expected
    assert violations(stage.facts(), stage.clock.now) == ()


@pytest.mark.parametrize("moment", ["before", "during", "after"])
@pytest.mark.parametrize("name", SWITCHOVER_TASKS)
def test_a_switchover_killed_at_any_step_ends_the_same_when_started_again(name: str, moment: str) -> None:
    expected = _whole(alive=True, verb="switchover")
    stage = Stage(alive=True, kill=(name, moment))
    stage.start("first", verb="switchover")
    stage.kill = None
    ended = stage.start("second", verb="switchover")
    assert ended.status == "SUCCEEDED", ended
    assert stage.end() == expected
