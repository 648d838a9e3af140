"""Every example, with two, three and a witness's regions: each parameter of each stack gets a value it accepts."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from generator.config import Environment, load
from generator.inputs import BY_NAME
from generator.links import Observed, Output
from generator.placement import Instance, instances
from generator.slots import NONE
from generator.sources import sources_of
from generator.values import GIVEN, Known, values
from tests.stacks.conftest import built

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "stacksets").glob("*.yaml"))

OUTPUTS = {
    "KeyArn": "arn:aws:kms:{region}:111122223333:key/1234", "TopicArn": "arn:aws:sns:{region}:111122223333:t",
    "NoticeArn": "arn:aws:lambda:{region}:111122223333:function:n", "VpcId": "vpc-0{n}", "CodeBucket": "code-{region}",
    "LogBucket": "logs-{region}", "ComputeSubnetIds": "subnet-1,subnet-2", "DataSubnetIds": "subnet-3,subnet-4",
    "ComputeRouteTableId": "rtb-01", "DataRouteTableId": "rtb-02", "DatabaseGroupId": "sg-01",
    "ClientGroupId": "sg-02", "DataNetworkAclId": "acl-0{n}", "PeeringConnectionId": "pcx-01",
    "ReaderHost": "dr-x-{region}.cluster-ro-abc.{region}.rds.amazonaws.com",
    "ProbeUserArn": "arn:aws:rds-db:{region}:111122223333:dbuser:c/dr_probe",
    "MarkerCheckId": "check-{region}-{partner}", "HostedZoneId": "Z123", "HealthCheckId": "health-{region}",
}  # fmt: skip


def output(instance: Instance, name: str) -> str:
    return OUTPUTS[name].format(region=instance.region, partner=instance.partner, n=len(instance.region))


KNOWN = Known(output=output, observed=lambda _i, _s: "pl-01", package=lambda name: f"functions/{name}.zip")


@pytest.fixture(params=EXAMPLES, ids=[path.stem for path in EXAMPLES])
def environment(request: pytest.FixtureRequest) -> Environment:
    return load(request.param)


def complaint(parameter: dict[str, Any], value: str) -> str:
    kind = parameter["Type"]
    parts = value.split(",") if "List" in kind else [value]
    if kind == "Number":
        number = float(value)
        if not parameter.get("MinValue", number) <= number <= parameter.get("MaxValue", number):
            return "out of range"
    if "AllowedValues" in parameter and not all(part in map(str, parameter["AllowedValues"]) for part in parts):
        return "not an allowed value"
    # of a list, the pattern is for each value (CloudFormation guide, "Parameters syntax", AllowedPattern)
    if "AllowedPattern" in parameter and not all(re.fullmatch(parameter["AllowedPattern"], part) for part in parts):
        return "does not match"
    if not parameter.get("MinLength", 0) <= len(value) <= parameter.get("MaxLength", 4096):
        return "too short or too long"
    return ""


def test_every_parameter_of_every_instance_gets_a_value_that_its_constraint_accepts(environment: Environment) -> None:
    library = built(environment.shape)
    for instance in instances(environment):
        parameters = library[instance.stack].get("Parameters", {})
        found = values(environment, instance, KNOWN)
        assert set(found) == set(parameters), instance
        for name, value in found.items():
            assert value, (instance, name)
            assert not complaint(parameters[name], value), (instance, name, value)


def test_every_parameter_has_exactly_one_way_to_its_value() -> None:
    linked = {name for name, each in BY_NAME.items() if isinstance(each.source, (Output, Observed))}
    code = {name for name in BY_NAME if name.endswith("Code")}
    assert linked | code | GIVEN == set(BY_NAME)
    assert not GIVEN & (linked | code)


def test_every_link_finds_its_source_in_every_example(environment: Environment) -> None:
    witnesses = {region.name for region in environment.witnesses}
    for instance in instances(environment):
        for name in built(environment.shape)[instance.stack].get("Parameters", {}):
            source = BY_NAME[name].source
            if isinstance(source, Output):
                found = sources_of(environment, instance, source)
                database_of_a_witness = instance.region in witnesses and source.stack == "database"
                assert found or database_of_a_witness, (instance, name)


def test_a_witness_has_no_database_storage_health_or_records(environment: Environment) -> None:
    witnesses = {region.name for region in environment.witnesses}
    held = {each.stack for each in instances(environment) if each.region in witnesses} - {
        "zone", "stackset-roles", "deployment",
    }  # fmt: skip
    without = {"database", "storage", "health", "marker", "records-weighted", "observability", "global-database"}
    assert not held & without


def test_every_stackset_has_one_instance_a_region(environment: Environment) -> None:
    counted = Counter((each.stackset, each.account, each.region) for each in instances(environment))
    assert set(counted.values()) == {1}
    assert all(len(each.stackset) <= 128 for each in instances(environment))


def test_plain_stacks_are_made_in_their_accounts_and_all_else_in_the_workload_account() -> None:
    one = load(ROOT / "stacksets" / "example.yaml")
    two = one.model_copy(update={"accounts": one.accounts.model_copy(update={"administration": "444455556666"})})
    roles = [each.account for each in instances(two) if each.stack == "stackset-roles"]
    assert roles == ["444455556666", "111122223333"]
    assert [each.account for each in instances(two) if each.stack == "deployment"] == ["444455556666"]
    plain = ("deployment", "stackset-roles")
    assert {each.account for each in instances(two) if each.stack not in plain} == {"111122223333"}
    assert [each.account for each in instances(one) if each.stack == "stackset-roles"] == ["111122223333"]


def test_three_regions_are_peered_pairwise_and_marked_by_each_other() -> None:
    environment = load(ROOT / "stacksets" / "three-regions.yaml")
    placed = instances(environment)
    pairs = {(each.region, each.partner) for each in placed if each.stack.startswith("peering-")}
    markers = {(each.region, each.partner) for each in placed if each.stack == "marker"}
    names = [region.name for region in environment.data_regions]
    everything = {(one, other) for one in names for other in names if one != other}
    assert len(names) == 3 and pairs == everything and markers == everything
    health = next(each for each in placed if each.stack == "health")
    found = values(environment, health, KNOWN)
    others = [name for name in names if name != health.region]
    assert found["MarkerChecks"] == ",".join(f"check-{other}-{health.region}" for other in others)
    assert found["HealthThreshold"] == "3", "the proof and one marker for each of the two others"


def test_the_first_pass_of_storage_replicates_nowhere_and_the_second_everywhere() -> None:
    environment = load(ROOT / "stacksets" / "three-regions.yaml")
    storage = next(each for each in instances(environment) if each.stack == "storage")
    first = Known(KNOWN.output, KNOWN.observed, KNOWN.package, second_pass=False)
    assert set(values(environment, storage, first)["ReplicateTo"].split(",")) == {NONE}
    taken = [part for part in values(environment, storage, KNOWN)["ReplicateTo"].split(",") if part != NONE]
    assert len(taken) == 2


def test_only_the_origin_is_born_with_a_master_user_and_only_standbys_have_a_source(environment: Environment) -> None:
    for instance in instances(environment):
        if instance.stack == "database":
            found = values(environment, instance, KNOWN)
            origin = instance.region == environment.origin.name
            assert (found["Birth"] == "origin") == origin
            assert (found["SourceRegion"] == NONE) == origin


def test_deletion_protection_waits_until_a_first_deploy_can_no_longer_be_rolled_back(environment: Environment) -> None:
    first = Known(KNOWN.output, KNOWN.observed, KNOWN.package, second_pass=False)
    for instance in instances(environment):
        if instance.stack in ("database", "global-database"):
            assert values(environment, instance, first)["DeletionProtection"] == "false"
            wanted = str(environment.database.deletion_protection).lower()
            assert values(environment, instance, KNOWN)["DeletionProtection"] == wanted
