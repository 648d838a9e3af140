"""How a region's address range is cut into subnets: two tiers, one subnet a zone in each.

The range is cut into eight equal blocks; the lower half is the compute tier (functions, applications,
interface endpoints), the upper half the data tier (the database). Three zones at most are used, so each
tier keeps a block free, and adding a third zone later moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

MAX_ZONES = 3
SMALLEST_SUBNET = 28
"""AWS allows no subnet smaller than /28 (VPC User Guide, "Subnet CIDR blocks")."""

LARGEST_VPC = 16
"""and no VPC larger than /16 (VPC User Guide, "VPC CIDR blocks")."""


@dataclass(frozen=True)
class Subnets:
    """The subnets of one region, a compute and a data one for each zone, in the zones' order."""

    compute: tuple[IPv4Network, ...]
    data: tuple[IPv4Network, ...]


def subnets(network: IPv4Network, zones: int) -> Subnets:
    """Return the subnets of ``network`` for that many zones.

    Raises ValueError when the range is too small for eight subnets of /28, larger than a VPC may be,
    or the number of zones is not two or three.
    """
    if not 2 <= zones <= MAX_ZONES:
        raise ValueError(f"{zones} zones: two or three are needed")
    if network.prefixlen < LARGEST_VPC:
        raise ValueError(f"{network} is larger than a VPC may be (/{LARGEST_VPC})")
    if network.prefixlen + 3 > SMALLEST_SUBNET:
        raise ValueError(
            f"{network} is too small: its eight subnets would be /{network.prefixlen + 3}, and a subnet is"
            f" at least /{SMALLEST_SUBNET}"
        )
    blocks = tuple(network.subnets(prefixlen_diff=3))
    return Subnets(compute=blocks[:zones], data=blocks[4 : 4 + zones])
