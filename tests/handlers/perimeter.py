"""The old region's network ACL, and the role through which it is reached: doubles with AWS's own shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recovery_world import AWAY, Double, client_error, timed_out

ACL = "acl-0aaaaaaaaaaaaaaa1"
EXTERNAL_ID = "from-the-test"


@dataclass
class Perimeter:
    """What of other regions is reached: STS here, EC2 there.

    reachable: EC2 of the other region answers. denied: the code with which STS or EC2 refuses.
    """

    reachable: bool = True
    denied_role: str = ""
    denied_entry: str = ""
    fenced: set[str] = field(default_factory=set)
    requests: list[dict[str, Any]] = field(default_factory=list)

    def sts(self) -> Double:
        """Return a client of this region's STS."""
        return Double("sts", {"assume_role": self._assume})

    def ec2(self, credentials: Mapping[str, str], region: str) -> Double:
        """Return the borrowed client of EC2 in ``region``."""
        assert credentials["SessionToken"] == "t"
        return Double(
            "ec2",
            {
                "create_network_acl_entry": lambda **request: self._create(region, request),
                "delete_network_acl_entry": lambda **request: self._delete(region, request),
            },
        )

    def _assume(self, **request: Any) -> dict[str, Any]:
        if self.denied_role:
            raise client_error(self.denied_role, "not authorized to perform sts:AssumeRole", 403)
        assert request["RoleArn"].endswith(f"dr-example-{AWAY}-fence")
        assert request["ExternalId"] == EXTERNAL_ID
        return {
            "Credentials": {
                "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
                "SecretAccessKey": "s",
                "SessionToken": "t",
                "Expiration": "2030-01-01T00:00:00Z",
            }
        }

    def _reach(self, request: dict[str, Any]) -> None:
        self.requests.append(request)
        if not self.reachable:
            raise timed_out("ec2")
        if self.denied_entry:
            raise client_error(self.denied_entry, "not authorized", 403)
        if request.get("DryRun"):
            raise client_error("DryRunOperation", "would have succeeded", 412)

    def _create(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        self._reach(request)
        if region in self.fenced:
            raise client_error("NetworkAclEntryAlreadyExists")
        self.fenced.add(region)
        return {}

    def _delete(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        self._reach(request)
        if region not in self.fenced:
            raise client_error("InvalidNetworkAclEntry.NotFound")
        self.fenced.remove(region)
        return {}
