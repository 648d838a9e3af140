"""Who reaches whom: links that can be cut in one direction, regions that are gone, and the fence.

Three kinds of links, which fail apart (fault 22): ``peering`` between the VPCs, ``replication`` of the storage, and
``api``, functions calling another region's services. A session needs both directions; a request without the way back
takes effect and is never answered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PEERING, REPLICATION, API = "peering", "replication", "api"
KINDS = (PEERING, REPLICATION, API)


@dataclass
class Network:
    """Links and regions. cuts: (kind, from, to). fenced: regions whose data subnets' ACL keeps everybody out."""

    cuts: dict[tuple[str, str, str], int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    fenced: dict[str, int] = field(default_factory=dict)

    def cut(self, kind: str, one: str, other: str) -> None:
        """Cut a direction; cut twice it must be mended twice."""
        self.cuts[kind, one, other] = self.cuts.get((kind, one, other), 0) + 1

    def mend(self, kind: str, one: str, other: str) -> None:
        """Mend a direction."""
        left = self.cuts.get((kind, one, other), 0) - 1
        if left > 0:
            self.cuts[kind, one, other] = left
        else:
            self.cuts.pop((kind, one, other), None)

    def carries(self, kind: str, one: str, other: str) -> bool:
        """Return whether something sent from ``one`` arrives at ``other``."""
        if one in self.lost or other in self.lost:
            return False
        return one == other or (kind, one, other) not in self.cuts

    def connects(self, kind: str, one: str, other: str) -> bool:
        """Return whether a session between the two is possible."""
        return self.carries(kind, one, other) and self.carries(kind, other, one)
