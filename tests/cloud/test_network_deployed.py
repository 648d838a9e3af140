"""The ways to the databases in the network that the templates make, and what closes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cloud.cloud_world import ONE, TWO
from tests.cloud.resources_stage import EXAMPLES, Stage
from twin.cloud.knobs import Knobs
from twin.cloud.process import Options, local_cloud

EXAMPLE = next(each for each in EXAMPLES if each.stem == "example")
PAIRS = {(who, start, end) for who in ("functions", "application") for start in (ONE, TWO) for end in (ONE, TWO)}
Seen = dict[tuple[str, str, str], tuple[str, str]]


class Deployed:
    """The example, and the ways of it."""

    def __init__(self, url: str) -> None:
        self.knobs = Knobs(url)
        self.stage = Stage(url, EXAMPLE)
        self.stage.deploy()

    def ec2(self, region: str) -> Any:
        return self.stage.client("ec2", region)

    def output(self, stack: str, region: str, name: str) -> str:
        instance = next(each for each in self.stage.stacks if (each.stack, each.region) == (stack, region))
        return self.stage.output(instance, name)

    def ways(self) -> Seen:
        found = self.knobs.ask("GET", "network")
        return {(each["who"], each["origin"], each["region"]): (each["closed"], each["refused"]) for each in found}

    def shut(self) -> dict[tuple[str, str], str]:
        """Return which origin does not get to which region, and why; who it is makes no difference."""
        found = {(start, end): closed or refused for (_, start, end), (closed, refused) in self.ways().items()}
        return {pair: why for pair, why in found.items() if why}


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    with local_cloud(Options(functions="answers")) as running:
        yield Deployed(running.url)


def test_functions_and_applications_reach_the_databases_of_both_regions(deployed: Deployed) -> None:
    assert deployed.ways() == dict.fromkeys(PAIRS, ("", ""))


def test_the_fences_entry_closes_a_database_to_everybody_and_its_removal_opens_it(deployed: Deployed) -> None:
    acl = deployed.output("network", ONE, "DataNetworkAclId")
    entry = {"NetworkAclId": acl, "RuleNumber": 1, "Egress": False}
    deployed.ec2(ONE).create_network_acl_entry(
        **entry, Protocol="6", RuleAction="deny", CidrBlock="0.0.0.0/0", PortRange={"From": 5432, "To": 5432}
    )
    try:
        found = deployed.ways()
        assert {pair[1:] for pair, (closed, _) in found.items() if f"rule 1 of {acl} denies" in closed} == {
            (ONE, ONE),
            (TWO, ONE),
        }
        assert all(found[who, start, TWO] == ("", "") for who, start, _ in PAIRS)
    finally:
        deployed.ec2(ONE).delete_network_acl_entry(**entry)
    assert deployed.shut() == {}


def test_a_route_back_that_is_missing_closes_the_way_there(deployed: Deployed) -> None:
    """Trap 18: without the way back, the global endpoint resolves to an address that has no route."""
    table, ec2 = deployed.output("network", TWO, "DataRouteTableId"), deployed.ec2(TWO)
    held = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    peered = next(each for each in held if each.get("VpcPeeringConnectionId"))
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock=peered["DestinationCidrBlock"])
    try:
        shut = deployed.shut()
        assert list(shut) == [(ONE, TWO)]
        assert f"{table} has no route from" in shut[ONE, TWO]
    finally:
        ec2.create_route(
            RouteTableId=table,
            DestinationCidrBlock=peered["DestinationCidrBlock"],
            VpcPeeringConnectionId=peered["VpcPeeringConnectionId"],
        )
    assert deployed.shut() == {}


@pytest.mark.parametrize(
    ("group", "key", "verb", "kind", "shut"),
    [
        ("DatabaseGroupId", "IpPermissions", "ingress", "IpRanges", {(TWO, ONE)}),
        ("DatabaseGroupId", "IpPermissions", "ingress", "UserIdGroupPairs", {(ONE, ONE)}),
        ("ClientGroupId", "IpPermissionsEgress", "egress", "IpRanges", {(ONE, TWO)}),
        ("ClientGroupId", "IpPermissionsEgress", "egress", "UserIdGroupPairs", {(ONE, ONE)}),
    ],
)
def test_a_groups_rule_that_is_revoked_shuts_the_way_to_new_connections(
    deployed: Deployed, group: str, key: str, verb: str, kind: str, shut: set[tuple[str, str]]
) -> None:
    ec2, identifier = deployed.ec2(ONE), deployed.output("network", ONE, group)
    held = ec2.describe_security_groups(GroupIds=[identifier])["SecurityGroups"][0][key]
    named = {"IpRanges": "CidrIp", "UserIdGroupPairs": "GroupId"}[kind]
    mine: list[dict[str, Any]] = [
        {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, kind: [{named: one[named]} for one in each[kind]]}
        for each in held
        if each.get("FromPort") == 5432 and each.get(kind)
    ]
    revoke: Callable[..., Any] = getattr(ec2, f"revoke_security_group_{verb}")
    again: Callable[..., Any] = getattr(ec2, f"authorize_security_group_{verb}")
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [identifier]}])
    wanted = {"IpRanges": "CidrIpv4", "UserIdGroupPairs": "ReferencedGroupInfo"}[kind]
    revoke(
        GroupId=identifier,
        SecurityGroupRuleIds=[
            each["SecurityGroupRuleId"]
            for each in rules["SecurityGroupRules"]
            if each.get("FromPort") == 5432 and each.get(wanted) and each["IsEgress"] == (verb == "egress")
        ],
    )
    try:
        found = deployed.ways()
        assert {pair[1:] for pair, (_, refused) in found.items() if refused} == shut
        assert not any(closed for closed, _ in found.values())
    finally:
        for each in mine:
            again(GroupId=identifier, IpPermissions=[each])
    assert deployed.shut() == {}


def test_a_peering_that_is_gone_closes_the_ways_between_the_regions_alone(deployed: Deployed) -> None:
    """Fault 22; the last test here, since nothing brings the connection back."""
    connection = deployed.output("peering-request", ONE, "PeeringConnectionId")
    deployed.ec2(ONE).delete_vpc_peering_connection(VpcPeeringConnectionId=connection)
    shut = deployed.shut()
    assert set(shut) == {(ONE, TWO), (TWO, ONE)}
    assert all(f"to {connection}, which leads nowhere" in why for why in shut.values())
