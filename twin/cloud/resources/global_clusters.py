"""Global clusters: an empty one that members join, and upgrades of all members at once.

Sources: RDS API Reference, "CreateGlobalCluster" and "ModifyGlobalCluster"; Aurora User Guide, "Upgrading an Amazon
Aurora global database"; CloudFormation Template Reference, AWS::RDS::GlobalCluster.
"""

from __future__ import annotations

from typing import Any

from twin.cloud.resources.memberships import same_major
from twin.cloud.resources.services import Parameters, ask, before, module
from twin.cloud.resources.types import Attributes, Kind, Made, Properties, add, tags
from twin.cloud.resources.wire import Refused


def offer() -> None:
    """Give the emulator this type."""
    add(Kind("AWS::RDS::GlobalCluster", _create, _update, _delete))


def _create(properties: Properties, name: str) -> Made:
    given = {"GlobalClusterIdentifier": name, **{key: value for key, value in properties.items() if key != "Tags"}}
    made = ask("rds", "CreateGlobalCluster", **given, **({"Tags": tags(properties)} if properties.get("Tags") else {}))
    return str(made["GlobalCluster"]["GlobalClusterIdentifier"]), {}


def _update(physical: str, old: Properties, new: Properties) -> Attributes:
    changed: dict[str, Any] = {
        name: new[name]
        for name in ("DeletionProtection", "EngineVersion")
        if name in new and new[name] != old.get(name)
    }
    if "EngineVersion" in changed:
        changed["AllowMajorVersionUpgrade"] = True
    if changed:
        ask("rds", "ModifyGlobalCluster", GlobalClusterIdentifier=physical, **changed)
    _retag(physical, old, new)
    return {}


def _retag(physical: str, old: Properties, new: Properties) -> None:
    rds = module("rds")
    held = rds._global_clusters[physical]
    gone = {each["Key"] for each in tags(old)}
    others = [each for each in held["TagList"] if each["Key"] not in gone | {one["Key"] for one in tags(new)}]
    held["TagList"] = [*others, *tags(new)]
    rds._tags[held["GlobalClusterArn"]] = list(held["TagList"])


def _delete(physical: str, _properties: Properties) -> None:
    ask("rds", "DeleteGlobalCluster", GlobalClusterIdentifier=physical)


@before("rds", "ModifyGlobalCluster")
def _is_a_major_upgrade(parameters: Parameters) -> None:
    """Refuse a minor version: it is upgraded on each member (trap 15)."""
    held = module("rds")._global_clusters.get(parameters["GlobalClusterIdentifier"])
    version = parameters.get("EngineVersion")
    if not held or not version or version == held["EngineVersion"]:
        return
    if same_major(str(version), held["EngineVersion"]):
        raise Refused(
            "InvalidParameterValue",
            f"a minor version upgrade from {held['EngineVersion']} to {version} can't be made on the global cluster"
            f" {held['GlobalClusterIdentifier']}: upgrade its members, the secondary ones first",
        )
    if not parameters.get("AllowMajorVersionUpgrade"):
        raise Refused("InvalidParameterCombination", "The AllowMajorVersionUpgrade flag must be present")
