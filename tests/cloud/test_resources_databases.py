"""Aurora's global database on the local cloud: how members join, what a standby lacks, what upgrades and goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from tests.cloud.resources_server import served
from tests.cloud.resources_small import ACCOUNT, HERE, THERE, Cloud, Resources, code

_MASTER = {"MasterUsername": "m", "MasterUserPassword": "pass-word-1"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with served(tmp_path_factory.mktemp("cloud")) as url:
        yield Cloud(url)


@dataclass
class Family:
    """A global cluster of its own, and the stacks of its members."""

    cloud: Cloud
    name: str = field(default_factory=lambda: f"g{uuid4().hex[:8]}")
    stacks: dict[str, str] = field(default_factory=dict)

    def found(self) -> Family:
        properties = {"GlobalClusterIdentifier": self.name, "Engine": "aurora-postgresql", "EngineVersion": "16.8",
                      "StorageEncrypted": True}  # fmt: skip
        self.stacks["global"] = self.cloud.made({"G": {"Type": "AWS::RDS::GlobalCluster", "Properties": properties}})
        return self

    def properties(self, region: str, **more: Any) -> Resources:
        properties = {
            "DBClusterIdentifier": f"{self.name}-{region}", "GlobalClusterIdentifier": self.name, "Port": 5432,
            "Engine": "aurora-postgresql", "EngineVersion": "16.8", "StorageEncrypted": True,
            "KmsKeyId": self.cloud.key(region),
            **(_MASTER if region == HERE else {"SourceRegion": HERE}),
            **more,
        }  # fmt: skip
        return {name: value for name, value in properties.items() if value is not None}

    def cluster(self, region: str, **more: Any) -> Resources:
        properties = self.properties(region, **more)
        return {"C": {"Type": "AWS::RDS::DBCluster", "DeletionPolicy": "Delete", "Properties": properties}}

    def join(self, region: str, **more: Any) -> Family:
        self.stacks[region] = self.cloud.made(self.cluster(region, **more), region)
        return self

    def seen(self, region: str) -> Any:
        rds = self.cloud.client("rds", region)
        return rds.describe_db_clusters(DBClusterIdentifier=f"{self.name}-{region}")["DBClusters"][0]

    def members(self) -> dict[str, bool]:
        held = self.cloud.client("rds").describe_global_clusters(GlobalClusterIdentifier=self.name)["GlobalClusters"][0]
        return {each["DBClusterArn"].split(":")[3]: each["IsWriter"] for each in held["GlobalClusterMembers"]}

    def arn(self, region: str) -> str:
        return f"arn:aws:rds:{region}:{ACCOUNT}:cluster:{self.name}-{region}"


@pytest.fixture
def family(cloud: Cloud) -> Family:
    return Family(cloud).found()


def test_the_first_member_writes_and_the_second_has_no_writer_endpoint(family: Family) -> None:
    family.join(HERE).join(THERE)
    assert family.members() == {HERE: True, THERE: False}
    origin, standby = family.seen(HERE), family.seen(THERE)
    assert origin["Endpoint"] == origin["ReaderEndpoint"].replace(".cluster-ro-", ".cluster-")
    assert not standby.get("Endpoint") and ".cluster-ro-" in standby["ReaderEndpoint"]


def test_an_output_of_a_standbys_writer_endpoint_fails_and_of_its_reader_endpoint_does_not(family: Family) -> None:
    family.join(HERE)
    reader = {"R": {"Value": {"Fn::GetAtt": ["C", "ReadEndpoint.Address"]}}}
    writer = {"W": {"Value": {"Fn::GetAtt": ["C", "Endpoint.Address"]}}}
    assert family.cloud.stack(family.cluster(THERE), THERE, Outputs=writer)[0] == "ROLLBACK_COMPLETE"
    assert family.cloud.stack(family.cluster(THERE), THERE, Outputs=reader)[0] == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    "more, said",
    [
        ({"MasterUsername": "m", "MasterUserPassword": "pass-word-1"}, "cross region replication"),
        ({"DatabaseName": "app"}, "cross region replication"),
        ({"EngineVersion": None}, "needs an EngineVersion"),
        ({"EngineVersion": "16.9"}, "should match setting for global cluster"),
        ({"KmsKeyId": None}, "KmsKeyId should be explicitly specified"),
        ({"KmsKeyId": f"arn:aws:kms:{HERE}:{ACCOUNT}:key/x"}, "KMSKeyNotAccessible"),
        ({"SourceRegion": None}, "PreSignedUrl"),
        ({"SourceRegion": "eu-west-3"}, "PreSignedUrl"),
        ({"ManageMasterUserPassword": True}, "trap 10"),
        ({"DatabaseInsightsMode": "advanced"}, "465 days"),
    ],
)
def test_a_standby_that_aws_would_not_take_is_refused(family: Family, more: Resources, said: str) -> None:
    family.join(HERE)
    assert said in family.cloud.refused(family.cluster(THERE, **more), THERE)
    assert family.members() == {HERE: True}


def test_two_members_of_one_name_are_refused(family: Family) -> None:
    family.join(HERE)
    same = family.cluster(THERE, DBClusterIdentifier=f"{family.name}-{HERE}")
    assert "trap 16" in family.cloud.refused(same, THERE)


@pytest.mark.parametrize("password", ["with/slash-1", 'with"quote-1', "with@sign-1", "with space-1", "short"])
def test_a_password_that_rds_does_not_take_is_refused(family: Family, password: str) -> None:
    assert "not a valid password" in family.cloud.refused(family.cluster(HERE, MasterUserPassword=password))


def test_minor_versions_are_upgraded_on_members_the_standby_first(family: Family) -> None:
    family.join(HERE).join(THERE)
    rds, there = family.cloud.client("rds"), family.cloud.client("rds", THERE)
    version = {"EngineVersion": "16.9", "ApplyImmediately": True}
    whole = {"GlobalClusterIdentifier": family.name, "EngineVersion": "16.9", "AllowMajorVersionUpgrade": True}
    assert code(lambda: rds.modify_global_cluster(**whole)) == "InvalidParameterValue"
    own = f"{family.name}-{HERE}"
    assert code(lambda: rds.modify_db_cluster(DBClusterIdentifier=own, **version)) == "InvalidDBClusterStateFault"
    there.modify_db_cluster(DBClusterIdentifier=f"{family.name}-{THERE}", **version)
    rds.modify_db_cluster(DBClusterIdentifier=own, **version)
    assert {family.seen(region)["EngineVersion"] for region in (HERE, THERE)} == {"16.9"}


def test_a_major_version_is_upgraded_on_the_global_cluster_alone(family: Family) -> None:
    family.join(HERE).join(THERE)
    rds = family.cloud.client("rds")
    major = {"EngineVersion": "17.5", "AllowMajorVersionUpgrade": True}
    own = f"{family.name}-{HERE}"
    assert code(lambda: rds.modify_db_cluster(DBClusterIdentifier=own, **major)) == "InvalidParameterValue"
    rds.modify_global_cluster(GlobalClusterIdentifier=family.name, **major)
    assert {family.seen(region)["EngineVersion"] for region in (HERE, THERE)} == {"17.5"}


def test_an_update_that_leaves_the_global_cluster_out_detaches_the_standby(family: Family) -> None:
    family.join(HERE)
    properties = family.properties(THERE)
    resource = {"Type": "AWS::RDS::DBCluster", "Properties": properties}
    name = family.cloud.made({"C": resource}, THERE)
    resource["Properties"] = {key: value for key, value in properties.items() if key != "GlobalClusterIdentifier"}
    assert family.cloud.stack({"C": resource}, THERE, name=name)[0] == "UPDATE_COMPLETE"
    assert family.members() == {HERE: True}
    assert family.seen(THERE)["Endpoint"], "a cluster of its own has a writer"


def test_another_source_region_would_replace_the_cluster_and_is_refused_by_its_name(family: Family) -> None:
    family.join(HERE)
    properties = family.properties(THERE)
    name = family.cloud.made({"C": {"Type": "AWS::RDS::DBCluster", "Properties": properties}}, THERE)
    changed = {"C": {"Type": "AWS::RDS::DBCluster", "Properties": {**properties, "SourceRegion": THERE}}}
    status, reason = family.cloud.stack(changed, THERE, name=name)
    assert status == "UPDATE_ROLLBACK_COMPLETE" and "custom-named resource requires replacing" in reason


def delete(cloud: Cloud, name: str, region: str = HERE) -> str:
    cloudformation = cloud.client("cloudformation", region)
    identifier = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=name)
    return cloud.settled(identifier, region)


def test_a_protected_cluster_is_not_deleted_and_an_unprotected_one_leaves_the_global_cluster_first(
    family: Family,
) -> None:
    family.join(HERE).join(THERE, DeletionProtection=True)
    assert delete(family.cloud, family.stacks[THERE], THERE) == "DELETE_FAILED"
    assert family.members() == {HERE: True, THERE: False}
    there, name = family.cloud.client("rds", THERE), f"{family.name}-{THERE}"
    there.modify_db_cluster(DBClusterIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
    assert delete(family.cloud, family.stacks[HERE]) == "DELETE_FAILED", "the writer stays while there is a reader"
    assert delete(family.cloud, family.stacks[THERE], THERE) == "DELETE_COMPLETE"
    assert family.members() == {HERE: True}


def test_a_global_cluster_goes_last(family: Family) -> None:
    family.join(HERE)
    rds = family.cloud.client("rds")
    asked = {"GlobalClusterIdentifier": family.name}
    assert code(lambda: rds.delete_global_cluster(**asked)) == "InvalidGlobalClusterStateFault"
    assert delete(family.cloud, family.stacks["global"]) == "DELETE_FAILED"
    assert delete(family.cloud, family.stacks[HERE]) == "DELETE_COMPLETE"
    assert delete(family.cloud, family.stacks["global"]) == "DELETE_COMPLETE"


def test_a_member_is_not_deleted_by_its_api_and_a_deletion_says_what_becomes_of_the_data(family: Family) -> None:
    family.join(HERE)
    rds, name = family.cloud.client("rds"), f"{family.name}-{HERE}"
    asked = {"DBClusterIdentifier": name}
    assert code(lambda: rds.delete_db_cluster(**asked)) == "InvalidParameterCombination"
    assert code(lambda: rds.delete_db_cluster(**asked, SkipFinalSnapshot=True)) == "InvalidDBClusterStateFault"
    rds.remove_from_global_cluster(GlobalClusterIdentifier=family.name, DbClusterIdentifier=family.arn(HERE))
    rds.delete_db_cluster(**asked, FinalDBSnapshotIdentifier=f"{name}-last")
    held = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=f"{name}-last")["DBClusterSnapshots"]
    assert [each["DBClusterIdentifier"] for each in held] == [name]


def test_after_a_failover_the_roles_are_the_other_way_round(family: Family) -> None:
    family.join(HERE).join(THERE)
    there = family.cloud.client("rds", THERE)
    there.failover_global_cluster(
        GlobalClusterIdentifier=family.name, TargetDbClusterIdentifier=family.arn(THERE), AllowDataLoss=True
    )
    assert family.members() == {HERE: False, THERE: True}
    assert family.seen(THERE)["Endpoint"] and not family.seen(HERE).get("Endpoint")


def test_what_a_cluster_stands_on_stays_until_it_is_gone(family: Family) -> None:
    ec2 = family.cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
    ranges = {"a": "10.5.1.0/24", "b": "10.5.2.0/24"}
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=cut, AvailabilityZone=HERE + zone)["Subnet"]["SubnetId"]
        for zone, cut in ranges.items()
    ]
    described = {"DBSubnetGroupName": family.name, "DBSubnetGroupDescription": "d", "SubnetIds": subnets}
    group = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "d", "VpcId": vpc}}
    below = family.cloud.made({"N": {"Type": "AWS::RDS::DBSubnetGroup", "Properties": described}, "S": group})
    resources = family.cloud.client("cloudformation").describe_stack_resources(StackName=below)["StackResources"]
    ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources}
    family.join(HERE, DBSubnetGroupName=ids["N"], VpcSecurityGroupIds=[ids["S"]])
    assert delete(family.cloud, below) == "DELETE_FAILED"
    assert code(lambda: ec2.delete_security_group(GroupId=ids["S"])) == "DependencyViolation"
    assert delete(family.cloud, family.stacks[HERE]) == "DELETE_COMPLETE"
    assert delete(family.cloud, below) == "DELETE_COMPLETE"
