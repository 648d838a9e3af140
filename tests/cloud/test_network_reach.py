"""Who reaches whom in VPCs: everything that a path needs, taken away piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.cloud.network.parts import Acl, Endpoint, Entry, Group, Network, Peering, Place, Route, Rule, Subnet, Table
from twin.cloud.network.reach import Path, path, way

HERE, THERE = "eu-west-1", "eu-central-1"
PORT = 5432
NUMBERS = {HERE: 0, THERE: 1}
World = dict[str, Network]
ALL_IN = Entry(100, egress=False, allow=True)
ALL_OUT = Entry(100, egress=True, allow=True)


def ranges(region: str, tier: str) -> list[str]:
    first = 0 if tier == "compute" else 10
    return [f"10.{NUMBERS[region]}.{first + zone}.0/24" for zone in (1, 2)]


def network(region: str) -> Network:
    """The network that the templates make: two tiers, groups that name each other, endpoints, a peering."""
    number, vpc, other = NUMBERS[region], f"vpc-{region}", THERE if region == HERE else HERE
    subnets = {
        f"{tier}-{zone}-{region}": Subnet(f"{tier}-{zone}-{region}", vpc, ranges(region, tier)[zone - 1])
        for tier in ("compute", "data")
        for zone in (1, 2)
    }
    routes = (Route(f"10.{number}.0.0/16", "local"), Route(f"10.{1 - number}.0.0/16", "pcx-1"))
    client, database, endpoint = f"sg-client-{region}", f"sg-database-{region}", f"sg-endpoint-{region}"
    return Network(
        subnets=subnets,
        tables=tuple(
            Table(f"rtb-{tier}-{region}", vpc, routes, tuple(each for each in subnets if each.startswith(tier)))
            for tier in ("compute", "data")
        ),
        acls=(
            Acl(f"acl-default-{region}", vpc, (ALL_IN, ALL_OUT), default=True),
            Acl(
                f"acl-data-{region}",
                vpc,
                (
                    Entry(100, egress=False, allow=True, protocol="6", low=PORT, high=PORT),
                    Entry(100, egress=True, allow=True, protocol="6", low=1024),
                ),
                tuple(each for each in subnets if each.startswith("data")),
            ),
        ),
        groups={
            client: Group(
                client,
                vpc,
                egress=(
                    Rule("tcp", 443, 443, prefix_lists=("pl-s3",)),
                    Rule("tcp", 443, 443, prefix_lists=("pl-dynamodb",)),
                    Rule("tcp", 443, 443, groups=(endpoint,)),
                    Rule("tcp", PORT, PORT, groups=(database,)),
                    Rule("tcp", PORT, PORT, ranges=tuple(ranges(other, "data"))),
                ),
            ),
            database: Group(
                database,
                vpc,
                ingress=(
                    Rule("tcp", PORT, PORT, groups=(client,)),
                    Rule("tcp", PORT, PORT, ranges=tuple(ranges(other, "compute"))),
                ),
            ),
            endpoint: Group(endpoint, vpc, ingress=(Rule("tcp", 443, 443, groups=(client,)),)),
        },
        endpoints=(
            Endpoint("vpce-db", vpc, "dynamodb", gateway=True, tables=(f"rtb-compute-{region}",)),
            Endpoint(
                "vpce-mon", vpc, "monitoring", gateway=False, private_dns=True, groups=(endpoint,),
                subnets=tuple(each for each in subnets if each.startswith("compute")),
            ),
        ),
        peerings={"pcx-1": Peering("pcx-1", (f"vpc-{HERE}", f"vpc-{THERE}"))},
        prefix_lists={"pl-s3": "s3", "pl-dynamodb": "dynamodb"},
    )  # fmt: skip


def world() -> World:
    return {region: network(region) for region in NUMBERS}


def client(region: str) -> Place:
    return Place(region, (f"compute-1-{region}", f"compute-2-{region}"), (f"sg-client-{region}",))


def database(region: str) -> Place:
    return Place(region, (f"data-1-{region}", f"data-2-{region}"), (f"sg-database-{region}",))


def without_routes(region: str, tier: str, target: str) -> Callable[[World], World]:
    def change(whole: World) -> World:
        held = whole[region]
        tables = tuple(
            replace(each, routes=tuple(one for one in each.routes if one.target != target))
            if each.id == f"rtb-{tier}-{region}"
            else each
            for each in held.tables
        )
        return {**whole, region: replace(held, tables=tables)}

    return change


def without_rules(region: str, group: str, side: str, port: int = PORT) -> Callable[[World], World]:
    def change(whole: World) -> World:
        held = whole[region]
        name = f"sg-{group}-{region}"
        kept: Any = {side: tuple(each for each in getattr(held.groups[name], side) if each.low != port)}
        return {**whole, region: replace(held, groups={**held.groups, name: replace(held.groups[name], **kept)})}

    return change


def with_entry(region: str, entry: Entry, acl: str = "data") -> Callable[[World], World]:
    def change(whole: World) -> World:
        held = whole[region]
        acls = tuple(
            replace(each, entries=(*each.entries, entry)) if each.id == f"acl-{acl}-{region}" else each
            for each in held.acls
        )
        return {**whole, region: replace(held, acls=acls)}

    return change


def without_peering(whole: World) -> World:
    return {region: replace(held, peerings={}) for region, held in whole.items()}


FENCE = Entry(1, egress=False, allow=False, protocol="6", low=PORT, high=PORT)


@pytest.mark.parametrize("start", [HERE, THERE])
@pytest.mark.parametrize("end", [HERE, THERE])
def test_the_templates_network_lets_clients_to_both_databases(start: str, end: str) -> None:
    assert path(world(), client(start), database(end), PORT) == Path()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_routes(HERE, "compute", "pcx-1"), "rtb-compute-eu-west-1 has no route"),
        (without_routes(THERE, "data", "pcx-1"), "rtb-data-eu-central-1 has no route"),
        (without_peering, "sends 10.1.11.0/24 to pcx-1, which leads nowhere"),
        (with_entry(THERE, FENCE), "rule 1 of acl-data-eu-central-1 denies in from 10.0.1.0/24"),
        (
            with_entry(THERE, replace(FENCE, egress=True, low=0, high=65535)),
            "rule 1 of acl-data-eu-central-1 denies out",
        ),
        (with_entry(HERE, replace(FENCE, egress=True), "default"), "rule 1 of acl-default-eu-west-1 denies out to"),
        (
            with_entry(HERE, replace(FENCE, low=1024, high=65535), "default"),
            "rule 1 of acl-default-eu-west-1 denies in from 10.1.11.0/24, ports 1024-65535",
        ),
    ],
)
def test_a_route_or_an_acl_that_is_wrong_stops_open_connections_too(
    change: Callable[[World], World], said: str
) -> None:
    found = path(change(world()), client(HERE), database(THERE), PORT)
    assert said in found.closed
    assert found.reason == found.closed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_rules(HERE, "client", "egress"), "no rule of sg-client-eu-west-1 lets 5432 out to 10.1.11.0/24"),
        (
            without_rules(THERE, "database", "ingress"),
            "no rule of sg-database-eu-central-1 lets 5432 in from 10.0.1.0/24",
        ),
    ],
)
def test_a_groups_rule_that_is_missing_stops_new_connections_only(change: Callable[[World], World], said: str) -> None:
    """Trap 49b: security groups know the connections that they have let in."""
    found = path(change(world()), client(HERE), database(THERE), PORT)
    assert said in found.refused
    assert found.closed == ""


def test_a_group_is_not_known_in_another_regions_rules() -> None:
    """Trap 78: a rule that names the partner's group lets nobody in."""
    whole, name = without_rules(THERE, "database", "ingress")(world()), f"sg-database-{THERE}"
    held = whole[THERE]
    named = replace(held.groups[name], ingress=(Rule("tcp", PORT, PORT, groups=(f"sg-client-{HERE}",)),))
    whole[THERE] = replace(held, groups={**held.groups, name: named})
    assert "in from 10.0.1.0/24" in path(whole, client(HERE), database(THERE), PORT).refused


def test_a_rule_for_one_of_the_subnets_is_not_enough() -> None:
    whole, name = world(), f"sg-database-{THERE}"
    held = whole[THERE]
    half = replace(held.groups[name], ingress=(Rule("tcp", PORT, PORT, ranges=(ranges(HERE, "compute")[0],)),))
    whole[THERE] = replace(held, groups={**held.groups, name: half})
    assert "in from 10.0.2.0/24" in path(whole, client(HERE), database(THERE), PORT).refused


def test_within_a_region_neither_peering_nor_its_routes_are_needed() -> None:
    whole = without_peering(without_routes(HERE, "compute", "pcx-1")(world()))
    assert path(whole, client(HERE), database(HERE), PORT) == Path()


def test_the_most_specific_route_decides() -> None:
    whole = world()
    tables = tuple(
        replace(each, routes=(*each.routes, Route("10.1.11.0/24", "pcx-gone"))) for each in whole[HERE].tables
    )
    whole[HERE] = replace(whole[HERE], tables=tables)
    assert (
        "sends 10.1.11.0/24 to pcx-gone, which leads nowhere" in path(whole, client(HERE), database(THERE), PORT).closed
    )


def test_what_stands_in_no_subnet_is_not_reached() -> None:
    assert "nothing is no subnet of eu-west-1" in path(world(), Place(HERE, (), ()), database(HERE), PORT).closed
    assert "no subnet of eu-central-1" in path({HERE: network(HERE)}, client(HERE), database(THERE), PORT).closed


@pytest.mark.parametrize("service", ["monitoring", "dynamodb"])
def test_an_own_regions_service_with_an_endpoint_is_reached_through_it(service: str) -> None:
    found = way(world(), client(HERE), service, HERE)
    assert found.reason == ""
    assert found.endpoint is not None and found.endpoint.service == service


@pytest.mark.parametrize(
    ("service", "region", "said"),
    [
        ("monitoring", THERE, "leads to monitoring in eu-central-1, and it has no NAT gateway (trap 71)"),
        ("dynamodb", THERE, "leads to dynamodb in eu-central-1"),
        ("sns", HERE, "vpc-eu-west-1 has no endpoint for sns"),
        ("s3", HERE, "vpc-eu-west-1 has no endpoint for s3"),
        ("iam", "us-east-1", "leads to iam in us-east-1"),
    ],
)
def test_no_other_service_is_reached_from_a_vpc_without_nat(service: str, region: str, said: str) -> None:
    assert said in way(world(), client(HERE), service, region).reason


def endpoints_with(**changes: Any) -> Callable[[World], World]:
    def change(whole: World) -> World:
        held = tuple(replace(each, **changes) for each in whole[HERE].endpoints)
        return {**whole, HERE: replace(whole[HERE], endpoints=held)}

    return change


@pytest.mark.parametrize(
    ("service", "change", "said"),
    [
        ("monitoring", endpoints_with(private_dns=False), "no endpoint for monitoring"),
        ("monitoring", endpoints_with(vpc="vpc-other"), "no endpoint for monitoring"),
        ("monitoring", endpoints_with(groups=()), "no rule of sg-client-eu-west-1 lets 443 out"),
        ("monitoring", without_rules(HERE, "endpoint", "ingress", 443), "no rule of sg-endpoint-eu-west-1 lets 443 in"),
        ("monitoring", without_rules(HERE, "client", "egress", 443), "no rule of sg-client-eu-west-1 lets 443 out"),
        ("dynamodb", endpoints_with(tables=("rtb-data-eu-west-1",)), "no endpoint for dynamodb that compute-1"),
        ("dynamodb", without_rules(HERE, "client", "egress", 443), "lets 443 out to dynamodb"),
        (
            "dynamodb",
            with_entry(HERE, Entry(1, egress=False, allow=False, low=1024), "default"),
            "rule 1 of acl-default-eu-west-1 denies in from 0.0.0.0/0",
        ),
    ],
)
def test_an_endpoint_needs_its_dns_its_groups_its_table_and_the_acl(
    service: str, change: Callable[[World], World], said: str
) -> None:
    assert said in way(change(world()), client(HERE), service, HERE).reason


def test_the_prefix_list_must_be_that_services() -> None:
    whole = world()
    whole[HERE] = replace(whole[HERE], prefix_lists={"pl-s3": "s3", "pl-dynamodb": "s3"})
    assert "lets 443 out to dynamodb" in way(whole, client(HERE), "dynamodb", HERE).reason


def test_a_nat_gateway_leads_everywhere_that_the_groups_allow() -> None:
    whole = world()
    tables = tuple(replace(each, routes=(*each.routes, Route("0.0.0.0/0", "nat-1"))) for each in whole[HERE].tables)
    whole[HERE] = replace(whole[HERE], tables=tables)
    assert "lets 443 out to the internet" in way(whole, client(HERE), "sns", THERE).reason
    name = f"sg-client-{HERE}"
    wide = replace(whole[HERE].groups[name], egress=(Rule("-1", ranges=("0.0.0.0/0",)),))
    whole[HERE] = replace(whole[HERE], groups={**whole[HERE].groups, name: wide})
    assert way(whole, client(HERE), "sns", THERE).reason == ""


@given(st.data())
def test_taking_a_rule_of_a_group_away_never_opens_anything(data: st.DataObject) -> None:
    whole = world()
    region = data.draw(st.sampled_from([HERE, THERE]))
    name = data.draw(st.sampled_from(sorted(whole[region].groups)))
    side = data.draw(st.sampled_from(["ingress", "egress"]))
    rules = getattr(whole[region].groups[name], side)
    kept = tuple(each for each in rules if data.draw(st.booleans()))
    fewer: Any = {side: kept}
    less = replace(whole[region], groups={**whole[region].groups, name: replace(whole[region].groups[name], **fewer)})
    before = path(whole, client(HERE), database(THERE), PORT)
    after = path({**whole, region: less}, client(HERE), database(THERE), PORT)
    assert not before.reason
    assert not after.closed
    needed = (region, name, side) in {(HERE, f"sg-client-{HERE}", "egress"), (THERE, f"sg-database-{THERE}", "ingress")}
    lost = not any(each.low == PORT and each.ranges for each in kept)
    assert bool(after.refused) == (needed and lost)


@given(st.lists(st.tuples(st.integers(1, 99), st.booleans()), min_size=1, max_size=6, unique_by=lambda each: each[0]))
def test_the_acls_rule_with_the_lowest_number_decides(rules: list[tuple[int, bool]]) -> None:
    whole = world()
    for number, allow in rules:
        whole = with_entry(THERE, replace(FENCE, number=number, allow=allow))(whole)
    found = path(whole, client(HERE), database(THERE), PORT)
    lowest, allowed = min(rules)
    assert (found.closed == "") == allowed
    assert allowed or f"rule {lowest} of" in found.closed
