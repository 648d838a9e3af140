"""What networks of VPCs are made of, as plain data; :mod:`twin.cloud.network.records` reads it from the emulator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

EVERYWHERE = "0.0.0.0/0"
ANY = "-1"
"""Every protocol."""


@dataclass(frozen=True)
class Rule:
    """A rule of a security group: what it allows. low, high: ports; ranges, groups, prefix_lists: the other side."""

    protocol: str
    low: int = 0
    high: int = 65535
    ranges: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    prefix_lists: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """A security group."""

    id: str
    vpc: str
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A rule of a network ACL."""

    number: int
    egress: bool
    allow: bool
    protocol: str = ANY
    range: str = EVERYWHERE
    low: int = 0
    high: int = 65535


@dataclass(frozen=True)
class Acl:
    """A network ACL and the subnets that it guards; a VPC's default one guards those that have none."""

    id: str
    vpc: str
    entries: tuple[Entry, ...]
    subnets: tuple[str, ...] = ()
    default: bool = False


@dataclass(frozen=True)
class Route:
    """A route. target: ``local``, or the id of a peering connection, a NAT or another gateway."""

    range: str
    target: str


@dataclass(frozen=True)
class Table:
    """A route table; the main one is that of the subnets that name none."""

    id: str
    vpc: str
    routes: tuple[Route, ...]
    subnets: tuple[str, ...] = ()
    main: bool = False


@dataclass(frozen=True)
class Subnet:
    """A subnet."""

    id: str
    vpc: str
    range: str


@dataclass(frozen=True)
class Endpoint:
    """A VPC endpoint. service: its last name, ``monitoring``. policy: the document, None for full access."""

    id: str
    vpc: str
    service: str
    gateway: bool
    private_dns: bool = False
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    policy: Any = None


@dataclass(frozen=True)
class Peering:
    """An active peering connection: the VPCs on both sides."""

    id: str
    vpcs: tuple[str, str]


@dataclass(frozen=True)
class Network:
    """One region's. prefix_lists: the services behind the prefix lists of AWS's own, by the list's id."""

    subnets: Mapping[str, Subnet] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    acls: tuple[Acl, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] = ()
    peerings: Mapping[str, Peering] = field(default_factory=dict)
    prefix_lists: Mapping[str, str] = field(default_factory=dict)

    def table(self, subnet: Subnet) -> Table | None:
        """Return the subnet's route table."""
        return _own_or_main(self.tables, subnet, lambda each: each.main)

    def acl(self, subnet: Subnet) -> Acl | None:
        """Return the subnet's network ACL."""
        return _own_or_main(self.acls, subnet, lambda each: each.default)

    def egress(self, groups: Iterable[str]) -> list[Rule]:
        """Return what the groups let out; a group that is gone lets nothing."""
        return [rule for name in groups if name in self.groups for rule in self.groups[name].egress]

    def ingress(self, groups: Iterable[str]) -> list[Rule]:
        """Return what the groups let in."""
        return [rule for name in groups if name in self.groups for rule in self.groups[name].ingress]


@dataclass(frozen=True)
class Place:
    """Where something stands: its region, subnets and security groups."""

    region: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...]


class _Guarding(Protocol):
    @property
    def vpc(self) -> str: ...
    @property
    def subnets(self) -> tuple[str, ...]: ...


G = TypeVar("G", bound=_Guarding)


def _own_or_main(every: Iterable[G], subnet: Subnet, main: Callable[[G], bool]) -> G | None:
    of_vpc = [each for each in every if each.vpc == subnet.vpc]
    own = (each for each in of_vpc if subnet.id in each.subnets)
    return next(own, None) or next((each for each in of_vpc if main(each)), None)
