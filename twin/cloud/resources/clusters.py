"""Aurora's clusters, alone and in a global database, and what RDS refuses of them.

Sources: RDS API Reference, "CreateDBCluster", "ModifyDBCluster", "RemoveFromGlobalCluster", "DeleteDBCluster";
Aurora User Guide, "Configuration requirements of an Amazon Aurora global database" and "Upgrading an Amazon Aurora
global database"; CloudFormation Template Reference, AWS::RDS::DBCluster (whose handler takes a cluster out of its
global database before it deletes it).
"""

from __future__ import annotations

from typing import Any

from twin.cloud.resources.memberships import KEPT, membership
from twin.cloud.resources.services import Parameters, Said, after, ask, before, here, module
from twin.cloud.resources.types import Attributes, HandlerError, Kind, Made, Properties, add, tags
from twin.cloud.resources.wire import Refused

_RENAMED = {
    "PerformanceInsightsEnabled": "EnablePerformanceInsights",
    "PerformanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
}
_NOT_SENT = ("SourceRegion", "Tags")
_ONLY_AT_BIRTH = ("GlobalClusterIdentifier", "Engine", "EngineMode", "MasterUsername", "DatabaseName", "KmsKeyId",
                  "DBSubnetGroupName", "StorageEncrypted", "EnableCloudwatchLogsExports")  # fmt: skip


def offer() -> None:
    """Give the emulator this type, and keep it from looking for containers: databases here are processes."""
    add(Kind("AWS::RDS::DBCluster", _create, _update, _delete, _snapshot))
    rds = module("rds")
    rds._get_docker = _no_containers
    rds._global_member_engine_version_conflict_error = _judged_elsewhere


def _no_containers() -> None:
    return None


def _judged_elsewhere(_cluster: Any, _version: Any) -> None:
    """Leave the versions of members to :func:`_can_be_upgraded`: minor ones are the members' own (trap 15)."""
    return


def _sent(properties: Properties) -> dict[str, Any]:
    return {_RENAMED.get(name, name): value for name, value in properties.items() if name not in _NOT_SENT}


def _create(properties: Properties, name: str) -> Made:
    given = {"DBClusterIdentifier": name, **properties}
    given["DBClusterIdentifier"] = str(given["DBClusterIdentifier"]).lower()
    _source_is_known(given)
    ask("rds", "CreateDBCluster", **_sent(given), **({"Tags": tags(given)} if given.get("Tags") else {}))
    return given["DBClusterIdentifier"], _attributes(given["DBClusterIdentifier"])


def _source_is_known(properties: Properties) -> None:
    """Refuse an encrypted standby whose source's region can't sign for it (trap 76)."""
    group = module("rds")._global_clusters.get(properties.get("GlobalClusterIdentifier"))
    if not group or not group["GlobalClusterMembers"] or not group.get("StorageEncrypted"):
        return
    source = properties.get("SourceRegion")
    regions = {member["DBClusterArn"].split(":")[3] for member in group["GlobalClusterMembers"]}
    if source not in regions:
        raise Refused(
            "InvalidParameterValue",
            f"Source cluster of {group['GlobalClusterIdentifier']} is encrypted and in {', '.join(sorted(regions))};"
            f" SourceRegion is {source}: PreSignedUrl could not be authenticated",
        )


def _attributes(identifier: str) -> Attributes:
    said = ask("rds", "DescribeDBClusters", DBClusterIdentifier=identifier)["DBClusters"][0]
    written = {"Endpoint.Address": said["Endpoint"], "Endpoint.Port": str(said["Port"])} if said.get("Endpoint") else {}
    return {
        **written,
        "ReadEndpoint.Address": said["ReaderEndpoint"],
        "DBClusterArn": said["DBClusterArn"],
        "DBClusterResourceId": said["DbClusterResourceId"],
    }


def _update(physical: str, old: Properties, new: Properties) -> Attributes:
    if old.get("GlobalClusterIdentifier") != new.get("GlobalClusterIdentifier"):
        if new.get("GlobalClusterIdentifier") or not old.get("GlobalClusterIdentifier"):
            raise HandlerError("Resource is immutable")
        _leave(physical, str(old["GlobalClusterIdentifier"]))
    changed = {name: value for name, value in new.items() if value != old.get(name) and name not in _ONLY_AT_BIRTH}
    changed.pop("GlobalClusterIdentifier", None)
    sent = _sent(changed)
    logs = (set(old.get("EnableCloudwatchLogsExports") or ()), set(new.get("EnableCloudwatchLogsExports") or ()))
    if logs[0] != logs[1]:
        sent["CloudwatchLogsExportConfiguration"] = {
            "EnableLogTypes": sorted(logs[1] - logs[0]),
            "DisableLogTypes": sorted(logs[0] - logs[1]),
        }
    if "EngineVersion" in sent:
        sent["AllowMajorVersionUpgrade"] = True
    if sent:
        ask("rds", "ModifyDBCluster", DBClusterIdentifier=physical, ApplyImmediately=True, **sent)
    retag("cluster:" + physical, old, new)
    return _attributes(physical)


def retag(resource: str, old: Properties, new: Properties) -> None:
    """Bring the tags of an RDS resource from the old properties' to the new ones'."""
    account, region = here()
    arn = f"arn:aws:rds:{region}:{account}:{resource}"
    gone = sorted({each["Key"] for each in tags(old)} - {each["Key"] for each in tags(new)})
    if gone:
        ask("rds", "RemoveTagsFromResource", ResourceName=arn, TagKeys=gone)
    if tags(new) and tags(new) != tags(old):
        ask("rds", "AddTagsToResource", ResourceName=arn, Tags=tags(new))


def _leave(physical: str, group: str) -> None:
    account, region = here()
    arn = f"arn:aws:rds:{region}:{account}:cluster:{physical}"
    ask("rds", "RemoveFromGlobalCluster", GlobalClusterIdentifier=group, DbClusterIdentifier=arn)


def _delete(physical: str, properties: Properties) -> None:
    held = module("rds")._clusters.get(physical)
    if held is None:
        return
    if held.get("DeletionProtection"):
        raise HandlerError(
            f"Cannot delete protected Cluster {physical}, please disable deletion protection and try again"
        )
    if held.get("GlobalClusterIdentifier") and properties.get("GlobalClusterIdentifier"):
        _leave(physical, str(held["GlobalClusterIdentifier"]))
    ask("rds", "DeleteDBCluster", DBClusterIdentifier=physical, SkipFinalSnapshot=True)


def _snapshot(physical: str, _properties: Properties) -> None:
    rds = module("rds")
    held = rds._clusters.get(physical)
    if held is not None and not held.get("DeletionProtection"):
        rds._create_cluster_snapshot_internal(f"{physical}-final-snapshot", held)


@before("rds", "DeleteDBCluster")
def _says_what_becomes_of_the_data(parameters: Parameters) -> None:
    final = parameters.get("FinalDBSnapshotIdentifier")
    if not parameters.get("SkipFinalSnapshot") and not final:
        raise Refused(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        )
    rds = module("rds")
    held = rds._clusters.get(parameters["DBClusterIdentifier"])
    stays = held is None or held.get("DeletionProtection") or held.get("GlobalClusterIdentifier")
    if final and not stays and not held.get("DBClusterMembers"):
        rds._create_cluster_snapshot_internal(final, held)


@after("rds", "CreateDBCluster", "ModifyDBCluster")
def _kept(parameters: Parameters, said: Said) -> None:
    """Keep what the emulator forgets, and show it."""
    held = module("rds")._clusters[said["DBCluster"]["DBClusterIdentifier"]]
    mine = held.setdefault("_twin", {})
    mine.update({answer: parameters[name] for name, answer in KEPT.items() if name in parameters})
    exports = set(mine.get("EnabledCloudwatchLogsExports") or ()) | set(
        parameters.get("EnableCloudwatchLogsExports") or ()
    )
    change = parameters.get("CloudwatchLogsExportConfiguration") or {}
    exports = (exports | set(change.get("EnableLogTypes") or ())) - set(change.get("DisableLogTypes") or ())
    mine["EnabledCloudwatchLogsExports"] = sorted(exports)
    group, writer = membership(held)
    if group and writer:
        group["EngineVersion"] = held["EngineVersion"]
    for instance in module("rds")._instances.values():
        if instance.get("DBClusterIdentifier") == held["DBClusterIdentifier"]:
            instance["EngineVersion"] = held["EngineVersion"]
    _whole(said["DBCluster"])


@after("rds", "DescribeDBClusters")
def _described(_parameters: Parameters, said: Said) -> None:
    for each in said["DBClusters"]:
        _whole(each)


def _whole(said: Said) -> None:
    """Add what is kept; a secondary has no writer endpoint and no writer until it is promoted (trap 70)."""
    held = module("rds")._clusters.get(said["DBClusterIdentifier"])
    if held is None:
        return
    said.update(held.get("_twin", {}))
    _, writer = membership(held)
    if not writer:
        said.pop("Endpoint", None)
        for each in said.get("DBClusterMembers", ()):
            each["IsClusterWriter"] = False
