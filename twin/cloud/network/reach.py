"""Who reaches whom in VPCs: routes, network ACLs, security groups and endpoints, as the VPC User Guide has them.

Pure: what the EC2 API says goes in (:mod:`twin.cloud.network.records`), and a reason comes out for what does not get
through. Rules, by the guide's pages:

- "How route tables work": the most specific route that contains the destination decides; there must be one back, too.
- "How VPC peering connections work": an active connection, and a route to it on both sides.
- "Network ACL rules" and "Ephemeral ports": rules in the order of their numbers, the first that fits decides, and
  nothing is remembered, so an answer needs a rule of its own, for every port that a client may have opened.
- "Security group rules": anything that one rule of one group allows; answers are let through. A group is named only
  within its VPC: across regions only ranges are (VPC Peering Guide, "Update your security groups").
- AWS PrivateLink Guide, "Interface endpoints" and "Gateway endpoints": the first by private DNS and security groups,
  the second by the subnet's route table and the service's prefix list.
- Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC": no function has a public
  address, so an internet gateway is of no use to it.

A function may be in any of its subnets, and the writer in any of the cluster's, so all pairs have to get through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from twin.cloud.network.parts import ANY, EVERYWHERE, Acl, Endpoint, Network, Place, Route, Rule, Subnet, Table

HTTPS = 443
EPHEMERAL = (1024, 65535)
"""The ports that answers go to: Lambda's and every system's (VPC User Guide, "Ephemeral ports")."""
_TCP = ("tcp", "6")


@dataclass(frozen=True)
class Path:
    """A way between two places. closed: why no packet gets through; refused: why no new connection does.

    Both are empty where it is open. Security groups know the connections that they let in, so a rule that is taken
    away stops new ones only; a route or an ACL stops the open ones too (trap 49b).
    """

    closed: str = ""
    refused: str = ""

    @property
    def reason(self) -> str:
        """Return why a new connection is not made; empty when it is."""
        return self.closed or self.refused


@dataclass(frozen=True)
class Way:
    """A way to a service. reason: why it is not reached, else empty. endpoint: what it goes through, if anything."""

    reason: str = ""
    endpoint: Endpoint | None = None


@dataclass(frozen=True)
class _End:
    """One end of a path: where it stands, and its region's network."""

    network: Network
    place: Place

    def found(self) -> list[Subnet]:
        return [self.network.subnets[name] for name in self.place.subnets if name in self.network.subnets]


def path(world: Mapping[str, Network], client: Place, server: Place, port: int) -> Path:
    """Return whether connections from one place to a TCP port of the other get through."""
    here, there = (_End(world.get(each.region, Network()), each) for each in (client, server))
    for end_ in (here, there):
        if not end_.found():
            return Path(closed=f"{', '.join(end_.place.subnets) or 'nothing'} is no subnet of {end_.place.region}")
    pairs = [_between(here, there, (start, end), port) for start in here.found() for end in there.found()]
    closed = next((each.closed for each in pairs if each.closed), "")
    return Path(closed, next((each.refused for each in pairs if each.refused), ""))


def _between(here: _End, there: _End, pair: tuple[Subnet, Subnet], port: int) -> Path:
    start, end = pair
    closed = _routed(here.network, start, end) or _routed(there.network, end, start)
    if start.id != end.id:  # inside a subnet no ACL is asked
        closed = closed or _filtered(here.network, start, end, port, out=True)
        closed = closed or _filtered(there.network, end, start, port, out=False)
    return Path(closed, _grouped(here, there, pair, port))


def way(world: Mapping[str, Network], client: Place, service: str, region: str) -> Way:
    """Return how something inside a VPC reaches a service of a region, by the name that calls to it are signed with."""
    here = _End(world.get(client.region, Network()), client)
    if not here.found():
        return Way(f"{', '.join(client.subnets) or 'nothing'} is no subnet of {client.region}")
    found = Way()
    for subnet in here.found():
        found = _from_subnet(here, subnet, service, region)
        if found.reason:
            break
    return found


def _from_subnet(here: _End, subnet: Subnet, service: str, region: str) -> Way:
    network, table = here.network, here.network.table(subnet)
    near = region == here.place.region
    own = [each for each in network.endpoints if near and (each.vpc, each.service) == (subnet.vpc, service)]
    for endpoint in own:
        if not endpoint.gateway and endpoint.private_dns:
            start = Place(region, (subnet.id,), here.place.groups)
            reason = path({region: network}, start, Place(region, endpoint.subnets, endpoint.groups), HTTPS).reason
            return Way(f"{endpoint.id} is not reached: {reason}" if reason else "", endpoint)
    for endpoint in own:
        if endpoint.gateway and table and table.id in endpoint.tables:
            return Way(_outside(here, subnet, service), endpoint)
    route = _most_specific(table, EVERYWHERE) if table else None
    if route and route.target.startswith("nat-"):
        return Way(_outside(here, subnet, ""))
    if near:
        return Way(f"{subnet.vpc} has no endpoint for {service} that {subnet.id} can use, and no NAT gateway (trap 71)")
    return Way(f"no endpoint of {subnet.vpc} leads to {service} in {region}, and it has no NAT gateway (trap 71)")


def _outside(here: _End, subnet: Subnet, service: str) -> str:
    """Return why public addresses are not reached from a subnet that has a route to them, else nothing."""
    rules = [
        rule for rule in here.network.egress(here.place.groups) if _fits(rule.protocol, rule.low, rule.high, HTTPS)
    ]
    lists = {name for rule in rules for name in rule.prefix_lists if here.network.prefix_lists.get(name) == service}
    if not lists and not any(EVERYWHERE in rule.ranges for rule in rules):
        return f"no rule of {_named(here.place.groups)} lets {HTTPS} out to {service or 'the internet'}"
    return _decided(here.network.acl(subnet), EVERYWHERE, (HTTPS, HTTPS), egress=True) or _decided(
        here.network.acl(subnet), EVERYWHERE, EPHEMERAL, egress=False
    )


def _routed(network: Network, start: Subnet, end: Subnet) -> str:
    table = network.table(start)
    route = _most_specific(table, end.range) if table else None
    if table is None or route is None:
        return f"{table.id if table else start.vpc} has no route from {start.id} to {end.range}"
    if route.target == "local" and start.vpc == end.vpc:
        return ""
    peering = network.peerings.get(route.target)
    if peering is None or set(peering.vpcs) != {start.vpc, end.vpc}:
        return f"{table.id} sends {end.range} to {route.target}, which leads nowhere"
    return ""


def _most_specific(table: Table, destination: str) -> Route | None:
    fitting = [route for route in table.routes if _inside(destination, route.range)]
    return max(fitting, key=lambda route: _network(route.range).prefixlen, default=None)


def _filtered(network: Network, own: Subnet, other: Subnet, port: int, *, out: bool) -> str:
    """Return the rule that stops a subnet's requests to a port of another (or those from there), or its answers."""
    ports = ((port, port), EPHEMERAL)
    for egress in (True, False):
        stopped = _decided(network.acl(own), other.range, ports[egress != out], egress=egress)
        if stopped:
            return stopped
    return ""


def _decided(acl: Acl | None, other: str, ports: tuple[int, int], *, egress: bool) -> str:
    """Return what of the ACL stops these ports of a range; a rule about a part of them does not decide."""
    if acl is None:
        return "no network ACL guards the subnet"
    way_ = "out to" if egress else "in from"
    said = f"{way_} {other}, ports {ports[0]}-{ports[1]}"
    for entry in sorted(acl.entries, key=lambda each: each.number):
        whole = entry.low <= ports[0] and ports[1] <= entry.high
        if entry.egress == egress and entry.protocol in (*_TCP, ANY) and whole and _inside(other, entry.range):
            return "" if entry.allow else f"rule {entry.number} of {acl.id} denies {said}"
    return f"no rule of {acl.id} allows {said}"


def _grouped(here: _End, there: _End, pair: tuple[Subnet, Subnet], port: int) -> str:
    (start, end), ours, theirs = pair, here.place.groups, there.place.groups
    same = start.vpc == end.vpc  # a group is known in its own VPC alone
    if not any(_allows(rule, end.range, theirs if same else (), port) for rule in here.network.egress(ours)):
        return f"no rule of {_named(ours)} lets {port} out to {end.range} ({_named(theirs)})"
    if not any(_allows(rule, start.range, ours if same else (), port) for rule in there.network.ingress(theirs)):
        return f"no rule of {_named(theirs)} lets {port} in from {start.range} ({_named(ours)})"
    return ""


def _allows(rule: Rule, other: str, groups: tuple[str, ...], port: int) -> bool:
    if not _fits(rule.protocol, rule.low, rule.high, port):
        return False
    return bool(set(rule.groups) & set(groups)) or any(_inside(other, each) for each in rule.ranges)


def _fits(protocol: str, low: int, high: int, port: int) -> bool:
    return protocol == ANY or (protocol in _TCP and low <= port <= high)


def _inside(part: str, whole: str) -> bool:
    one, other = _network(part), _network(whole)
    if isinstance(one, IPv4Network) and isinstance(other, IPv4Network):
        return one.subnet_of(other)
    return isinstance(one, IPv6Network) and isinstance(other, IPv6Network) and one.subnet_of(other)


@cache
def _network(written: str) -> IPv4Network | IPv6Network:
    return ip_network(written, strict=False)


def _named(groups: tuple[str, ...]) -> str:
    return ", ".join(groups) or "no group"
