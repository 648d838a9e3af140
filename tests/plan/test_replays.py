"""Plans carried out on a cloud in a dictionary, cut off after each step and begun again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.config import Environment
from generator.plan.actions import actions
from generator.plan.model import CreateInstances, CreateStackSet, Kind, Wait
from generator.plan.wanted import Facts, wanted
from generator.plan.waves import plan
from tests.plan.cloud import Cloud, FailedError
from tests.plan.deploying import (
    PACKAGES,
    PREFIXES,
    TEN,
    cut_off,
    deploy,
    deployed,
    example,
    of_regions,
    service_managed,
    shipped,
    template,
    texts,
)

ENVIRONMENTS: dict[str, Callable[[], Environment]] = {
    "two": lambda: shipped("example"),
    "three": lambda: shipped("three-regions"),
    "witness": lambda: shipped("witness"),
    "service-managed": service_managed,
}


@pytest.fixture(params=sorted(ENVIRONMENTS))
def environment(request: pytest.FixtureRequest) -> Environment:
    return ENVIRONMENTS[request.param]()


def test_a_second_deploy_changes_nothing(environment: Environment) -> None:
    cloud = deployed(environment)
    assert deploy(environment, cloud) == []


def test_a_deploy_that_is_cut_off_after_any_action_ends_the_same_when_it_is_run_again(
    environment: Environment,
) -> None:
    whole = Cloud(environment)
    count = len(deploy(environment, whole))
    for limit in range(count):
        cloud = Cloud(environment)
        assert cut_off(environment, cloud, limit)
        deploy(environment, cloud)
        assert cloud.state() == whole.state(), limit
        assert cloud.lost == [], limit


def test_ten_regions_are_deployed_and_then_left_alone() -> None:
    environment = of_regions(*TEN)
    cloud = deployed(environment)
    assert len(cloud.clusters()) == 10
    assert deploy(environment, cloud) == []


def test_five_environments_in_one_account_do_not_touch_each_other() -> None:
    environments = [example(suffix=f"side{index}") for index in range(5)]
    clouds = [deployed(each) for each in environments]
    together = [stackset for cloud in clouds for stackset in cloud.seen().stacksets.values()]
    for each, cloud in zip(environments, clouds, strict=True):
        seen = replace(cloud.seen(), stacksets={one.name: one for one in together})
        assert not [work for wave in plan(each, seen).waves for work in wave if work.remove]
        facts = Facts(each, seen, PACKAGES, PREFIXES)
        for wave in plan(each, seen).waves:
            for work in (one for one in wave if one.kind is Kind.STACKSET):
                values = {place: texts(wanted(facts, place, final=work.final)) for place in work.places}
                assert actions(each, work, values, template(work.stack, each.shape), seen) == ()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_cut_off_again_and_again_with_regions_that_fail_it_still_ends_the_same(data: st.DataObject) -> None:
    environment = ENVIRONMENTS[data.draw(st.sampled_from(["two", "three"]))]()
    cloud = Cloud(environment)
    regions = [region.name for region in environment.all_regions]
    whole = deployed(environment)
    for name in data.draw(st.lists(st.sampled_from(sorted(whole.sets)), max_size=4)):
        cloud.failing[(name, data.draw(st.sampled_from(regions)))] = data.draw(st.integers(1, 2))
    cloud.slow = set(data.draw(st.lists(st.sampled_from(sorted(whole.sets)), max_size=3)))
    for limit in data.draw(st.lists(st.integers(0, 60), max_size=4)):
        cut_off(environment, cloud, limit)
    for _ in range(12):
        if not cut_off(environment, cloud, 1000):
            break
    assert _without_births(cloud) == _without_births(whole)
    assert cloud.lost == []
    assert deploy(environment, cloud) == []


def _without_births(cloud: Cloud) -> dict[str, set[tuple[str, ...]]]:
    """What stands where, apart from ids, which differ when a stack was made twice."""
    return {name: {place for place, each in found.instances.items() if each.status == "CURRENT"}
            for name, found in cloud.sets.items()}  # fmt: skip


def test_a_region_that_fails_is_made_again_and_only_that_one() -> None:
    environment = example()
    cloud = Cloud(environment)
    cloud.failing[("dr-example-network", "eu-central-1")] = 1
    with pytest.raises(FailedError):
        deploy(environment, cloud)
    assert not any(name.startswith("dr-example-peering") for name in cloud.sets), "nothing goes on over a failure"
    done = deploy(environment, cloud)
    network = [each for each in done if getattr(each, "name", "") == "dr-example-network"]
    assert [(type(each).__name__, each.regions) for each in network] == [  # type: ignore[attr-defined]
        ("DeleteInstances", ("eu-central-1",)), ("CreateInstances", ("eu-central-1",)),
    ]  # fmt: skip
    assert deploy(environment, cloud) == []


def test_a_stack_that_was_deleted_behind_our_back_is_made_again_and_its_takers_follow() -> None:
    environment = example()
    cloud = deployed(environment)
    cloud.vanish("dr-example-recovery", "eu-west-1")
    done = deploy(environment, cloud)
    kinds = [(type(each).__name__, each.name) for each in done]  # type: ignore[attr-defined]
    assert kinds[:2] == [("DeleteInstances", "dr-example-recovery"), ("CreateInstances", "dr-example-recovery")]
    assert done[0].retain is True  # type: ignore[attr-defined]
    assert {name for kind, name in kinds[2:]} >= {"dr-example-observability", "dr-example-probe"}
    assert {kind for kind, _ in kinds[2:]} == {"UpdateInstances"}
    assert deploy(environment, cloud) == []
    assert cloud.lost == []


def test_an_outdated_instance_is_updated_and_no_other() -> None:
    environment = example()
    cloud = deployed(environment)
    account = environment.accounts.workload
    cloud.sets["dr-example-keys"].instances[(account, "eu-west-1")].status = "OUTDATED"
    (only,) = deploy(environment, cloud)
    assert (type(only).__name__, only.name, only.regions) == ("UpdateInstances", "dr-example-keys", ("eu-west-1",))  # type: ignore[attr-defined]
    assert deploy(environment, cloud) == []


def test_an_operation_that_someone_began_is_waited_for_and_not_begun_again() -> None:
    environment = example()
    cloud = Cloud(environment)
    cloud.slow = {"dr-example-network"}
    done = deploy(environment, cloud)
    of_network = [each for each in done if getattr(each, "name", "") == "dr-example-network"]
    assert [type(each) for each in of_network] == [CreateStackSet, CreateInstances, Wait, CreateInstances]
    made = [each.regions for each in of_network if isinstance(each, CreateInstances)]
    assert made == [("eu-west-1",), ("eu-central-1",)]
    assert [each.operations for each in of_network if isinstance(each, Wait)] == [("dr-example-network-op",)]
    assert deploy(environment, cloud) == []
