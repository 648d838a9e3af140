"""What a drill waits for comes after the newest disaster or request, and what counts as a fence is the writer's."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, cast

from tests.drill.histories import START, A, S, event, sample, writes
from twin.drill.run import Options, _fenced, unforeseen
from twin.drill.sights import Look, sight

BEFORE = [sample(each, ("writer", "replica"), (A,)) for each in range(10)]


def look(*events: Any, steps: dict[str, str] | None = None, since: float = 50, acknowledged: Any = ()) -> Look:
    seen = SimpleNamespace(events=list(events), steps=steps or {}, newest=sample(60, ("none", "writer"), (S,)))
    return Look(
        cast("Any", SimpleNamespace(writes=lambda: list(acknowledged))),
        cast("Any", seen),
        0,
        round(START + since * 1000),
    )


def test_only_a_message_since_the_newest_disaster_tells_of_it() -> None:
    told = event(40, "people", S, f"{A} looks lost")
    assert not sight("told", look(told))
    assert sight("told", look(told, since=30))


def test_a_recovery_has_ended_when_its_execution_has_or_the_command_that_had_nothing_to_start() -> None:
    assert not sight("ended", look(event(40, "state machine", S, "ended", ended="failed")))
    assert sight("ended", look(event(55, "state machine", S, "ended", ended="failed")))
    assert sight("ended", look(event(55, "person", "", "failover ended with 0", code=0)))
    assert not sight("ended", look(event(55, "person", "", "failover ended with 1", code=1)))
    assert not sight("ended", look(event(55, "person", "", "failover ended with 0", code=0), steps={"x": "Fence"}))


def test_recovered_is_only_what_was_asked_for_last() -> None:
    now = time.time() - START / 1000
    writing = writes(S, now - 1, now + 1)
    old = event(40, "state machine", S, "ended", ended="succeeded")
    new = event(55, "state machine", S, "ended", ended="succeeded")
    assert not sight("recovered", look(old, acknowledged=writing))
    assert sight("recovered", look(old, new, acknowledged=writing))


def test_a_standby_that_dies_is_no_fence_and_a_writer_that_dies_is_one() -> None:
    assert _fenced([event(12, "database", S, "was killed", act="kill")], BEFORE) is None
    assert _fenced([event(12, "database", A, "was killed", act="kill")], BEFORE) == START + 12_000


def test_a_writer_that_hung_before_its_door_was_closed_is_fenced_by_that() -> None:
    hung = [sample(each, ("none", "replica"), (A,)) for each in range(10, 20)]
    closed = event(20, "twin", A, f"the door of {A} is closed", who="application")
    assert _fenced([closed], [*BEFORE, *hung]) == START + 20_000


def test_the_moment_of_a_disaster_is_drawn_by_the_seed_within_a_minute_of_the_clocks() -> None:
    drawn = [unforeseen(Options(speed=10, seed=seed)) for seed in range(50)]
    assert 0 <= min(drawn) < 1 and 5 < max(drawn) <= 6
    assert drawn == [unforeseen(Options(speed=10, seed=seed)) for seed in range(50)]
