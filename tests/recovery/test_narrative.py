"""What a recovery's states mean to a person who looks on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recovery.narrative import DOING, left

STATES = json.loads((Path(__file__).parents[2] / "generator" / "stacks" / "recovery.asl.json").read_text())["States"]
BEGUN: dict[str, Any] = {
    "fence": {"outcome": "none", "reason": "no fence was needed"},
    "mark": {"outcome": "none"},
    "promotion": {"outcome": "none", "reason": ""},
    "confirmation": {"confirmed": False, "reason": "not looked at"},
    "told": {"outcome": "nothing to tell"},
}


def test_every_state_that_is_told_of_exists() -> None:
    assert set(DOING) <= set(STATES)


@pytest.mark.parametrize(
    ("state", "output", "step", "said", "well"),
    [
        ("Assess", {"assessed": {"outcome": "proceed", "reason": "it is lost"}}, "assess", "proceed: it is lost", True),
        ("Assess", {"assessed": {"outcome": "refused", "reason": "it lags"}}, "assess", "refused: it lags", False),
        ("AskApproval", {"approval": {"by": "Ada"}}, "approve", "approved by Ada", True),
        ("Fence", {"fence": {"outcome": "fenced", "reason": "a is fenced"}}, "fence", "fenced: a is fenced", True),
        ("FenceFailed", {"fence": {"outcome": "failed", "reason": "no"}}, "fence", "failed: no", False),
        ("Promote", {"promotion": {"outcome": "accepted", "reason": "b"}}, "promote", "accepted: b", True),
        ("PromoteUnclear", {"promotion": {"outcome": "unclear", "reason": "b"}}, "promote", "unclear: b", False),
        ("Mark", {"mark": {"outcome": "written"}}, "mark", "the old region is marked as superseded", True),
        ("Confirm", {"confirmation": {"confirmed": True, "reason": "b took a write"}}, "prove", "b took a write", True),
        ("Tell", {"told": {"outcome": "told"}}, "tell", "people are told", True),
        ("NotTold", {"told": {"outcome": "failed", "reason": "x"}}, "tell", "nobody could be told: x", False),
    ],
)
def test_what_came_of_a_state_is_a_sentence(
    state: str, output: dict[str, Any], step: str, said: str, well: bool
) -> None:
    assert state in STATES
    line = left(state, BEGUN | output)
    assert line is not None
    assert (line.step, line.text, line.well) == (step, said, well)


@pytest.mark.parametrize("state", ["Assess", "AskApproval", "Fence", "Promote", "Mark"])
def test_a_state_that_was_left_by_an_error_leaves_the_telling_to_the_one_that_catches_it(state: str) -> None:
    assert left(state, BEGUN | {"error": {"Error": "States.Timeout"}}) is None


@pytest.mark.parametrize("state", sorted(set(STATES) - {"Tell", "NotTold", "TakeOver"}))
def test_no_state_stumbles_over_what_the_machine_begins_with(state: str) -> None:
    left(state, BEGUN)
