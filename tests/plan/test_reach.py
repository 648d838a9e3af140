"""While a region is dark: nothing is sent that would reach it, and nobody waits for what only it can end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.plan.actions import actions
from generator.plan.effects import effects
from generator.plan.model import Action, DeleteInstances, Kind, Seen, SeenOperation, UpdateStackSet, Wait, Work
from generator.plan.reach import OutOfReachError, passed_over
from generator.plan.states import dark
from generator.plan.teardown import teardown
from generator.plan.wanted import Facts, wanted
from generator.plan.waves import plan
from tests.plan.cloud import Cloud
from tests.plan.deploying import PACKAGES, PREFIXES, deployed, example, template
from tests.plan.test_safety import flags, refused
from tests.plan.test_teardown import disposable
from tests.stacks.conftest import built

DARK, UP = "eu-west-1", "eu-central-1"
NAME = "dr-example-observability"


@pytest.fixture
def cloud() -> Cloud:
    found = deployed(example())
    found.writer, found.dark = UP, {DARK}
    return found


def at_work(seen: Seen, *waiting: tuple[str, ...] | None, name: str = NAME) -> Seen:
    """Return what is seen while operations of the StackSet wait for these regions."""
    running = tuple(SeenOperation(f"op{index}", "UPDATE", "RUNNING", each) for index, each in enumerate(waiting))
    return replace(seen, stacksets={**seen.stacksets, name: replace(seen.stacksets[name], operations=running)})


def changed(seen: Seen, *, gone: bool = False) -> Seen:
    """Return what is seen when another template is deployed, and the stack of the region that answers is gone."""
    found = seen.stacksets[NAME]
    instances = tuple(replace(each, stack=None) if gone and each.region == UP else each for each in found.instances)
    return replace(seen, stacksets={**seen.stacksets, NAME: replace(found, template="{}", instances=instances)})


def done(cloud: Cloud, seen: Seen) -> tuple[Action, ...]:
    facts = Facts(cloud.environment, seen, PACKAGES, PREFIXES)
    places = facts.placed.of("observability")
    values = {
        each: {name: str(value.text) for name, value in wanted(facts, each, final=True).items()}
        for each in places
        if not dark(seen, each)
    }
    work = Work(Kind.STACKSET, NAME, "observability", places)
    return actions(cloud.environment, work, values, template("observability", cloud.environment.shape), seen)


def test_a_template_that_only_a_dark_region_could_take_is_not_sent_to_all_and_is_refused_before_anything(
    cloud: Cloud,
) -> None:
    seen = changed(cloud.seen(), gone=True)
    with pytest.raises(OutOfReachError, match=f"{NAME} has to be made in {UP}.*{DARK}, which does not answer"):
        done(cloud, seen)
    facts = Facts(cloud.environment, seen, PACKAGES, PREFIXES)
    texts = {name: template(name, cloud.environment.shape) for name in built(cloud.environment.shape)}
    with pytest.raises(OutOfReachError):
        effects(facts, plan(cloud.environment, seen), texts)


def test_no_update_ever_names_no_region_while_there_are_instances(cloud: Cloud) -> None:
    seen = changed(cloud.seen())
    (update,) = done(cloud, seen)
    assert isinstance(update, UpdateStackSet) and update.regions == (UP,)
    silent = replace(seen.stacksets[NAME], instances=tuple(
        each for each in seen.stacksets[NAME].instances if each.region == DARK
    ))  # fmt: skip
    places = Facts(cloud.environment, seen, PACKAGES, PREFIXES).placed.of("observability")
    work = Work(Kind.STACKSET, NAME, "observability", tuple(each for each in places if each.region == DARK))
    only = replace(seen, stacksets={**seen.stacksets, NAME: silent})
    assert actions(cloud.environment, work, {}, template("observability", cloud.environment.shape), only) == ()


def test_what_is_in_order_where_there_is_an_answer_does_not_wait_for_the_dark(cloud: Cloud) -> None:
    for waiting in ((DARK,), None):
        assert done(cloud, at_work(cloud.seen(), waiting)) == ()
    cloud.dark = set()
    assert [type(each) for each in done(cloud, at_work(cloud.seen(), (DARK,)))] == [Wait], "all answer: it is joined"


def test_a_change_waits_for_an_operation_unless_only_the_dark_could_end_it(cloud: Cloud) -> None:
    seen = changed(cloud.seen())
    for waiting in ((UP,), (DARK, UP), (), None):
        assert [type(each) for each in done(cloud, at_work(seen, waiting))] == [Wait], waiting
    assert [type(each) for each in done(cloud, at_work(seen, (DARK,), (UP,)))] == [Wait]
    assert done(cloud, at_work(seen, (DARK,))) == ()


def test_a_stackset_that_is_passed_over_is_refused_first_and_named(cloud: Cloud) -> None:
    seen = at_work(cloud.seen(), (DARK,))
    found = refused(cloud.environment, seen)
    assert set(flags(found)) == {"--without-dark"}
    assert any(NAME in each.message for each in found)
    assert refused(cloud.environment, seen, "--without-dark") == ()
    (said,) = passed_over(cloud.environment, seen)
    assert said.startswith(f"{NAME} is left as it is") and DARK in said
    assert passed_over(cloud.environment, cloud.seen()) == ()
    assert passed_over(cloud.environment, at_work(cloud.seen(), (UP,))) == ()


def test_a_teardown_waits_for_nothing_that_only_the_dark_could_end_and_leaves_what_stands_under_it() -> None:
    environment = disposable(example())
    cloud = deployed(environment)
    cloud.writer, cloud.dark = UP, {DARK}
    name = "dr-gone-probe"
    found = teardown(environment, at_work(cloud.seen(), (DARK,), name=name), data=False)
    assert not [each for each in found.steps if isinstance(each, Wait)]
    left = {(each.name, region): each.why for each in found.left for region in each.regions}
    assert "has not ended" in left[(name, UP)]
    for under in ("database", "network", "keys", "artifacts"):
        assert (f"dr-gone-{under}", UP) in left, under
    gone = {each.name for each in found.steps if isinstance(each, DeleteInstances)}
    assert "dr-gone-health" in gone and name not in gone
    both = teardown(environment, at_work(cloud.seen(), (DARK, UP), name=name), data=False)
    assert [type(each) for each in both.waves[0]] == [Wait]
