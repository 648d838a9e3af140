"""What one work does, call by call, for what its StackSet or stack looks like."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.plan.actions import actions
from generator.plan.model import (
    Action,
    CreateInstances,
    CreateStack,
    CreateStackSet,
    DeleteInstances,
    DeleteStack,
    DeleteStackSet,
    Kind,
    Seen,
    UpdateInstances,
    UpdateStack,
    UpdateStackSet,
    Wait,
    Work,
)
from generator.plan.wanted import wanted
from tests.plan.cloud import Cloud
from tests.plan.deploying import deployed, example, facts_of, of_regions, template, texts

ONE, TWO, THREE = "eu-west-1", "eu-central-1", "eu-west-2"
ACCOUNT = "111122223333"


def work_on(cloud: Cloud, name: str, **updates: object) -> Work:
    places = facts_of(cloud.environment, cloud).placed.of(name)
    kind = Kind.PLAIN if name in ("deployment", "stackset-roles") else Kind.STACKSET
    return replace(Work(kind, places[0].stackset, name, places), **updates)  # type: ignore[arg-type]


def done(cloud: Cloud, name: str, seen: Seen | None = None, **updates: object) -> tuple[Action, ...]:
    work, facts = work_on(cloud, name, **updates), facts_of(cloud.environment, cloud)
    values = {each: texts(wanted(facts, each, final=work.final)) for each in work.places}
    return actions(cloud.environment, work, values, template(name, cloud.environment.shape), seen or facts.seen)


def stackset(cloud: Cloud, name: str, **updates: object) -> Seen:
    seen = cloud.seen()
    found = replace(seen.stacksets[f"dr-example-{name}"], **updates)  # type: ignore[arg-type]
    return replace(seen, stacksets={**seen.stacksets, found.name: found})


def in_state(cloud: Cloud, name: str, region: str, status: str, stack: str) -> Seen:
    found = cloud.seen().stacksets[f"dr-example-{name}"]
    changed = tuple(
        replace(each, status=status, stack=replace(each.stack, status=stack))
        if each.region == region and each.stack
        else each
        for each in found.instances
    )
    return stackset(cloud, name, instances=changed)


@pytest.fixture(scope="module")
def cloud() -> Cloud:
    return deployed(example())


def test_regions_with_the_same_values_share_a_call_and_others_have_their_own(cloud: Cloud) -> None:
    nothing = replace(cloud.seen(), stacksets={})
    keys, network = done(cloud, "keys", nothing), done(cloud, "network", nothing)
    assert [(type(each), getattr(each, "regions", ())) for each in keys] == [
        (CreateStackSet, ()), (CreateInstances, (ONE, TWO)),
    ]  # fmt: skip
    assert [getattr(each, "regions", ()) for each in network] == [(), (ONE,), (TWO,)]


def test_an_ordered_work_makes_one_region_after_the_other_even_with_the_same_values(cloud: Cloud) -> None:
    nothing = replace(cloud.seen(), stacksets={})
    found = done(cloud, "keys", nothing, ordered=True)
    assert [getattr(each, "regions", ()) for each in found] == [(), (ONE,), (TWO,)]


@pytest.mark.parametrize("status", ["CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"])
def test_a_stack_that_was_never_made_is_deleted_with_all_it_has_and_made_again(cloud: Cloud, status: str) -> None:
    delete, create = done(cloud, "keys", in_state(cloud, "keys", TWO, "OUTDATED", status))
    assert isinstance(delete, DeleteInstances) and (delete.regions, delete.retain) == ((TWO,), False)
    assert isinstance(create, CreateInstances) and create.regions == (TWO,)


def test_a_deletion_that_failed_is_tried_again_unless_it_was_data_or_what_data_is_in(cloud: Cloud) -> None:
    for name in ("observability", "probe"):
        found = done(cloud, name, in_state(cloud, name, TWO, "INOPERABLE", "DELETE_FAILED"))
        assert [type(each) for each in found] == [DeleteInstances, CreateInstances]
    for name in ("storage", "database", "network"):
        for status in ("DELETE_FAILED", "UPDATE_COMPLETE"):
            assert done(cloud, name, in_state(cloud, name, TWO, "INOPERABLE", status)) == ()


def test_a_stack_whose_update_was_rolled_back_is_updated_again_and_one_that_is_stuck_is_not(cloud: Cloud) -> None:
    (again,) = done(cloud, "network", in_state(cloud, "network", TWO, "OUTDATED", "UPDATE_ROLLBACK_COMPLETE"))
    assert isinstance(again, UpdateInstances) and again.regions == (TWO,)
    assert done(cloud, "network", in_state(cloud, "network", TWO, "OUTDATED", "UPDATE_ROLLBACK_FAILED")) == ()


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS"])
def test_what_moves_is_waited_for(cloud: Cloud, status: str) -> None:
    (wait,) = done(cloud, "network", in_state(cloud, "network", TWO, "CURRENT", status))
    assert isinstance(wait, Wait) and wait.stacks[0][:2] == (ACCOUNT, TWO)


def test_a_new_region_of_an_old_template_brings_the_template_to_the_others_first() -> None:
    cloud = deployed(of_regions(ONE, TWO))
    wider = of_regions(ONE, TWO, THREE, home=TWO)
    seen = stackset(cloud, "storage", template="{}")
    place = next(each for each in facts_of(wider, cloud).placed.of("storage") if each.region == THREE)
    work = Work(Kind.STACKSET, place.stackset, "storage", (place,), final=False)
    facts = replace(facts_of(wider, cloud), seen=seen)
    values = {place: {name: each.text or "waiting" for name, each in wanted(facts, place, final=False).items()}}
    update, create = actions(wider, work, values, template("storage", wider.shape), seen)
    assert isinstance(update, UpdateStackSet) and update.regions == (ONE, TWO)
    assert isinstance(create, CreateInstances) and create.regions == (THREE,)


def test_a_part_of_a_stackset_takes_its_template_alone_and_leaves_the_others_to_their_turn(cloud: Cloud) -> None:
    places = facts_of(cloud.environment, cloud).placed.of("network")
    (update,) = done(cloud, "network", stackset(cloud, "network", template="{}"), places=places[:1])
    assert isinstance(update, UpdateStackSet) and update.regions == (ONE,)


def test_a_stackset_without_instances_is_not_made_twice(cloud: Cloud) -> None:
    found = done(cloud, "keys", stackset(cloud, "keys", instances=()))
    assert [type(each) for each in found] == [CreateInstances]


def test_every_reason_is_a_sentence_for_people(cloud: Cloud) -> None:
    (update,) = done(cloud, "network", in_state(cloud, "network", TWO, "OUTDATED", "UPDATE_ROLLBACK_COMPLETE"))
    assert update.reason == "the last operation left it OUTDATED"
    (changed,) = [each for each in done(deployed(example()), "keys", stackset(cloud, "keys", tags={})) if each.reason]
    assert changed.reason == "the tags have changed"


def test_a_stackset_that_is_removed_goes_when_its_last_instance_does(cloud: Cloud) -> None:
    found = done(cloud, "health", remove=True)
    assert [type(each) for each in found] == [DeleteInstances, DeleteStackSet]
    half = facts_of(cloud.environment, cloud).placed.of("health")[:1]
    assert [type(each) for each in done(cloud, "health", remove=True, places=half)] == [DeleteInstances]


def test_what_is_no_stack_has_no_actions(cloud: Cloud) -> None:
    for kind in (Kind.PACKAGES, Kind.BOOTSTRAP, Kind.CHECKS):
        assert actions(example(), Work(kind, "any", ""), {}, "", cloud.seen()) == ()


def plain(cloud: Cloud, **updates: object) -> Seen:
    seen = cloud.seen()
    key = (ACCOUNT, "dr-example-deployment")
    return replace(seen, plain={**seen.plain, key: replace(seen.plain[key], **updates)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("updates", "wanted_kinds"),
    [
        ({}, []),
        ({"template": "{}"}, [UpdateStack]),
        ({"parameters": {"Suffix": "other"}}, [UpdateStack]),
        ({"tags": {}}, [UpdateStack]),
        ({"status": "ROLLBACK_COMPLETE"}, [DeleteStack, CreateStack]),
        ({"status": "UPDATE_ROLLBACK_FAILED", "template": "{}"}, []),
        ({"status": "UPDATE_IN_PROGRESS"}, [Wait]),
    ],
)
def test_a_plain_stack_is_brought_to_what_is_wanted(
    cloud: Cloud, updates: dict[str, object], wanted_kinds: list[type[Action]]
) -> None:
    assert [type(each) for each in done(cloud, "deployment", plain(cloud, **updates))] == wanted_kinds


def test_a_plain_stack_that_is_not_there_is_made_and_one_that_is_not_wanted_goes(cloud: Cloud) -> None:
    (create,) = done(cloud, "deployment", replace(cloud.seen(), plain={}))
    assert isinstance(create, CreateStack) and create.account == ACCOUNT and create.region == TWO
    (delete,) = done(cloud, "deployment", remove=True)
    assert isinstance(delete, DeleteStack)
