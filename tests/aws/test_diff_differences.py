"""What ``diff`` tells: nothing when nothing differs, and otherwise what, where, and whether it holds data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.cli.diff import text
from generator.config import Environment
from generator.plan.differences import Difference, Differences, differences
from generator.plan.model import Seen
from tests.aws import deployed as world
from tests.aws import status_world

A, B = status_world.A, status_world.B


@pytest.fixture
def made(tmp_path: Path) -> Environment:
    return status_world.environment(tmp_path)


@pytest.fixture
def seen(made: Environment) -> Seen:
    return world.whole(made)


def changed(tmp_path: Path, **changes: Any) -> Environment:
    (tmp_path / "changed").mkdir(exist_ok=True)
    return status_world.environment(tmp_path / "changed", **changes)


def found(made: Environment, seen: Seen) -> Differences:
    return differences(world.facts(made, seen), world.templates(made.shape))


def one(told: Differences, stack: str) -> Difference:
    return next(each for each in told.stacks if each.stack == stack)


def test_nothing_differs_once_all_is_deployed(made: Environment, seen: Seen) -> None:
    told = found(made, seen)
    assert told.stacks == ()
    assert not told.any
    assert text(told) == ""


def test_the_same_after_the_roles_have_swapped(made: Environment) -> None:
    assert not found(made, world.whole(made, active=B)).any


def test_a_first_deploy_adds_everything_and_says_what_is_not_known_yet(made: Environment) -> None:
    told = found(made, Seen(account=made.accounts.workload))
    assert {each.verb for each in told.stacks} == {"added"}
    assert told.resources.added > 200
    assert (told.resources.changed, told.resources.replaced, told.resources.removed) == (0, 0, 0)
    network = one(told, "probe").places[0]
    key = next(each for each in network.parameters if each.name == "KeyArn")
    assert (key.known, key.new) == (False, None)
    assert "+KeyArn: (not known yet)    (output KeyArn of keys in" in text(told)


def test_a_value_that_changes_is_told_with_its_origin_and_what_it_changes(
    made: Environment, seen: Seen, tmp_path: Path
) -> None:
    told = found(changed(tmp_path, log_days=90), seen)
    probe = one(told, "probe")
    assert probe.template == ""
    assert [place.region for place in probe.places] == [A, B]
    (days,) = probe.places[0].parameters
    assert (days.name, days.old, days.new) == ("LogDays", "400", "90")
    assert {change.kind for change in probe.places[0].resources} == {"changed"}
    assert "-LogDays: 400\n+LogDays: 90    (" in text(told)
    assert told.resources.replaced == told.resources.removed == 0


def test_what_replaces_data_is_marked(made: Environment, seen: Seen, tmp_path: Path) -> None:
    database = {"name": "other", "engine_version": "16.8"}
    told = found(changed(tmp_path, database=database), seen)
    replaced = [each for place in one(told, "database").places for each in place.resources if each.kind == "replaced"]
    assert [each.logical_id for each in replaced if each.holds_data][:1] == ["Cluster"]
    assert told.resources.data >= 1
    assert "WHICH HOLDS DATA" in text(told)


def test_another_template_is_told_as_a_unified_diff(made: Environment, seen: Seen) -> None:
    name = f"dr-{made.suffix}-keys"
    before = seen.stacksets[name]
    old = before.template.replace("EnableKeyRotation: true", "EnableKeyRotation: false")
    assert old != before.template
    told = found(made, replace(seen, stacksets={**seen.stacksets, name: replace(before, template=old)}))
    (keys,) = told.stacks
    assert keys.template.startswith(f"--- {name} (deployed)\n+++ {name} (built)\n")
    assert "-      EnableKeyRotation: false\n+      EnableKeyRotation: true\n" in keys.template
    assert {change.properties for place in keys.places for change in place.resources} == {("EnableKeyRotation",)}


def test_tags_that_change_are_told(made: Environment, seen: Seen, tmp_path: Path) -> None:
    told = found(changed(tmp_path, tags={"owner": "others"}), seen)
    assert {each.tags for each in told.stacks} == {("-owner: platform", "+owner: others")}
    assert "@@ tags @@\n-owner: platform\n+owner: others\n" in text(told)


def test_a_region_that_goes_keeps_what_holds_data(tmp_path: Path) -> None:
    whole = status_world.environment(tmp_path, "three-regions", accounts={"workload": status_world.ACCOUNT})
    seen = world.whole(whole)
    regions = {
        name: region.model_dump(mode="json", exclude_unset=True, exclude={"name"})
        for name, region in whole.regions.items()
        if name != "eu-west-1"
    }
    (tmp_path / "less").mkdir()
    less = status_world.environment(
        tmp_path / "less", "three-regions", accounts={"workload": status_world.ACCOUNT}, regions=regions
    )
    told = found(less, seen)
    verbs = {each.stack: place.verb for each in told.stacks for place in each.places if place.region == "eu-west-1"}
    assert verbs["database"] == verbs["storage"] == verbs["keys"] == verbs["network"] == "released"
    assert verbs["probe"] == verbs["health"] == "removed"
    assert one(told, "marker").verb in ("changed", "removed")


def test_a_dark_region_is_told_and_not_guessed(made: Environment, seen: Seen) -> None:
    stacksets = {
        name: replace(
            one_,
            instances=tuple(
                replace(each, stack=None, reachable=False) if each.region == B else each for each in one_.instances
            ),
        )
        for name, one_ in seen.stacksets.items()
    }
    told = found(made, replace(seen, stacksets=stacksets, dark=(B,)))
    assert {place.verb for each in told.stacks for place in each.places if place.region == B} == {"dark"}
    assert told.dark == (B,)
    assert "does not answer" in text(told)


def test_an_instance_that_its_stackset_calls_outdated_is_told(made: Environment, seen: Seen) -> None:
    name = f"dr-{made.suffix}-keys"
    before = seen.stacksets[name]
    late = (replace(before.instances[0], status="OUTDATED"), *before.instances[1:])
    told = found(made, replace(seen, stacksets={**seen.stacksets, name: replace(before, instances=late)}))
    assert [(each.name, each.places[0].state) for each in told.stacks] == [(name, "OUTDATED")]
    assert "is OUTDATED: it is updated again" in text(told)
