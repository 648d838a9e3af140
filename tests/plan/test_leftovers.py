"""What is of our making: by name and by tag. What is somebody else's is never taken away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.plan.leftovers import leftovers, parse
from generator.plan.model import DeleteInstances, DeleteStackSet, Seen, SeenInstance, SeenStack, SeenStackSet
from generator.plan.teardown import teardown
from generator.plan.waves import plan
from tests.plan.deploying import deployed, example, facts_of, shipped

ACCOUNT, ONE, TWO = "111122223333", "eu-west-1", "eu-central-1"
OURS = {"disaster-recovery:environment": "example"}


def beside(seen: Seen, name: str, tags: dict[str, str], parameters: dict[str, str] | None = None) -> Seen:
    """Return what is seen when there is one more StackSet."""
    stack = SeenStack(f"StackSet-{name}", f"{name}/1", ONE, ACCOUNT, "CREATE_COMPLETE", parameters=parameters or {})
    found = SeenStackSet(name, "{}", tags=tags, instances=(SeenInstance(ACCOUNT, ONE, "CURRENT", stack=stack),))
    return replace(seen, stacksets={**seen.stacksets, name: found})


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("dr-example-observability-team", OURS),
        ("dr-example-observability-eu-west-1", OURS),
        ("dr-example-marker-eu-west-1-team", OURS),
        ("dr-example-peering-request-eu-west-1", OURS),
        ("dr-example-marker-us-east-2", {}),
        ("dr-example-marker-us-east-2", {"disaster-recovery:environment": "other"}),
        ("dr-example-records-weighted", {}),
    ],
)
def test_what_somebody_else_made_under_a_name_like_ours_is_never_taken_away(name: str, tags: dict[str, str]) -> None:
    environment = example()
    cloud = deployed(environment)
    seen = beside(cloud.seen(), name, tags)
    assert leftovers(environment, seen, facts_of(environment, cloud).placed.instances) == ()
    assert not [work for wave in plan(environment, seen).waves for work in wave if work.name == name]
    for data in (False, True):
        steps = teardown(environment, seen, data=data).steps
        assert not [each for each in steps if getattr(each, "name", "") == name]
    empty = replace(seen, stacksets={name: replace(seen.stacksets[name], instances=())}, plain={})
    gone = teardown(environment, empty, data=True).steps
    assert not [each for each in gone if isinstance(each, DeleteStackSet | DeleteInstances)]


def test_what_we_made_and_no_longer_want_is_left_over() -> None:
    environment = example()
    cloud = deployed(environment)
    seen = beside(cloud.seen(), "dr-example-records-weighted", OURS)
    (found,) = leftovers(environment, seen, facts_of(environment, cloud).placed.instances)
    assert (found.stackset, found.region) == ("dr-example-records-weighted", ONE)


def test_every_name_that_is_deployed_is_known_with_the_regions_behind_it() -> None:
    for environment in (example(), shipped("three-regions")):
        for name in deployed(environment).sets:
            kind, about = parse(environment, name)
            assert kind and name == f"dr-{environment.suffix}-{kind}" + (f"-{about}" if about else "")


def test_a_teardown_names_what_has_our_name_and_not_our_tag() -> None:
    environment = example()
    seen = beside(deployed(environment).seen(), "dr-example-marker-us-east-2", {})
    (found,) = [each for each in teardown(environment, seen, data=True).left if "us-east-2" in each.name]
    assert found.regions == (ONE,) and "tag" in found.why


def test_another_environments_home_is_not_taken_for_ours() -> None:
    from tests.plan.test_safety import refused

    seen = beside(deployed(example()).seen(), "dr-example-two-network", OURS, {"DnsRegion": "us-east-1"})
    assert refused(example(), seen) == ()
