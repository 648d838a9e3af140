"""Waves are as few as the longest chain of what waits for what, and nothing goes before what it needs."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import pytest

from generator.catalog import stack
from generator.config import Environment
from generator.inputs import BY_NAME
from generator.links import Output
from generator.placement import Instance, instances
from generator.plan.model import Kind, Plan, Seen, Work
from generator.plan.waves import plan
from generator.sources import sources_of
from tests.plan.deploying import TEN, deployed, example, of_regions, service_managed, shipped, with_database

NEW = ("storage", "database", "global-database")
"""Stacks that take another value in the first pass, of a protected database."""

ENVIRONMENTS: dict[str, Callable[[], Environment]] = {
    "two": lambda: shipped("example"),
    "three": lambda: shipped("three-regions"),
    "witness": lambda: shipped("witness"),
    "service-managed": service_managed,
    "ten": lambda: of_regions(*TEN),
}
Node = tuple[str, Instance | str]
Graph = dict[Node, set[Node]]
"""What each node waits for."""


@pytest.fixture(params=sorted(ENVIRONMENTS))
def environment(request: pytest.FixtureRequest) -> Environment:
    return ENVIRONMENTS[request.param]()


def drawn(environment: Environment) -> Graph:
    """Draw the graph of a first deploy by the rules as they are written down, not as the planner has them."""
    graph: Graph = defaultdict(set)
    all_places = instances(environment)

    def first(place: Instance) -> Node:
        return ("first" if place.stack in NEW else "only", place)

    def last(place: Instance) -> Node:
        return ("last" if place.stack in NEW else "only", place)

    for place in all_places:
        for name in stack(place.stack).build(environment.shape).parameters:
            source = BY_NAME[name].source
            if isinstance(source, Output):
                graph[first(place)] |= {first(each) for each in sources_of(environment, place, source)}
            if name.endswith("Code"):
                graph[first(place)].add(("packages", place.region))
        for each in all_places:
            if each.stack in stack(place.stack).after or (stack(each.stack).plain and not stack(place.stack).plain):
                graph[first(place)].add(first(each))
            if each.stack == place.stack == "database" and each.region == environment.origin.name != place.region:
                graph[first(place)].add(first(each))
            if each.stack == place.stack and place.stack in NEW:
                graph[last(place)].add(first(each))
        if place.stack == "artifacts":
            graph["packages", place.region].add(first(place))
        if place.stack in ("probe", "database"):
            graph["bootstrap", ""].add(last(place))
        graph["checks", ""].add(last(place))
    graph["checks", ""].add(("bootstrap", ""))
    return graph


def longest(graph: Graph) -> int:
    """Return how many nodes the longest path has."""

    @cache
    def to(node: Node) -> int:
        return 1 + max((to(each) for each in graph.get(node, ())), default=0)

    return max(to(node) for node in list(graph))


def works(planned: Plan) -> list[tuple[int, Work]]:
    return [(index, work) for index, wave in enumerate(planned.waves) for work in wave]


def test_there_are_as_many_waves_as_the_longest_path_has_steps(environment: Environment) -> None:
    assert len(plan(environment, Seen()).waves) == longest(drawn(environment))


def test_every_output_is_there_a_wave_before_it_is_taken_in(environment: Environment) -> None:
    made: dict[Instance, int] = {}
    for index, work in works(plan(environment, Seen())):
        for place in work.places:
            made.setdefault(place, index)
    assert set(made) == set(instances(environment))
    for place, index in made.items():
        for name in stack(place.stack).build(environment.shape).parameters:
            source = BY_NAME[name].source
            if isinstance(source, Output):
                assert all(made[each] < index for each in sources_of(environment, place, source)), (place, name)


def test_a_place_is_in_one_work_or_has_a_first_pass_before_its_last(environment: Environment) -> None:
    passes: dict[Instance, list[bool]] = {}
    for _, work in works(plan(environment, Seen())):
        for place in work.places:
            passes.setdefault(place, []).append(work.final)
    for place, found in passes.items():
        assert found == ([False, True] if place.stack in NEW else [True]), place


def test_ids_are_unique_and_no_wave_has_two_works_on_one_stackset(environment: Environment) -> None:
    for planned in (plan(environment, Seen()), plan(environment, deployed(environment).seen())):
        assert max(Counter(work.id for _, work in works(planned)).values()) == 1
        for wave in planned.waves:
            assert max(Counter(work.name for work in wave).values()) == 1
        ids = {work.id for _, work in works(planned)}
        for index, work in works(planned):
            assert set(work.after) <= ids
            assert bool(work.after) == bool(index)


def test_plain_stacks_come_first_and_checks_last(environment: Environment) -> None:
    planned = plan(environment, Seen())
    assert [work.stack for work in planned.waves[0]] == ["deployment"]
    plain = [index for index, work in works(planned) if work.kind is Kind.PLAIN]
    assert plain == list(range(len(plain)))
    assert all(work.kind is not Kind.PLAIN for wave in planned.waves[len(plain) :] for work in wave)
    assert [work.kind for work in planned.waves[-1]] == [Kind.CHECKS]


def test_packages_are_there_after_the_bucket_and_before_any_function(environment: Environment) -> None:
    at = {work.id: index for index, work in works(plan(environment, Seen()))}
    for region in environment.all_regions:
        assert at[f"packages in {region.name}"] > at[f"dr-{environment.suffix}-artifacts"]
        assert at[f"packages in {region.name}"] < at[f"dr-{environment.suffix}-recovery"]


def test_standbys_join_one_after_the_other_in_a_wave_after_the_origin() -> None:
    found = [work for _, work in works(plan(shipped("three-regions"), Seen())) if work.stack == "database"]
    assert [[each.region for each in work.places] for work in found] == [
        ["us-east-1"],
        ["us-west-2", "eu-west-1"],
        ["us-east-1", "us-west-2", "eu-west-1"],
    ]
    assert [work.ordered for work in found] == [False, True, False]


def test_records_of_one_zone_are_made_one_after_the_other_the_origin_first() -> None:
    (records,) = [work for _, work in works(plan(shipped("three-regions"), Seen())) if work.stack == "records-weighted"]
    assert records.ordered and records.places[0].region == "us-east-1"


def test_what_is_there_has_no_first_pass(environment: Environment) -> None:
    assert all(work.final for _, work in works(plan(environment, deployed(environment).seen())))


def test_a_database_without_protection_has_one_pass() -> None:
    environment = with_database(example(), deletion_protection=False)
    found = [work for _, work in works(plan(environment, Seen())) if work.stack == "database"]
    assert all(work.final for work in found)


def test_a_minor_upgrade_takes_the_standbys_first_and_the_active_region_last() -> None:
    before = with_database(shipped("three-regions"), engine_version="17.4")
    cloud = deployed(before)
    cloud.writer = "us-west-2"
    (found,) = [work for _, work in works(plan(shipped("three-regions"), cloud.seen())) if work.stack == "database"]
    assert found.ordered
    assert [each.region for each in found.places] == ["us-east-1", "eu-west-1", "us-west-2"]


def test_a_major_upgrade_takes_the_global_cluster_first() -> None:
    before = with_database(shipped("three-regions"), engine_version="16.8")
    planned = plan(shipped("three-regions"), deployed(before).seen())
    at = {work.stack: index for index, work in works(planned)}
    assert at["global-database"] < at["database"]


def test_an_upgrade_that_was_cut_off_goes_on_with_what_is_left() -> None:
    before = with_database(shipped("three-regions"), engine_version="17.4")
    cloud = deployed(before)
    database = cloud.sets["dr-trio-database"].instances[("111122223333", "eu-west-1")].stack
    assert database is not None
    database.parameters["EngineVersion"] = "17.5"
    (found,) = [work for _, work in works(plan(shipped("three-regions"), cloud.seen())) if work.stack == "database"]
    assert found.places[-1].region == "us-east-1", "the active one"


def test_a_dark_region_has_no_work() -> None:
    environment = shipped("three-regions")
    cloud = deployed(environment)
    cloud.dark = {"us-east-1"}
    planned = plan(environment, cloud.seen())
    assert not [work for _, work in works(planned) if work.region == "us-east-1"]
    assert not [each for _, work in works(planned) for each in work.places if each.region == "us-east-1"]


def test_a_region_that_is_given_up_goes_last_and_from_the_top_down() -> None:
    cloud = deployed(of_regions(*TEN[:3]))
    planned = plan(of_regions(TEN[0], TEN[1]), cloud.seen())
    removals = [(index, work) for index, work in works(planned) if work.remove and work.stack != "records-weighted"]
    changes = [index for index, work in works(planned) if not work.remove and work.kind is not Kind.CHECKS]
    assert min(index for index, _ in removals) > max(changes)
    order = [work.stack for _, work in removals]
    for upper, lower in pairwise(("health", "marker", "probe", "peering-accept", "peering-request", "network", "keys")):
        assert order.index(upper) < order.index(lower)
    gone = {each.region for _, work in removals for each in work.places if work.stack not in ("marker",)}
    assert TEN[2] in gone and not gone - set(TEN[:3])
    assert [work.kind for work in planned.waves[-1]] == [Kind.CHECKS]


def test_records_of_another_kind_give_way_just_before_the_new_ones() -> None:
    cloud = deployed(of_regions(*TEN[:2]))
    found = works(plan(of_regions(*TEN[:3], home=TEN[1]), cloud.seen()))
    records = [(index, work.stack, work.remove) for index, work in found if work.stack.startswith("records")]
    assert [(name, remove) for _, name, remove in records] == [("records-failover", True), ("records-weighted", False)]
    assert records[1][0] == records[0][0] + 1


def test_ten_environments_of_ten_regions_are_planned_in_seconds() -> None:
    environments = [of_regions(*TEN, suffix=f"many{index}") for index in range(10)]
    plan(environments[0], Seen())
    start = time.process_time()
    for each in environments:
        assert plan(each, Seen()).waves
    assert time.process_time() - start < 5, "a benchmark has the exact figure; this only finds what is quadratic"
