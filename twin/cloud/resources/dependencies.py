"""What can't be deleted while something stands on it: a retained cluster keeps its groups, its subnets and its VPC.

Sources: RDS API Reference, "DeleteDBSubnetGroup" and "DeleteDBClusterParameterGroup"; EC2 API Reference,
"DeleteSecurityGroup", "DeleteSubnet" and "DeleteVpc" (``DependencyViolation``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ministack.services.cloudformation import provisioners

from twin.cloud.resources.services import Parameters, before, module
from twin.cloud.resources.types import HandlerError, Properties
from twin.cloud.resources.wire import Refused

_OURS = "_held_by_the_twin"
Users = Callable[[str], Iterator[str]]


def offer() -> None:
    """Ask who uses a resource before its stack deletes it; a second time changes nothing."""
    for kind, (users, code, _) in _HELD.items():
        handlers = provisioners._RESOURCE_HANDLERS[kind]
        if not handlers.get(_OURS):
            handlers["delete"] = _asking(handlers["delete"], users, code)
            handlers[_OURS] = True


def _asking(delete: Callable[..., None], users: Users, code: str) -> Callable[..., None]:
    def deleted(physical: str, properties: Properties, *rest: Any) -> None:
        found = next(users(physical), "")
        if found:
            raise HandlerError(f"{physical} is in use by {found} ({code}) (HandlerErrorCode: InvalidRequest)")
        delete(physical, properties, *rest)

    return deleted


def _subnet_group(name: str) -> Iterator[str]:
    yield from (each["DBClusterArn"] for each in module("rds")._clusters.values() if each["DBSubnetGroup"] == name)


def _cluster_parameters(name: str) -> Iterator[str]:
    clusters = module("rds")._clusters.values()
    yield from (each["DBClusterArn"] for each in clusters if each["DBClusterParameterGroup"] == name)


def _parameters(name: str) -> Iterator[str]:
    for each in module("rds")._instances.values():
        if name in (group["DBParameterGroupName"] for group in each["DBParameterGroups"]):
            yield str(each["DBInstanceArn"])


def _security_group(group: str) -> Iterator[str]:
    ec2, rds = module("ec2"), module("rds")
    for identifier, held in ec2._security_groups.items():
        rules = [*held["IpPermissions"], *held["IpPermissionsEgress"]]
        named = {pair.get("GroupId") for rule in rules for pair in rule.get("UserIdGroupPairs") or ()}
        if identifier != group and group in named:
            yield str(identifier)
    for cluster in rds._clusters.values():
        if group in (each["VpcSecurityGroupId"] for each in cluster["VpcSecurityGroups"]):
            yield str(cluster["DBClusterArn"])
    yield from _interfaces("SecurityGroupIds", group)


def _subnet(subnet: str) -> Iterator[str]:
    rds = module("rds")
    for instance in rds._instances.values():
        held = instance.get("DBSubnetGroup") or {}
        if subnet in (each["SubnetIdentifier"] for each in held.get("Subnets") or ()):
            yield str(instance["DBInstanceArn"])
    yield from _interfaces("SubnetIds", subnet)


def _interfaces(field: str, identifier: str) -> Iterator[str]:
    """Return the endpoints and functions that have a network interface there."""
    for endpoint in module("ec2")._vpc_endpoints.values():
        if identifier in (endpoint.get(field) or ()):
            yield str(endpoint["VpcEndpointId"])
    for function in module("lambda")._functions.values():
        if identifier in ((function["config"].get("VpcConfig") or {}).get(field) or ()):
            yield str(function["config"]["FunctionArn"])


def _vpc(vpc: str) -> Iterator[str]:
    ec2 = module("ec2")
    yield from (str(identifier) for identifier, each in ec2._subnets.items() if each["VpcId"] == vpc)
    for identifier, each in ec2._security_groups.items():
        if each["VpcId"] == vpc and each["GroupName"] != "default":
            yield str(identifier)
    yield from (str(identifier) for identifier, each in ec2._vpc_endpoints.items() if each["VpcId"] == vpc)


_HELD: dict[str, tuple[Users, str, tuple[str, str, str]]] = {
    "AWS::EC2::SecurityGroup": (_security_group, "DependencyViolation", ("ec2", "DeleteSecurityGroup", "GroupId")),
    "AWS::EC2::Subnet": (_subnet, "DependencyViolation", ("ec2", "DeleteSubnet", "SubnetId")),
    "AWS::EC2::VPC": (_vpc, "DependencyViolation", ("ec2", "DeleteVpc", "VpcId")),
    "AWS::RDS::DBClusterParameterGroup": (
        _cluster_parameters,
        "InvalidDBParameterGroupState",
        ("rds", "DeleteDBClusterParameterGroup", "DBClusterParameterGroupName"),
    ),
    "AWS::RDS::DBParameterGroup": (
        _parameters,
        "InvalidDBParameterGroupState",
        ("rds", "DeleteDBParameterGroup", "DBParameterGroupName"),
    ),
    "AWS::RDS::DBSubnetGroup": (
        _subnet_group,
        "InvalidDBSubnetGroupStateFault",
        ("rds", "DeleteDBSubnetGroup", "DBSubnetGroupName"),
    ),
}
"""Who may use a resource of a type, what is said then, and the call that deletes one by hand."""


def _by_hand(users: Users, code: str, name: str) -> Callable[[Parameters], None]:
    def check(parameters: Parameters) -> None:
        found = next(users(str(parameters.get(name))), "")
        if found:
            raise Refused(code, f"{parameters[name]} is in use by {found}")

    return check


for _users, _code, (_service, _operation, _name) in _HELD.values():
    before(_service, _operation)(_by_hand(_users, _code, _name))
