"""What is there meets a file that has changed: only what differs is touched, and nothing that was born is derived."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.config import Environment
from generator.plan import recorded
from generator.plan.model import (
    Action,
    CreateInstances,
    DeleteInstances,
    DeleteStackSet,
    UpdateInstances,
    UpdateStack,
    UpdateStackSet,
    Wait,
)
from generator.plan.wanted import stackset_parameters, wanted
from generator.plan.waves import plan
from tests.plan.cloud import Cloud
from tests.plan.deploying import (
    cut_off,
    deploy,
    deployed,
    example,
    facts_of,
    of_regions,
    place,
    shipped,
    template,
    with_database,
)

ONE, TWO, THREE = "eu-west-1", "eu-central-1", "eu-west-2"


def swapped(environment: Environment) -> Environment:
    """Return the file as someone would edit it after a failover: the roles exchanged."""
    origin, standby = environment.origin, environment.standbys[0]
    regions = {
        **environment.regions,
        origin.name: origin.model_copy(update={"role": "standby"}),
        standby.name: standby.model_copy(update={"role": "origin"}),
    }
    return environment.model_copy(update={"regions": regions})


def kinds(done: list[Action]) -> set[type[Action]]:
    return {type(each) for each in done}


def named(done: list[Action]) -> set[str]:
    return {each.name for each in done}  # type: ignore[attr-defined]


def one_operation_a_stackset_in_a_wave(environment: Environment, cloud: Cloud) -> bool:
    waves = plan(environment, cloud.seen()).waves
    return all(max(Counter(work.name for work in wave).values()) == 1 for wave in waves)


def test_a_parameter_that_changes_reaches_the_stacks_that_take_it_and_no_others() -> None:
    cloud = deployed(example())
    done = deploy(example(log_days=30), cloud)
    assert kinds(done) == {UpdateInstances}
    takers = {name for name, found in cloud.sets.items() if "LogDays" in json.loads(found.template)["Parameters"]}
    assert named(done) == takers
    assert deploy(example(log_days=30), cloud) == []


def test_a_template_that_changes_is_sent_once_and_overrides_stay() -> None:
    environment = example()
    cloud = deployed(environment)
    before = {name: dict(each.instances) for name, each in cloud.sets.items()}
    changed = json.loads(template("network", environment.shape))
    changed["Description"] = "another"
    done = deploy(environment, cloud, texts=lambda name: json.dumps(changed) if name == "network" else None)
    assert kinds(done) == {UpdateStackSet} and named(done) == {"dr-example-network"}
    assert done[0].regions == (ONE, TWO)  # type: ignore[attr-defined]
    for spot, each in cloud.sets["dr-example-network"].instances.items():
        assert each.overrides == before["dr-example-network"][spot].overrides


def test_a_parameter_that_is_new_comes_with_the_template_and_is_then_overridden_where_regions_differ() -> None:
    environment = example()
    cloud = deployed(environment)
    old = json.loads(template("network", environment.shape))
    del old["Parameters"]["VpcRange"]
    for each in cloud.sets["dr-example-network"].instances.values():
        assert each.stack is not None
        each.overrides.pop("VpcRange")
        each.stack.parameters.pop("VpcRange")
        each.stack.template = json.dumps(old)
    cloud.sets["dr-example-network"].template = json.dumps(old)
    done = deploy(environment, cloud)
    assert [type(each) for each in done] == [UpdateStackSet, UpdateInstances]
    assert done[1].regions == (TWO,), "the first region's value is the StackSet's own"  # type: ignore[attr-defined]
    assert deploy(environment, cloud) == []


def test_tags_that_change_are_sent_to_every_stackset_and_plain_stack() -> None:
    cloud = deployed(example())
    tagged = example(tags={"team": "orders"})
    done = deploy_once(tagged, cloud)
    assert kinds(done) == {UpdateStackSet, UpdateStack}
    assert named(done) >= set(cloud.sets)


def deploy_once(environment: Environment, cloud: Cloud) -> list[Action]:
    """Return each work's first actions; the model cloud keeps its tags, so a second look would see them again."""
    from generator.plan.model import Kind
    from tests.plan.deploying import next_actions

    return [
        action
        for wave in plan(environment, cloud.seen()).waves
        for work in wave
        if work.kind in (Kind.PLAIN, Kind.STACKSET)
        for action in next_actions(environment, cloud, work)
    ]


def test_a_region_that_is_added_joins_and_the_others_learn_of_it() -> None:
    cloud = deployed(of_regions(ONE, TWO))
    wider = of_regions(ONE, TWO, THREE, home=TWO)
    assert one_operation_a_stackset_in_a_wave(wider, cloud)
    done = deploy(wider, cloud)
    assert set(cloud.clusters()) == {ONE, TWO, THREE}
    assert "dr-example-records-failover" not in cloud.sets and "dr-example-records-weighted" in cloud.sets
    created = {region for each in done if isinstance(each, CreateInstances) for region in each.regions}
    assert THREE in created
    storage = [each for each in done if getattr(each, "name", "") == "dr-example-storage"]
    assert [type(each) for each in storage] == [CreateInstances, *[UpdateInstances] * 3], "its bucket first, then rules"
    assert deploy(wider, cloud) == []
    assert cloud.lost == []


def test_a_region_that_is_added_after_a_failover_is_born_from_the_active_one() -> None:
    cloud = deployed(of_regions(ONE, TWO))
    cloud.writer = TWO
    wider = of_regions(ONE, TWO, THREE, home=TWO)
    deploy(wider, cloud)
    parameters = cloud.clusters()[THREE].parameters
    assert (parameters["Birth"], parameters["SourceRegion"]) == ("standby", TWO)
    cloud.writer = ONE
    assert deploy(wider, cloud) == [], "recorded at birth, and not derived again"


def test_a_region_that_is_given_up_keeps_its_data_and_the_rest_of_its_stacks_go() -> None:
    cloud = deployed(of_regions(ONE, TWO, THREE, home=TWO))
    narrower = of_regions(ONE, TWO)
    assert one_operation_a_stackset_in_a_wave(narrower, cloud)
    done = deploy(narrower, cloud)
    released = {each.name for each in done if isinstance(each, DeleteInstances) and each.retain}
    assert released == {
        f"dr-example-{name}" for name in ("keys", "artifacts", "network", "database", "storage", "backup")
    }
    assert (cloud.lost, cloud.kept) == ([], [f"dr-example-probe/{THREE}/StateTable"])
    assert not [name for name in cloud.sets if THREE in name], "markers and peerings about it are gone as StackSets"
    assert not [spot for each in cloud.sets.values() for spot in each.instances if spot[1] == THREE]
    assert deploy(narrower, cloud) == []


def test_a_disposable_region_that_is_given_up_goes_with_its_data() -> None:
    def disposable(*names: str) -> Environment:
        return with_database(of_regions(*names, home=TWO, disposable=True), deletion_protection=False)

    cloud = deployed(disposable(ONE, TWO, THREE))
    deploy(disposable(ONE, TWO), cloud)
    assert f"dr-example-database/{THREE}/Cluster" in cloud.lost
    assert not [each for each in cloud.lost if f"/{THREE}/" not in each]
    assert deploy(disposable(ONE, TWO), cloud) == []


def test_giving_a_region_up_can_be_cut_off_anywhere() -> None:
    narrower = of_regions(ONE, TWO)
    whole = deployed(of_regions(ONE, TWO, THREE, home=TWO))
    count = len(deploy(narrower, whole))
    for limit in range(0, count, 3):
        cloud = deployed(of_regions(ONE, TWO, THREE, home=TWO))
        assert cut_off(narrower, cloud, limit)
        deploy(narrower, cloud)
        assert cloud.state() == whole.state(), limit


@pytest.mark.parametrize("name", ["example", "three-regions", "witness"])
def test_the_roles_swapped_in_the_file_after_a_failover_change_nothing(name: str) -> None:
    environment = shipped(name)
    cloud = deployed(environment)
    cloud.writer = environment.standbys[0].name
    home = environment.dns.model_copy(update={"region": environment.dns_region})
    file = swapped(environment.model_copy(update={"dns": home}))
    assert file.origin.name == cloud.writer
    assert recorded.origin(file, cloud.seen()) == environment.origin.name
    assert deploy(file, cloud) == []


def test_after_a_failover_the_same_file_changes_nothing() -> None:
    cloud = deployed(example())
    cloud.writer = TWO
    assert deploy(example(), cloud) == []


def test_home_that_follows_the_writer_changes_the_records_only() -> None:
    environment = example()
    cloud = deployed(environment)
    cloud.writer = TWO
    done = deploy(example(dns=environment.dns.model_copy(update={"home": TWO})), cloud)
    assert kinds(done) == {UpdateInstances} and named(done) == {"dr-example-records-failover"}


def test_home_can_follow_the_writer_while_the_lost_region_is_dark() -> None:
    environment = example()
    cloud = deployed(environment)
    cloud.writer, cloud.dark = TWO, {ONE}
    done = deploy(example(dns=environment.dns.model_copy(update={"home": TWO})), cloud)
    assert kinds(done) == {UpdateInstances} and named(done) == {"dr-example-records-failover"}


def test_what_a_dark_region_gave_is_kept_as_it_was() -> None:
    environment = example()
    cloud = deployed(environment)
    before = facts_of(environment, cloud)
    records = before.placed.of("records-failover")[0]
    given = wanted(before, records, final=True)["FirstReaderHost"]
    cloud.dark = {ONE}
    kept = wanted(facts_of(environment, cloud), records, final=True)["FirstReaderHost"]
    assert (kept.text, kept.origin.kind) == (given.text, "recorded")
    assert "does not answer" in kept.origin.text


def test_a_dark_region_catches_up_when_it_answers_again() -> None:
    cloud = deployed(example())
    cloud.dark = {ONE}
    changed = example(log_days=30)
    done = deploy(changed, cloud)
    assert done and not [each for each in done if ONE in getattr(each, "regions", ())]
    cloud.dark = set()
    assert {region for each in deploy(changed, cloud) for region in each.regions} == {ONE}  # type: ignore[attr-defined]


def test_regions_in_another_order_leave_the_peerings_as_they_are() -> None:
    cloud = deployed(of_regions(ONE, TWO))
    environment = of_regions(ONE, TWO)
    assert deploy(turned(environment), cloud) == []


def test_a_minor_upgrade_leaves_the_global_cluster_alone_and_goes_region_by_region() -> None:
    before = with_database(shipped("three-regions"), engine_version="17.4")
    cloud = deployed(before)
    cloud.writer = "us-west-2"
    done = deploy(shipped("three-regions"), cloud)
    assert named(done) == {"dr-trio-database"}
    assert [each.regions for each in done] == [("us-east-1",), ("eu-west-1",), ("us-west-2",)]  # type: ignore[attr-defined]
    assert deploy(shipped("three-regions"), cloud) == []


def test_a_minor_upgrade_that_stops_half_way_goes_on_with_the_rest() -> None:
    before = with_database(shipped("three-regions"), engine_version="17.4")
    cloud = deployed(before)
    assert cut_off(shipped("three-regions"), cloud, 1)
    done = deploy(shipped("three-regions"), cloud)
    assert [each.regions for each in done] == [("eu-west-1",), ("us-east-1",)]  # type: ignore[attr-defined]


def test_a_stack_that_changes_without_us_is_waited_for() -> None:
    environment = example()
    cloud = deployed(environment)
    stack = cloud.sets["dr-example-keys"].instances[(environment.accounts.workload, ONE)].stack
    assert stack is not None
    stack.status = "UPDATE_IN_PROGRESS"
    (first,) = [each for each in deploy_once(example(log_days=30), cloud) if isinstance(each, Wait)]
    assert first.stacks == ((environment.accounts.workload, ONE, "StackSet-dr-example-keys"),)


def test_a_stackset_of_which_nothing_is_wanted_goes_with_its_instances() -> None:
    cloud = deployed(shipped("three-regions"))
    two = dict(list(shipped("three-regions").regions.items())[:2])
    file = shipped("three-regions").model_copy(update={"regions": two})
    done = deploy(file, cloud)
    assert {each.name for each in done if isinstance(each, DeleteStackSet)} >= {
        "dr-trio-marker-eu-west-1", "dr-trio-peering-request-us-east-1-eu-west-1", "dr-trio-records-weighted",
    }  # fmt: skip


def test_outputs_that_are_there_in_part_give_no_value_at_all() -> None:
    environment = shipped("three-regions")
    cloud = deployed(environment)
    cloud.vanish("dr-trio-marker-us-east-1", "eu-west-1")
    facts = facts_of(environment, cloud)
    value = wanted(facts, place(environment, cloud, "health", "us-east-1"), final=True)["MarkerChecks"]
    assert value.text is None
    assert value.origin.text == "output MarkerCheckId of marker in us-west-2, eu-west-1"


def test_every_value_says_where_it_comes_from() -> None:
    environment = example()
    facts = facts_of(environment, Cloud(environment))
    database = wanted(facts, facts.placed.of("database")[0], final=False)
    probe = wanted(facts, facts.placed.of("probe")[0], final=True)
    network = wanted(facts, facts.placed.of("network")[0], final=True)
    said = {name: (found[name].text, found[name].origin.kind, found[name].origin.text) for found, name in (
        (database, "KeyArn"), (database, "DeletionProtection"), (database, "BackupDays"), (database, "GlobalCluster"),
        (probe, "ProveWriterCode"), (network, "S3PrefixListId"),
    )}  # fmt: skip
    assert said == {
        "KeyArn": (None, "output", "output KeyArn of keys in eu-west-1"),
        "DeletionProtection": ("false", "waiting", "until every region has had its first pass"),
        "BackupDays": ("14", "environment", "database.backup_days"),
        "GlobalCluster": ("dr-example", "computed", "naming.GLOBAL_CLUSTER"),
        "ProveWriterCode": ("functions/prove_writer.zip", "package", "package of prove_writer"),
        "S3PrefixListId": (
            said["S3PrefixListId"][0], "observed", "ec2:DescribeManagedPrefixLists com.amazonaws.REGION.s3",
        ),
    }  # fmt: skip


def test_a_stacksets_own_parameters_are_what_all_share_else_the_default_else_the_first() -> None:
    places = facts_of(example(), Cloud(example())).placed.of("network")
    text = json.dumps({"Parameters": {"Same": {}, "Differs": {"Default": "safe"}, "Bare": {}, "Unset": {"Default": 3}}})
    values: dict[Any, dict[str, str]] = {
        places[0]: {"Same": "x", "Differs": "a", "Bare": "first"},
        places[1]: {"Same": "x", "Differs": "b", "Bare": "second"},
    }
    found = stackset_parameters(text, values)
    assert found == {"Same": "x", "Differs": "safe", "Bare": "first", "Unset": "3"}


FILES: dict[str, Callable[[], Environment]] = {
    "two": lambda: of_regions(ONE, TWO),
    "three": lambda: of_regions(ONE, TWO, THREE, home=TWO),
    "three, another log": lambda: of_regions(ONE, TWO, THREE, home=TWO, log_days=30),
    "two, in another order": lambda: turned(of_regions(ONE, TWO)),
    "two, roles swapped": lambda: swapped(of_regions(ONE, TWO)),
    "two, a minor version on": lambda: with_database(of_regions(ONE, TWO), engine_version="16.9"),
    "three, roles swapped": lambda: swapped(of_regions(ONE, TWO, THREE, home=TWO)),
}


def turned(environment: Environment) -> Environment:
    return environment.model_copy(update={"regions": dict(reversed(list(environment.regions.items())))})


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_the_file_says_and_wherever_it_is_cut_off_no_data_is_lost(data: st.DataObject) -> None:
    cloud = deployed(of_regions(ONE, TWO))
    minor = False
    for name in data.draw(st.lists(st.sampled_from(sorted(FILES)), min_size=1, max_size=4)):
        minor = minor or "minor" in name
        file = with_database(FILES[name](), engine_version="16.9" if minor else "16.8")
        cloud.writer = data.draw(st.sampled_from([ONE, TWO]))
        born = {region: births(stack.parameters) for region, stack in cloud.clusters().items()}
        if data.draw(st.booleans()):
            cut_off(file, cloud, data.draw(st.integers(0, 30)))
            cloud.writer = data.draw(st.sampled_from([ONE, TWO]))
        deploy(file, cloud)
        assert deploy(file, cloud) == []
        for region, stack in cloud.clusters().items():
            assert births(stack.parameters) == born.get(region, births(stack.parameters))
            assert stack.parameters["EngineVersion"] == file.database.engine_version
    assert not [each for each in cloud.lost if not each.endswith("/StateTable")]


def births(parameters: dict[str, str]) -> tuple[str, str]:
    return parameters["Birth"], parameters["SourceRegion"]
