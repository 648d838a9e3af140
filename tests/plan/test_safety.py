"""What is dangerous is refused, by name, and allowed by its own flag only; what never may be has no flag."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from generator.config import Environment
from generator.plan.effects import effects
from generator.plan.model import Refusal, Seen
from generator.plan.safety import refusals
from generator.plan.wanted import Facts
from generator.plan.waves import plan
from tests.plan.cloud import Cloud
from tests.plan.deploying import PACKAGES, PREFIXES, deployed, example, of_regions, shipped, template, with_database
from tests.stacks.conftest import built

ONE, TWO, THREE = "eu-west-1", "eu-central-1", "eu-west-2"


def refused(
    environment: Environment,
    seen: Seen,
    *allowed: str,
    texts: Callable[[str, str], str] = lambda _, text: text,
) -> tuple[Refusal, ...]:
    facts = Facts(environment, seen, PACKAGES, PREFIXES)
    planned = plan(environment, seen)
    templates = {name: texts(name, template(name, environment.shape)) for name in built(environment.shape)}
    found = effects(facts, planned, templates)
    return refusals(environment, seen, planned, found, allowed=frozenset(allowed))


def flags(found: tuple[Refusal, ...]) -> list[str]:
    return [each.flag for each in found]


def in_database(cloud: Cloud, **updates: Any) -> Seen:
    seen = cloud.seen()
    return replace(seen, database=replace(seen.database, **updates))


def members(cloud: Cloud, region: str, **updates: Any) -> Seen:
    found = tuple(replace(each, **updates) if each.region == region else each for each in cloud.database().members)
    return in_database(cloud, members=found)


@pytest.mark.parametrize("name", ["example", "three-regions", "witness"])
def test_neither_a_first_deploy_nor_a_second_is_refused(name: str) -> None:
    environment = shipped(name)
    assert refused(environment, Cloud(environment).seen()) == ()
    assert refused(environment, deployed(environment).seen()) == ()


def test_an_ordinary_change_is_not_refused_not_even_after_a_failover() -> None:
    cloud = deployed(example())
    assert refused(example(log_days=30), cloud.seen()) == ()
    cloud.writer = TWO
    assert refused(example(log_days=30), cloud.seen()) == ()


def test_credentials_of_another_account_are_refused_whatever_is_allowed() -> None:
    (found,) = refused(example(), Seen(account="999900001111"))
    assert found.flag == "" and "999900001111" in found.message and "111122223333" in found.message


def test_the_management_account_is_refused_with_service_managed_permissions_only() -> None:
    managed = example(permission_model="service-managed", organizational_units=("ou-ab12-cdef3456",))
    (found,) = refused(managed, Seen(management="111122223333"))
    assert found.flag == "" and "management account" in found.message
    assert refused(example(), Seen(management="111122223333")) == ()


def test_stacksets_of_the_other_permission_model_are_refused() -> None:
    cloud = deployed(example())
    managed = example(permission_model="service-managed", organizational_units=("ou-ab12-cdef3456",))
    found = [each for each in refused(managed, cloud.seen()) if "SELF_MANAGED" in each.message]
    assert len(found) == 1 and found[0].flag == ""


def test_another_home_for_the_stacksets_is_refused() -> None:
    environment = example()
    cloud = deployed(environment)
    moved = example(dns=environment.dns.model_copy(update={"region": ONE}))
    found = [each for each in refused(moved, cloud.seen()) if each.trap == "44"]
    assert found and f"set dns.region: {TWO}" in found[0].hint and not found[0].flag
    none = [each for each in refused(moved, in_database_only(cloud)) if each.trap == "44"]
    assert none and "no StackSet" in none[0].message


def in_database_only(cloud: Cloud) -> Seen:
    return Seen(account="111122223333", database=cloud.database())


def test_the_region_that_the_environment_was_born_in_stays_in_the_file() -> None:
    cloud = deployed(of_regions(ONE, TWO, THREE, home=TWO))
    cloud.writer = TWO
    found = [each for each in refused(of_regions(TWO, THREE, home=TWO), cloud.seen()) if each.trap == "76"]
    assert found and found[0].message.startswith(ONE) and not found[0].flag


def test_a_region_is_given_up_only_when_it_is_named_and_never_the_active_one() -> None:
    cloud = deployed(of_regions(ONE, TWO, THREE, home=TWO))
    narrower = of_regions(ONE, TWO)
    found = refused(narrower, cloud.seen())
    assert f"--remove-region {THREE}" in flags(found)
    assert refused(narrower, cloud.seen(), f"--remove-region {THREE}", "--change-health-checks") == ()
    cloud.writer = THREE
    active = [each for each in refused(narrower, cloud.seen()) if "the file gives it up" in each.message]
    assert [each.flag for each in active] == [""]


def test_a_data_region_that_becomes_a_witness_is_given_up_too() -> None:
    environment = of_regions(ONE, TWO, THREE, home=TWO)
    cloud = deployed(environment)
    third = environment.regions[THREE].model_copy(update={"role": "witness"})
    file = environment.model_copy(update={"regions": {**environment.regions, THREE: third}})
    assert f"--remove-region {THREE}" in flags(refused(file, cloud.seen()))


def test_a_dark_region_is_passed_over_only_when_that_is_allowed() -> None:
    cloud = deployed(example())
    cloud.writer, cloud.dark = TWO, {ONE}
    (found,) = refused(example(), cloud.seen())
    assert (found.flag, found.message.split(":")[0]) == ("--without-dark", f"{ONE} does not answer")
    assert refused(example(), cloud.seen(), "--without-dark") == ()


def test_data_is_not_touched_while_nobody_knows_who_is_active() -> None:
    cloud = deployed(example())
    cloud.dark = {ONE}
    changed = with_database(example(), backup_days=7)
    seen = in_database(cloud, known=False, members=(), exists=False)
    found = [each for each in refused(changed, seen, "--without-dark") if "nobody knows" in each.message]
    assert [each.flag for each in found] == [""]
    assert refused(example(), seen, "--without-dark") == (), "nothing of the data would change"
    assert not [each for each in refused(example(log_days=30), seen, "--without-dark") if "network" in each.message]


def test_no_region_joins_while_nobody_knows_who_is_active_or_the_database_moves() -> None:
    cloud = deployed(of_regions(ONE, TWO))
    wider = of_regions(ONE, TWO, THREE, home=TWO)
    unknown = tuple(replace(each, writer=False) for each in cloud.database().members)
    for seen in (in_database(cloud, members=unknown), in_database(cloud, busy="a failover")):
        assert [each for each in refused(wider, seen, "--change-health-checks") if not each.flag]


def test_a_database_that_moves_or_is_rebuilt_is_left_alone() -> None:
    cloud = deployed(example())
    changed = with_database(example(), backup_days=7)
    moving = refused(changed, in_database(cloud, busy=f"a switchover to {TWO}"))
    assert [(each.trap, each.flag) for each in moving] == [("101", "")]
    rebuilt = refused(changed, members(cloud, ONE, status="creating"))
    assert [(each.trap, each.flag) for each in rebuilt] == [("101", "")]
    assert refused(example(), members(cloud, ONE, status="creating")) == ()
    assert refused(example(people=("a@example.com",)), members(cloud, ONE, status="creating")) == ()


def test_the_active_region_is_not_touched_while_a_standby_has_no_instance() -> None:
    cloud = deployed(example())
    changed = with_database(example(), backup_days=7)
    assert [each.trap for each in refused(changed, members(cloud, TWO, instances=0))] == ["4"]
    assert refused(example(), members(cloud, TWO, instances=0)) == ()


def test_versions_that_differ_are_brought_together_before_anything_else() -> None:
    cloud = deployed(example())
    version = example().database.engine_version
    differing = members(cloud, TWO, engine_version="16.4")
    found = refused(with_database(example(), backup_days=7), differing)
    assert [(each.trap, each.flag) for each in found] == [("5", "")]
    upgrade = with_database(example(), engine_version="16.4")
    half_way = deployed(upgrade)
    half_way.versions = {ONE: version}
    assert refused(example(), half_way.seen()) == (), "the upgrade that was cut off goes on"


def test_a_minor_upgrade_is_allowed_a_major_one_asked_for_and_a_step_back_never() -> None:
    cloud = deployed(example())
    assert example().database.engine_version == "16.8"
    assert refused(with_database(example(), engine_version="16.9"), cloud.seen()) == ()
    major = refused(with_database(example(), engine_version="17.5"), cloud.seen())
    assert "--major-upgrade" in flags(major)
    back = refused(with_database(example(), engine_version="16.4"), cloud.seen())
    assert [(each.trap, each.flag) for each in back] == [("15", "")]


def test_after_a_minor_upgrade_the_global_clusters_own_version_is_no_step_back() -> None:
    cloud = deployed(with_database(example(), engine_version="16.9"))
    stack = cloud.sets["dr-example-global-database"].instances[("111122223333", ONE)].stack
    assert stack is not None
    stack.parameters["EngineVersion"] = "16.8"
    assert refused(with_database(example(), engine_version="16.9"), cloud.seen()) == ()


def test_a_cluster_whose_stack_is_gone_is_not_made_again_over_it() -> None:
    cloud = deployed(example())
    seen = cloud.seen()
    cloud.vanish("dr-example-database", TWO)
    found = refused(example(), replace(cloud.seen(), database=seen.database))
    assert [(each.trap, each.flag) for each in found] == [("14", "")]


def test_what_holds_data_is_replaced_or_removed_only_when_that_is_allowed() -> None:
    cloud = deployed(example())
    fewer = with_database(example(), instances=1)
    found = refused(fewer, cloud.seen())
    assert set(flags(found)) == {"--replace-data"}
    assert {each.message.split()[1] for each in found} == {"Instance2"}
    assert refused(fewer, cloud.seen(), "--replace-data") == ()


def test_another_database_name_would_replace_the_cluster() -> None:
    cloud = deployed(example())
    found = refused(with_database(example(), name="other"), cloud.seen())
    assert any("Cluster of dr-example-database" in each.message and "DatabaseName" in each.message for each in found)


def test_leaving_the_global_database_by_omission_is_refused_whatever_is_allowed() -> None:
    def without(name: str, text: str) -> str:
        plain = json.loads(text)
        if name == "database":
            del plain["Resources"]["Cluster"]["Properties"]["GlobalClusterIdentifier"]
        return json.dumps(plain)

    cloud = deployed(example())
    found = refused(example(), cloud.seen(), "--replace-data", texts=without)
    assert {(each.trap, each.flag) for each in found} == {("13", "")}


def test_backups_that_are_no_longer_wanted_are_not_dropped_by_themselves() -> None:
    cloud = deployed(example())
    assert example().backup is not None
    found = refused(example(backup=None), cloud.seen())
    assert set(flags(found)) == {"--replace-data"}


def with_checks(name: str, text: str) -> str:
    plain = json.loads(text)
    if name == "health":
        check = {"HealthCheckConfig": {"Type": "CALCULATED", "HealthThreshold": 1}}
        plain["Resources"]["HealthCheck"] = {"Type": "AWS::Route53::HealthCheck", "Properties": check}
    return json.dumps(plain)


def changed_checks(name: str, text: str) -> str:
    return with_checks(name, text).replace('"HealthThreshold": 1', '"HealthThreshold": 2')


def test_health_checks_change_only_while_the_active_region_is_home() -> None:
    environment = example()
    cloud = Cloud(environment)
    from tests.plan.deploying import deploy

    deploy(environment, cloud, texts=lambda name: with_checks(name, template(name, environment.shape)))
    assert refused(environment, cloud.seen(), texts=changed_checks) == ()
    cloud.writer = TWO
    away = refused(environment, cloud.seen(), texts=changed_checks)
    assert [each.flag for each in away] == ["--change-health-checks"] * 2
    assert refused(environment, cloud.seen(), "--change-health-checks", texts=changed_checks) == ()
    assert refused(environment, cloud.seen(), texts=with_checks) == (), "nothing about them changes"
    home = example(dns=environment.dns.model_copy(update={"home": TWO}))
    deploy(home, cloud, texts=lambda name: with_checks(name, template(name, environment.shape)))
    assert refused(home, cloud.seen(), texts=changed_checks) == ()
    cloud.markers = (ONE,)
    superseded = refused(home, cloud.seen(), texts=changed_checks)
    assert [each.flag for each in superseded] == ["--change-health-checks"] * 2


def test_records_are_not_exchanged_for_another_kind_by_themselves() -> None:
    cloud = deployed(of_regions(ONE, TWO))
    wider = of_regions(ONE, TWO, THREE, home=TWO)
    found = refused(wider, cloud.seen())
    assert [(each.trap, each.flag) for each in found] == [("34b", "--change-health-checks")]
    assert refused(wider, cloud.seen(), "--change-health-checks") == ()


def test_a_stack_that_only_a_person_can_free_is_said_with_the_command() -> None:
    cloud = deployed(example())
    stack = cloud.sets["dr-example-network"].instances[("111122223333", ONE)].stack
    assert stack is not None
    stack.status = "UPDATE_ROLLBACK_FAILED"
    (found,) = refused(example(), cloud.seen())
    assert "continue-update-rollback --region eu-west-1 --stack-name StackSet-dr-example-network" in found.hint


def test_a_deletion_of_data_that_began_is_not_gone_over() -> None:
    cloud = deployed(example())
    listed = cloud.sets["dr-example-storage"].instances[("111122223333", ONE)]
    assert listed.stack is not None
    listed.status, listed.stack.status = "INOPERABLE", "DELETE_FAILED"
    (found,) = refused(example(), cloud.seen())
    assert found.flag == "" and "somebody began to delete it" in found.message


def test_a_deletion_of_a_clusters_network_that_began_is_not_gone_over_either() -> None:
    cloud = deployed(example())
    cloud.sets["dr-example-network"].instances[("111122223333", ONE)].status = "INOPERABLE"
    (found,) = refused(example(), cloud.seen())
    assert found.flag == "" and "dr-example-network" in found.message


def test_data_that_is_kept_is_let_go_of_only_when_that_is_allowed_and_the_plan_shows_it() -> None:
    cloud = deployed(example())
    loose = with_database(example(disposable=True), deletion_protection=False)
    found = refused(loose, cloud.seen())
    assert set(flags(found)) == {"--replace-data"}
    said = [each.message for each in found]
    for name in ("database", "storage", "keys", "backup", "zone", "global-database"):
        assert any(f"of dr-example-{name} in" in each for each in said), name
    assert any("SecretKey" not in each and "Cluster" in each for each in said)
    assert refused(loose, cloud.seen(), "--replace-data") == ()
    shown = effects(
        Facts(loose, cloud.seen(), PACKAGES, PREFIXES), plan(loose, cloud.seen()),
        {name: template(name, loose.shape) for name in built(loose.shape)},
    )  # fmt: skip
    changes = [each for by_place in shown.values() for those in by_place.values() for each in those]
    (cluster, *_) = [each for each in changes if each.type == "AWS::RDS::DBCluster"]
    assert "DeletionPolicy" in cluster.properties and "DeletionProtection" in cluster.properties
    assert any("from RetainExceptOnCreate to Delete" in each or "from Snapshot to" in each for each in cluster.loosened)


def test_data_that_was_disposable_may_be_kept_from_now_on_without_a_word() -> None:
    loose = with_database(example(disposable=True), deletion_protection=False)
    assert refused(with_database(example(), deletion_protection=False), deployed(loose).seen()) == ()


def test_nobody_changes_health_checks_while_the_markers_can_not_be_read() -> None:
    environment = example()
    cloud = Cloud(environment)
    from tests.plan.deploying import deploy

    deploy(environment, cloud, texts=lambda name: with_checks(name, template(name, environment.shape)))
    unknown = replace(cloud.seen(), markers_known=False)
    found = refused(environment, unknown, texts=changed_checks)
    assert [each.flag for each in found] == ["--change-health-checks"] * 2
    assert all("nobody knows" in each.message for each in found)
    assert refused(environment, unknown, "--change-health-checks", texts=changed_checks) == ()
    assert refused(environment, unknown, texts=with_checks) == (), "nothing about them changes"


def test_what_can_not_be_allowed_is_said_first() -> None:
    cloud = deployed(example())
    cloud.writer = TWO
    found = refused(with_database(example(), instances=1), in_database(cloud, busy="a failover"))
    assert found[0].flag == "" and found[-1].flag == "--replace-data"
