"""What an update does to resources is told before it is done, and rather too much than too little."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generator.build import library
from generator.plan.changes import Change, UnreadableTemplateError, Version, changes, summary, unified
from generator.plan.effects import effects
from generator.plan.schemas import FILE, extracted, written
from generator.plan.waves import plan
from tests.plan.cloud import Cloud
from tests.plan.deploying import deployed, example, facts_of, of_regions, template, with_database
from tests.stacks.conftest import SHAPES, built

PLACE = {"region": "eu-west-1", "account": "111122223333"}


def version(resources: dict[str, Any], parameters: dict[str, str] | None = None, **more: Any) -> Version:
    given = parameters or {}
    declared = {name: {"Type": "String"} for name in given}
    return Version(json.dumps({"Parameters": declared, "Resources": resources, **more}), given)


def cluster(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::RDS::DBCluster", "Properties": {"Engine": "aurora-postgresql", **properties}}


def test_the_committed_list_of_create_only_properties_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == written(extracted()), "run python -m generator.plan.schemas"


def test_the_list_has_every_type_that_any_shape_of_the_library_uses() -> None:
    used = {body["Type"] for shape in SHAPES for each in built(shape).values() for body in each["Resources"].values()}
    assert used <= set(json.loads(FILE.read_text(encoding="utf-8")))


def test_nothing_changes_between_a_version_and_itself() -> None:
    one = version({"Cluster": cluster(SourceRegion={"Ref": "Source"})}, {"Source": "eu-west-1"})
    assert changes(one, one, **PLACE) == ()
    spaced = Version(one.template + "\n", one.parameters)
    assert changes(one, spaced, **PLACE) == (), "another text of the same template"


@pytest.mark.parametrize(
    ("name", "old", "new", "kind", "certain"),
    [
        ("SourceRegion", "eu-west-1", "eu-central-1", "replaced", True),
        ("GlobalClusterIdentifier", "one", "another", "replaced", False),
        ("BackupRetentionPeriod", 7, 14, "changed", True),
    ],
)
def test_a_property_that_replaces_is_told_from_one_that_does_not(
    name: str, old: Any, new: Any, kind: str, certain: bool
) -> None:
    (found,) = changes(version({"C": cluster(**{name: old})}), version({"C": cluster(**{name: new})}), **PLACE)
    assert (found.kind, found.properties, found.certain, found.holds_data) == (kind, (name,), certain, True)


def test_a_parameter_that_replaces_is_seen_through_its_reference() -> None:
    body = {"C": cluster(SourceRegion={"Ref": "Source"})}
    (found,) = changes(version(body, {"Source": "eu-west-1"}), version(body, {"Source": "us-east-1"}), **PLACE)
    assert found.kind == "replaced"


def test_a_property_deep_inside_is_found_by_its_path() -> None:
    def check(kind: str, threshold: int) -> Version:
        config = {"Type": kind, "FailureThreshold": threshold}
        return version({"Check": {"Type": "AWS::Route53::HealthCheck", "Properties": {"HealthCheckConfig": config}}})

    (replaced,) = changes(check("HTTPS", 3), check("CALCULATED", 3), **PLACE)
    (changed,) = changes(check("HTTPS", 3), check("HTTPS", 2), **PLACE)
    assert (replaced.kind, replaced.properties) == ("replaced", ("HealthCheckConfig/Type",))
    assert (changed.kind, changed.properties) == ("changed", ("HealthCheckConfig",))


def test_what_refers_to_a_replaced_resource_in_such_a_property_is_replaced_as_well() -> None:
    def stack(subnets: str) -> Version:
        return version(
            {
                "Group": {"Type": "AWS::RDS::DBSubnetGroup", "Properties": {"DBSubnetGroupName": subnets}},
                "Cluster": cluster(DBSubnetGroupName={"Ref": "Group"}),
                "Instance": {
                    "Type": "AWS::RDS::DBInstance",
                    "Properties": {"DBClusterIdentifier": {"Ref": "Cluster"}},
                },
                "Told": {"Type": "AWS::SSM::Parameter", "Properties": {"Value": {"Fn::GetAtt": "Instance.Endpoint"}}},
            }
        )

    found = {each.logical_id: each.kind for each in changes(stack("one"), stack("another"), **PLACE)}
    assert found == {"Group": "replaced", "Cluster": "replaced", "Instance": "replaced", "Told": "changed"}


def test_a_condition_that_turns_removes_or_adds() -> None:
    def stack(count: str) -> Version:
        conditions = {"Two": {"Fn::Equals": [{"Ref": "Count"}, "2"]}}
        second = {"Type": "AWS::RDS::DBInstance", "Condition": "Two", "Properties": {}}
        return version({"Second": second}, {"Count": count}, Conditions=conditions)

    (added,) = changes(stack("1"), stack("2"), **PLACE)
    (removed,) = changes(stack("2"), stack("1"), **PLACE)
    assert (added.kind, removed.kind, removed.holds_data) == ("added", "removed", True)


def test_a_stack_that_comes_or_goes_adds_or_removes_all_of_it() -> None:
    one = version({"C": cluster(), "P": {"Type": "AWS::SSM::Parameter", "Properties": {}}})
    assert {each.kind for each in changes(None, one, **PLACE)} == {"added"}
    assert {each.kind for each in changes(one, None, **PLACE)} == {"removed"}


def test_another_type_under_the_same_name_and_a_policy_that_changes_are_told() -> None:
    one = version({"C": {**cluster(), "DeletionPolicy": "Retain"}})
    (policy,) = changes(one, version({"C": {**cluster(), "DeletionPolicy": "Delete"}}), **PLACE)
    assert (policy.kind, policy.properties) == ("changed", ("DeletionPolicy",))
    (kind,) = changes(one, version({"C": {"Type": "AWS::RDS::DBInstance", "Properties": {}}}), **PLACE)
    assert (kind.kind, kind.holds_data) == ("replaced", True)


def test_a_deployed_template_that_can_not_be_read_is_said_with_its_region() -> None:
    odd = version({"C": cluster(KmsKeyId={"Fn::Transform": {"Name": "Mine"}})})
    with pytest.raises(UnreadableTemplateError, match="deployed in eu-west-1 can't be read: Fn::Transform"):
        changes(odd, version({"C": cluster()}), **PLACE)


def test_a_property_that_goes_away_is_named() -> None:
    old, new = version({"C": cluster(GlobalClusterIdentifier="g")}), version({"C": cluster()})
    (found,) = changes(old, new, **PLACE)
    assert found.dropped == ("GlobalClusterIdentifier",)


def test_a_summary_counts_what_a_person_wants_to_know() -> None:
    found = summary(
        [
            Change("A", "T", "added"),
            Change("B", "T", "changed"),
            Change("C", "T", "replaced", holds_data=True),
            Change("D", "T", "removed"),
            Change("E", "T", "added", holds_data=True),
        ]
    )
    assert (found.added, found.changed, found.replaced, found.removed, found.data) == (2, 1, 1, 1, 1)
    assert found.any and not summary([]).any


def test_a_diff_of_templates_is_a_unified_one_and_empty_for_the_same_text() -> None:
    assert unified("a\nb\n", "a\nb", "network") == ""
    assert unified("a\nb\n", "a\nc\n", "network").splitlines() == [
        "--- network (deployed)", "+++ network (built)", "@@ -1,2 +1,2 @@", " a", "-b", "+c",
    ]  # fmt: skip


def test_a_first_deploy_adds_each_resource_once() -> None:
    environment = example()
    texts = {name.removesuffix(".yaml"): text for name, text in library(environment.shape).items()}
    facts = facts_of(environment, Cloud(environment))
    found = effects(facts, plan(environment, facts.seen), texts)
    each = [(place, one.logical_id) for works in found.values() for place, those in works.items() for one in those]
    assert len(each) == len(set(each)) > 200
    assert {one.kind for works in found.values() for those in works.values() for one in those} == {"added"}


def test_a_region_that_is_added_replaces_nothing_that_holds_data() -> None:
    cloud = deployed(of_regions("eu-west-1", "eu-central-1"))
    wider = of_regions("eu-west-1", "eu-central-1", "eu-west-2", home="eu-central-1")
    facts = facts_of(wider, cloud)
    texts = {name: template(name, wider.shape) for name in built(wider.shape)}
    found = effects(facts, plan(wider, facts.seen), texts)
    lost = [
        one
        for works in found.values()
        for those in works.values()
        for one in those
        if one.holds_data and one.kind in ("replaced", "removed")
    ]
    assert lost == []


def test_a_key_that_is_gone_counts_as_replacing_what_it_encrypts() -> None:
    environment = with_database(example(), deletion_protection=False)
    cloud = deployed(environment)
    cloud.vanish("dr-example-keys", "eu-west-1")
    facts = facts_of(environment, cloud)
    texts = {name: template(name, environment.shape) for name in built(environment.shape)}
    found = effects(facts, plan(environment, facts.seen), texts)
    replaced = {
        (place.stack, one.logical_id)
        for works in found.values()
        for place, those in works.items()
        for one in those
        if one.kind == "replaced"
    }
    assert ("database", "Cluster") in replaced
