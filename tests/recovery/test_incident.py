"""Told once, acted on as the mode says, closed when it has been well for long enough."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from situations import NOW, A, B, healthy, lost, seen, with_view

from recovery.detection import observe
from recovery.incident import Incident, Terms, decide, execution_name, next_step
from recovery.state import Snapshot

KNOWN = Incident(A, NOW - 300_000, told=True)


def acts(snapshot: Snapshot, known: Incident | None, mode: str = "manual", first: bool = True) -> list[str]:
    seen_now = observe(snapshot, A, 60, NOW)
    return [act.name for act in decide(seen_now, known, Terms(mode, 60, first), NOW)]


def test_a_loss_is_told_once_and_manual_starts_nothing() -> None:
    assert acts(lost(), None) == ["open", "tell"]
    assert acts(lost(), KNOWN) == []


def test_automatic_starts_when_the_voters_agree_and_not_before() -> None:
    assert acts(lost(), None, "automatic") == ["open", "tell", "start"]
    alone = replace(lost(), witness_regions=())
    assert acts(alone, None, "automatic") == ["open", "tell"]
    assert acts(lost(), KNOWN, "automatic") == ["start"], "the voters agreed only later"


def test_approval_starts_the_machine_which_asks() -> None:
    assert acts(replace(lost(), witness_regions=()), None, "approval") == ["open", "tell", "start"]


def test_what_was_started_is_not_started_again() -> None:
    assert acts(lost(), replace(KNOWN, started="loss"), "automatic") == []


def test_a_region_that_is_not_first_stays_quiet() -> None:
    assert acts(lost(), None, "automatic", first=False) == []


def test_an_incident_that_could_not_be_told_is_told_again() -> None:
    assert acts(lost(), replace(KNOWN, told=False)) == ["tell"]
    assert acts(lost(), Incident(A, NOW - 10_000)) == [], "the run that opened it may still be telling"


def test_an_incident_closes_only_after_it_has_been_calm_for_a_while() -> None:
    assert acts(healthy(), KNOWN) == ["calm"]
    assert acts(healthy(), replace(KNOWN, calm_ms=NOW - 30_000)) == []
    assert acts(healthy(), replace(KNOWN, calm_ms=NOW - 61_000)) == ["close"]
    assert acts(lost(), replace(KNOWN, calm_ms=NOW - 30_000)) == ["unrest"]


def test_silence_here_closes_nothing() -> None:
    silent = with_view(lost(), seen(B, B, "replica", ago=600))
    assert acts(silent, replace(KNOWN, calm_ms=NOW - 600_000)) == []


def test_nothing_is_done_while_all_is_well() -> None:
    assert acts(healthy(), None, "automatic") == []


def test_an_execution_name_is_one_that_step_functions_takes() -> None:
    name = execution_name("ap-southeast-3", NOW)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name)
    assert name == execution_name("ap-southeast-3", NOW)


@pytest.mark.parametrize("mode", ["manual", "approval", "automatic"])
def test_the_next_step_of_a_person_is_an_exact_command(mode: str) -> None:
    step = next_step(A, B, mode, False, "arn:machine")
    assert mode == "approval" or f"aws stepfunctions start-execution --region {B} --state-machine-arn arn:mac" in step
