"""Scenarios: files that say what they mean, refuse what makes no sense, and fit their environments."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from generator.config import load as load_environment
from generator.errors import UsageError
from twin.drill.chance import drawn
from twin.drill.scenario import VERBS, Repeat, Scenario, Step, every, load
from twin.drill.stage import environment_file, places

ASKED_FOR = (
    "region-loss", "planned-switchover", "failback-after-loss", "database-hung", "replica-lagging",
    "partition-without-loss", "flapping", "control-planes-dark", "double-trigger", "step-killed", "standby-lost",
    "zombie-returns", "silence-after-swap", "three-regions", "witness-decides", "rolling-restart-of-the-twin",
)  # fmt: skip
FAULTS = Path(__file__).parents[2] / "docs" / "faults.md"


def flat(steps: tuple[Step, ...]) -> list[Step]:
    return [inner for each in steps for inner in (flat(each.steps) if isinstance(each, Repeat) else [each])]


@pytest.mark.parametrize("name", ASKED_FOR)
def test_a_scenario_that_was_asked_for_is_there(name: str) -> None:
    assert load(name).name == name


@pytest.mark.parametrize("scenario", every(), ids=lambda each: each.name)
def test_every_place_of_a_scenario_is_a_region_of_its_environment(scenario: Scenario, tmp_path: Path) -> None:
    known = places(load_environment(environment_file(scenario, tmp_path)))
    named = {
        value
        for step in flat(scenario.steps)
        for name, value in step
        if isinstance(value, str)
        and (name == step.verb or name == "origin")
        and re.fullmatch(r"origin|standby.*|witness", value)
    }
    assert named | ({scenario.promise.writer} - {""}) <= set(known)


@pytest.mark.parametrize("scenario", every(), ids=lambda each: each.name)
def test_every_fault_that_a_scenario_plays_is_one_of_the_list_and_named_there(scenario: Scenario) -> None:
    rows = dict(re.findall(r"^\| (\d+[a-f]?) \|(.*)$", FAULTS.read_text(), re.MULTILINE))
    assert scenario.faults
    assert [number for number in scenario.faults if number not in rows] == []
    assert any(f"`{scenario.name}`" in rows[number] for number in scenario.faults)


def test_the_list_of_faults_names_only_scenarios_and_tests_that_are_there() -> None:
    text = FAULTS.read_text()
    known = {each.name for each in every()}
    root = FAULTS.parents[1]
    cells = [line.rsplit("|", 2)[1] for line in text.splitlines() if re.match(r"\| \d", line)]
    for cell in cells:
        for word in re.split(r"[,;] ", cell.strip()):
            name = word.strip("`")
            assert name in known or (root / name).exists() or name == "not yet", word


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("title: a\n", "why"),
        ("title: a\nwhy: b\nkind: failover\nsteps: [{explode: origin}]\n", "a step has one of"),
        ("title: a\nwhy: b\nkind: failover\nsteps: [{lose: moon}]\n", "lose"),
        ("title: a\nwhy: b\nkind: failover\nsteps: [{wait: -1}]\n", "wait"),
        ("title: a\nwhy: b\nkind: failover\nsteps: [{repeat: 2, steps: [{lose: origin, hwo: dead}]}]\n", "hwo"),
        ("- 1\n", "no mapping"),
        ("a: [\n", "can't be read"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_by_name(tmp_path: Path, said: str, complaint: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(said)
    with pytest.raises(UsageError, match=complaint) as refused:
        load(str(path))
    assert str(path) in str(refused.value)
    assert refused.value.hint


def test_a_name_that_is_none_is_answered_with_those_that_are() -> None:
    with pytest.raises(UsageError) as refused:
        load("region-los")
    assert "region-loss" in refused.value.hint


def test_every_verb_is_the_first_field_of_its_step() -> None:
    assert all(verb in kind.model_fields for verb, kind in VERBS.items())


@given(some.integers(min_value=0, max_value=10_000))
def test_a_seed_draws_the_same_scenario_each_time(seed: int) -> None:
    assert drawn(seed) == drawn(seed)


def test_seeds_draw_different_scenarios() -> None:
    assert len({drawn(seed).steps for seed in range(50)}) > 40
