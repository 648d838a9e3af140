"""Every example's stacks on the local cloud: made, changed and deleted, in every region of theirs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.resources_readers import READERS
from tests.cloud.resources_reading import Record
from tests.cloud.resources_server import served
from tests.cloud.resources_stage import EXAMPLES, Stage
from tests.stacks.conftest import built
from twin.cloud.resources import install

KEPT = ("RetainExceptOnCreate", "Retain")


@pytest.fixture(scope="module", params=EXAMPLES, ids=[path.stem for path in EXAMPLES])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as url:
        deployed = Stage(url, request.param)
        deployed.deploy()
        yield deployed


def policy(stage: Stage, record: Record) -> str:
    """Return what becomes of a resource whose stack is deleted."""
    template = built(stage.environment.shape)[stage.stack_of(record)]
    default = "Snapshot" if record.type == "AWS::RDS::DBCluster" else "Delete"
    return str(template["Resources"][record.logical].get("DeletionPolicy", default))


def is_there(record: Record) -> bool:
    try:
        READERS[record.type](record)
    except (ClientError, StopIteration, IndexError, KeyError, AssertionError):
        return False
    return True


def test_every_resource_that_its_condition_asks_for_is_deployed(stage: Stage) -> None:
    held = {(record.account, record.region, record.stack, record.logical) for record in stage.records()}
    for instance in stage.order():
        template = built(stage.environment.shape)[instance.stack]
        given = {each["ParameterKey"]: each["ParameterValue"] for each in stage.parameters(instance, second_pass=True)}
        given |= {"AWS::AccountId": instance.account, "AWS::Region": instance.region, "AWS::Partition": "aws"}
        for logical, resource in template["Resources"].items():
            wanted = holds(template, given, {"Condition": resource["Condition"]}) if "Condition" in resource else True
            key = (instance.account, instance.region, stage.name(instance), logical)
            assert (key in held) == wanted, key


def holds(template: dict[str, Any], given: dict[str, str], condition: Any) -> bool:
    """Tell whether a condition holds; written apart from the emulator, which was wrong about pseudo parameters."""
    (name, inner), *_ = condition.items()
    if name == "Condition":
        return holds(template, given, template["Conditions"][inner])
    if name == "Fn::Equals":
        one, other = (plain(given, each) for each in inner)
        return str(one) == str(other)
    results = [holds(template, given, each) for each in inner]
    return {"Fn::And": all(results), "Fn::Or": any(results), "Fn::Not": not results[0]}[name]


def plain(given: dict[str, str], value: Any) -> Any:
    if isinstance(value, dict) and "Ref" in value:
        return given[value["Ref"]]
    if isinstance(value, dict):
        index, of = value["Fn::Select"]
        return plain(given, of).split(",")[int(index)]
    return value


def test_a_changed_parameter_reaches_the_resources_and_replaces_none_of_them(stage: Stage) -> None:
    before = {(each.region, each.stack, each.logical): each.id for each in stage.records()}
    stage.changed |= {"LogDays": "90", "BackupDays": "9", "Ttl": "7"}
    for instance in stage.order():
        stage.update(instance)
    records = stage.records()
    assert {(each.region, each.stack, each.logical): each.id for each in records} == before
    days = [READERS[each.type](each)["RetentionInDays"] for each in records if each.type == "AWS::Logs::LogGroup"]
    assert days and set(days) == {90}
    backups = [READERS[each.type](each) for each in records if each.type == "AWS::RDS::DBCluster"]
    assert backups and {each["BackupRetentionPeriod"] for each in backups} == {9}
    groups = [READERS[each.type](each) for each in records if each.type == "AWS::Route53::RecordSetGroup"]
    assert groups and {one["TTL"] for each in groups for one in each["RecordSets"]} == {7}


def test_names_follow_home_when_it_changes(stage: Stage) -> None:
    weights = {"PRIMARY": True, "SECONDARY": False, 1: True, 0: False}
    for home in [region.name for region in reversed(stage.environment.data_regions)]:
        stage.changed["Home"] = home
        for instance in (each for each in stage.order() if each.stack.startswith("records-")):
            stage.update(instance)
        groups = [each for each in stage.records() if each.type == "AWS::Route53::RecordSetGroup"]
        held = [one for each in groups for one in READERS[each.type](each)["RecordSets"]]
        assert held
        for one in held:
            preferred = weights[one["Failover"] if "Failover" in one else one["Weight"]]
            assert preferred == (one["SetIdentifier"] == home)


def test_what_is_deleted_is_gone_and_what_a_policy_retains_is_still_there(stage: Stage) -> None:
    before = [(each, policy(stage, each)) for each in stage.records()]
    assert all(is_there(each) for each, _ in before)
    stage.destroy()
    assert not stage.records()
    by_hand = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
    for record, kept in before:
        if record.type == "AWS::S3::Bucket" and kept in KEPT:
            record.client("s3").head_bucket(Bucket=record.id)
        else:
            wanted = kept in KEPT and record.type not in by_hand
            assert is_there(record) == wanted, (record.type, record.id, kept)


def test_installing_again_changes_nothing() -> None:
    from ministack.services import ec2
    from ministack.services.cloudformation import provisioners

    install()
    served_by, topic = ec2.handle_request, dict(provisioners._RESOURCE_HANDLERS["AWS::SNS::Topic"])
    install()
    assert ec2.handle_request is served_by
    assert provisioners._RESOURCE_HANDLERS["AWS::SNS::Topic"] == topic
