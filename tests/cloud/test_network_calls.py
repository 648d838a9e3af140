"""Calls to AWS by a function inside a VPC: they get out by an endpoint, or hang (trap 71)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cloud.cloud_world import ONE, TWO, World, until
from tests.cloud.function_stage import Stage
from twin.cloud.process import Options, Running, local_cloud

HUNG = ("ReadTimeoutError", "ConnectTimeoutError")
OPEN = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Running]:
    with local_cloud(Options(functions="run")) as found:
        yield found


class Vpc(Stage):
    """A stage with a VPC: one subnet, a group for clients and one for endpoints, and a function in it."""

    def lay(self, *, to_dynamodb: bool = True) -> None:
        self.ec2: Any = self.world.client("ec2", self.region)
        wanted = [{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{self.region}.dynamodb"]}]
        found = self.ec2.describe_managed_prefix_lists(Filters=wanted)["PrefixLists"][0]["PrefixListId"]
        rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "DestinationPrefixListId": found}
        template = {
            "Resources": {
                "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}},
                "Subnet": {
                    "Type": "AWS::EC2::Subnet",
                    "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.1.0/24"},
                },
                "Routes": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}},
                "Own": {
                    "Type": "AWS::EC2::SubnetRouteTableAssociation",
                    "Properties": {"SubnetId": {"Ref": "Subnet"}, "RouteTableId": {"Ref": "Routes"}},
                },
                "Client": self._group("c", *([rule] if to_dynamodb else [])),
                "Door": self._group("d"),
                "Dynamo": {
                    "Type": "AWS::EC2::VPCEndpoint",
                    "Properties": {
                        "VpcId": {"Ref": "Vpc"},
                        "VpcEndpointType": "Gateway",
                        "ServiceName": f"com.amazonaws.{self.region}.dynamodb",
                        "RouteTableIds": [{"Ref": "Routes"}],
                    },
                },
                "Ssm": {
                    "Type": "AWS::EC2::VPCEndpoint",
                    "Properties": {
                        "VpcId": {"Ref": "Vpc"},
                        "VpcEndpointType": "Interface",
                        "PrivateDnsEnabled": True,
                        "ServiceName": f"com.amazonaws.{self.region}.ssm",
                        "SubnetIds": [{"Ref": "Subnet"}],
                        "SecurityGroupIds": [{"Fn::GetAtt": ["Door", "GroupId"]}],
                        "PolicyDocument": {
                            "Statement": [
                                {"Effect": "Allow", "Principal": "*", "Action": "ssm:Describe*", "Resource": "*"}
                            ]
                        },
                    },
                },
            }
        }
        formation = self.world.client("cloudformation", self.region)
        formation.create_stack(StackName="net", TemplateBody=json.dumps(template))
        assert self.world.settled(self.world.account, self.region, "net") == "CREATE_COMPLETE"
        made = formation.describe_stack_resources(StackName="net")["StackResources"]
        self.ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in made}
        self.name = self.function(
            "inside",
            Timeout=20,
            VpcConfig={"SubnetIds": [self.ids["Subnet"]], "SecurityGroupIds": [self.ids["Client"]]},
        )

    @staticmethod
    def _group(description: str, *rules: dict[str, Any]) -> dict[str, Any]:
        nowhere = {"IpProtocol": "-1", "CidrIp": "127.0.0.1/32"}
        about = {"GroupDescription": description, "VpcId": {"Ref": "Vpc"}, "SecurityGroupEgress": [nowhere, *rules]}
        return {"Type": "AWS::EC2::SecurityGroup", "Properties": about}

    def let(self, group: str, other: dict[str, Any], *, egress: bool) -> None:
        permission = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **other}]
        change = self.ec2.authorize_security_group_egress if egress else self.ec2.authorize_security_group_ingress
        change(GroupId=self.ids[group], IpPermissions=permission)

    def open_(self) -> None:
        """Let the function to the interface endpoint."""
        self.let("Client", {"UserIdGroupPairs": [{"GroupId": self.ids["Door"]}]}, egress=True)
        self.let("Door", {"UserIdGroupPairs": [{"GroupId": self.ids["Client"]}]}, egress=False)

    def call(self, service: str, name: str, **given: Any) -> str:
        region = given.pop("region", None)
        said = self.invoke(self.name, call=[service, name], given={**given, **({"region": region} if region else {})})
        return str(said)

    def met(self) -> list[str]:
        found = self.world.knobs.ask("GET", "calls")["stopped"]
        return [each["met"] for each in found if each["account"] == self.world.account]


@pytest.fixture
def vpc(cloud: Running) -> Vpc:
    found = Vpc(World(cloud.url))
    found.lay()
    return found


def test_a_service_is_reached_through_an_endpoint_that_lets_the_function_in(vpc: Vpc) -> None:
    vpc.open_()
    assert vpc.call("ssm", "describe_parameters") == "fine"
    assert vpc.call("dynamodb", "list_tables") == "fine"
    assert vpc.met() == []


def test_without_rules_of_the_groups_the_endpoints_are_not_reached(cloud: Running) -> None:
    vpc = Vpc(World(cloud.url))
    vpc.lay(to_dynamodb=False)
    assert vpc.call("ssm", "describe_parameters").startswith(HUNG)
    assert vpc.call("dynamodb", "list_tables").startswith(HUNG)
    until(lambda: len(vpc.met()) == 2)
    assert any("lets 443 out to dynamodb" in each for each in vpc.met())
    vpc.open_()
    assert vpc.call("ssm", "describe_parameters") == "fine"


def test_a_call_that_the_endpoints_policy_forbids_is_denied(vpc: Vpc) -> None:
    vpc.open_()
    said = vpc.call("ssm", "put_parameter", Name="/x", Value="x", Type="String")
    assert said.startswith("AccessDenied")
    assert f"the policy of {vpc.ids['Ssm']} does not let ssm:PutParameter" in said
    vpc.ec2.modify_vpc_endpoint(VpcEndpointId=vpc.ids["Ssm"], PolicyDocument=json.dumps(OPEN))
    assert vpc.call("ssm", "put_parameter", Name="/x", Value="x", Type="String") == "fine"


def test_a_service_without_an_endpoint_and_another_regions_service_hang(vpc: Vpc) -> None:
    vpc.open_()
    assert vpc.call("sns", "list_topics").startswith(HUNG)
    assert vpc.call("ssm", "describe_parameters", region=TWO).startswith(HUNG)
    until(lambda: len(vpc.met()) == 2)
    assert {each.split(" (trap")[0].split(" leads to ")[-1] for each in vpc.met() if "leads to" in each} == {
        f"ssm in {TWO}, and it has no NAT gateway"
    }


def test_a_function_outside_every_vpc_reaches_everything(vpc: Vpc) -> None:
    name = vpc.function("outside", Timeout=20)
    for service, call, region in (("sns", "list_topics", ONE), ("ssm", "describe_parameters", TWO)):
        assert vpc.invoke(name, call=[service, call], given={"region": region}) == "fine"


def test_an_outage_between_two_regions_strikes_only_calls_from_there(vpc: Vpc) -> None:
    """Fault 17: a partition; the region is well, and reached by everybody else."""
    near, far = vpc.function("near", Timeout=20), Stage(vpc.world, TWO).function("far", Timeout=20)
    identity = vpc.world.knobs.ask("POST", "outages", {"regions": ONE, "origins": TWO, "how": "hangs"})["id"]
    said = Stage(vpc.world, TWO).invoke(far, call=["sns", "list_topics"], given={"region": ONE})
    assert said.startswith(HUNG)
    assert vpc.invoke(near, call=["sns", "list_topics"]) == "fine"
    vpc.world.knobs.ask("DELETE", "outages", {"id": identity})
    assert Stage(vpc.world, TWO).invoke(far, call=["sns", "list_topics"], given={"region": ONE}) == "fine"
