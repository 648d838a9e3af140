"""What RDS refuses of a cluster: to be made, to join a global database, to be changed and to be upgraded.

Sources: RDS API Reference, "CreateDBCluster" and "ModifyDBCluster"; Aurora User Guide, "Configuration requirements of
an Amazon Aurora global database" and "Upgrading an Amazon Aurora global database".
"""

from __future__ import annotations

from typing import Any

from twin.cloud.resources.keys import usable
from twin.cloud.resources.services import Parameters, before, here, module
from twin.cloud.resources.wire import Refused

KEPT = {
    "EnablePerformanceInsights": "PerformanceInsightsEnabled",
    "PerformanceInsightsKMSKeyId": "PerformanceInsightsKMSKeyId",
    "PerformanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
    "DatabaseInsightsMode": "DatabaseInsightsMode",
}
"""What the emulator forgets of a cluster: the request's names, and the answer's."""

_FORBIDDEN = set("/\"@ '")


def membership(cluster: dict[str, Any]) -> tuple[dict[str, Any] | None, bool]:
    """Return the global cluster of a cluster's record, if any, and whether the cluster is its writer."""
    group = module("rds")._global_clusters.get(cluster.get("GlobalClusterIdentifier"))
    for member in group["GlobalClusterMembers"] if group else ():
        if member["DBClusterArn"] == cluster["DBClusterArn"]:
            return group, bool(member["IsWriter"])
    return None, True


def same_major(one: str, other: str) -> bool:
    """Tell whether two versions of Aurora PostgreSQL have the same major version."""
    return one.partition(".")[0] == other.partition(".")[0]


def key_is_there(key: str) -> None:
    """Raise for a key that is not in this region, or can't be used."""
    if not usable(key):
        raise Refused("KMSKeyNotAccessibleFault", f"The key {key} is not there, or can't be used, in {here()[1]}")


@before("rds", "CreateDBCluster")
def _can_be_made(parameters: Parameters) -> None:
    rds = module("rds")
    group = rds._global_clusters.get(parameters.get("GlobalClusterIdentifier"))
    password = parameters.get("MasterUserPassword")
    if group and parameters.get("ManageMasterUserPassword"):
        raise Refused("InvalidParameterCombination", "ManageMasterUserPassword is not for a global cluster (trap 10)")
    if password is not None and (_FORBIDDEN & set(password) or len(password) < 8):
        raise Refused("InvalidParameterValue", "The parameter MasterUserPassword is not a valid password")
    if not group and not (
        parameters.get("MasterUsername") and (password or parameters.get("ManageMasterUserPassword"))
    ):
        raise Refused("InvalidParameterValue", "The parameter MasterUsername must be provided and must not be blank.")
    if group:
        _can_join(parameters, group)
    if parameters.get("KmsKeyId"):
        key_is_there(parameters["KmsKeyId"])
    subnets = parameters.get("DBSubnetGroupName")
    if subnets and subnets not in rds._subnet_groups:
        raise Refused("DBSubnetGroupNotFoundFault", f"DB subnet group '{subnets}' does not exist.", 404)
    for each in parameters.get("VpcSecurityGroupIds") or ():
        if each not in module("ec2")._security_groups:
            raise Refused("InvalidParameterValue", f"Invalid security group , groupId= {each}")
    _settings_fit(parameters, parameters)


def _can_join(parameters: Parameters, group: dict[str, Any]) -> None:
    """Raise for what RDS does not take as a member of a global database."""
    members = group["GlobalClusterMembers"]
    named = [each for each in ("MasterUsername", "MasterUserPassword", "DatabaseName") if parameters.get(each)]
    if not members:
        if not {"MasterUsername", "MasterUserPassword"} <= set(named):
            raise Refused("InvalidParameterValue", "The first member of a global cluster needs a master user.")
        return
    if named:
        raise Refused(
            "InvalidParameterCombination", f"Cannot specify {named[0]} for a cross region replication cluster"
        )
    if any(member["DBClusterArn"].endswith(f":cluster:{parameters['DBClusterIdentifier']}") for member in members):
        raise Refused(
            "InvalidParameterValue",
            f"{parameters['DBClusterIdentifier']} is the name of another member of the global cluster (trap 16)",
        )
    if not parameters.get("EngineVersion"):
        raise Refused("InvalidParameterCombination", "a member of a global cluster needs an EngineVersion (trap 84)")
    if group.get("StorageEncrypted") and not parameters.get("KmsKeyId"):
        raise Refused("InvalidParameterCombination", "KmsKeyId should be explicitly specified")


def _settings_fit(parameters: Parameters, whole: Parameters) -> None:
    """Refuse settings that do not go together (traps 5 and 88)."""
    name, version = parameters.get("DBClusterParameterGroupName"), whole.get("EngineVersion")
    held = module("rds")._db_cluster_param_groups.get(name) if name else None
    family = f"{whole.get('Engine', 'aurora-postgresql')}{str(version).split('.', maxsplit=1)[0]}"
    if held and version and held["DBParameterGroupFamily"] != family:
        raise Refused(
            "InvalidParameterCombination",
            f"The Parameter Group {name} with DBParameterGroupFamily {held['DBParameterGroupFamily']} can't be used"
            f" for this instance. Please use a Parameter Group with DBParameterGroupFamily {family}",
        )
    days = whole.get("PerformanceInsightsRetentionPeriod")
    if whole.get("DatabaseInsightsMode") == "advanced" and int(days or 0) < 465:
        raise Refused(
            "InvalidParameterCombination",
            "To enable the Advanced mode of Database Insights, modify your cluster to enable Performance Insights and"
            " set the retention period for Performance Insights to at least 465 days",
        )


@before("rds", "ModifyDBCluster")
def _can_be_modified(parameters: Parameters) -> None:
    held = module("rds")._clusters.get(str(parameters["DBClusterIdentifier"]).rpartition(":")[2])
    if held is None:
        return
    group, writer = membership(held)
    if group and not writer and parameters.get("MasterUserPassword"):
        raise Refused("InvalidParameterCombination", "MasterUserPassword can't be modified for a secondary cluster")
    version = parameters.get("EngineVersion")
    if version and version != held["EngineVersion"]:
        _can_be_upgraded(held, str(version), allowed=bool(parameters.get("AllowMajorVersionUpgrade")))
    kept = {name: held.get("_twin", {}).get(answer) for name, answer in KEPT.items()}
    _settings_fit(parameters, {**held, **{name: value for name, value in kept.items() if value}, **parameters})


def _can_be_upgraded(held: dict[str, Any], version: str, *, allowed: bool) -> None:
    """Major versions are the global cluster's alone; minor ones the members', the secondaries first (trap 15)."""
    group, writer = membership(held)
    if not same_major(version, held["EngineVersion"]):
        if group:
            raise Refused(
                "InvalidParameterValue",
                f"{held['DBClusterIdentifier']} is a member of the global cluster {group['GlobalClusterIdentifier']}:"
                " a major version upgrade is made on the global cluster",
            )
        if not allowed:
            raise Refused("InvalidParameterCombination", "The AllowMajorVersionUpgrade flag must be present")
    elif group and writer:
        behind = [each for each in _others(group, held) if each["EngineVersion"] != version]
        if behind:
            raise Refused(
                "InvalidDBClusterStateFault",
                f"upgrade the secondary clusters first: {behind[0]['DBClusterArn']} has {behind[0]['EngineVersion']}",
            )


def _others(group: dict[str, Any], held: dict[str, Any]) -> list[dict[str, Any]]:
    arns = [member["DBClusterArn"] for member in group["GlobalClusterMembers"]]
    found = (module("rds")._resolve_cluster(arn) for arn in arns if arn != held["DBClusterArn"])
    return [each for each in found if each]
