"""Aurora's instances: they take from their cluster what is the cluster's, and one of them is the writer.

Sources: RDS API Reference, "CreateDBInstance"; Aurora User Guide, "Configuration requirements of an Amazon Aurora
global database"; CloudFormation Template Reference, AWS::RDS::DBInstance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import provisioners

from twin.cloud.resources.clusters import retag
from twin.cloud.resources.memberships import key_is_there
from twin.cloud.resources.services import Parameters, Said, after, module
from twin.cloud.resources.types import HandlerError, Made, Properties
from twin.cloud.resources.wire import Refused

_TYPE = "AWS::RDS::DBInstance"
_OURS = "_joined_by_the_twin"


def offer() -> None:
    """Make the emulator's own handler behave as RDS does in a cluster; a second time changes nothing."""
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]
    if handlers.get(_OURS):
        return
    create, update, delete = handlers["create"], handlers["update"], handlers["delete"]

    def joined(logical_id: str, properties: Properties, stack_name: str) -> Made:
        _can_be_made(properties)
        made: Made = create(logical_id, properties, stack_name)
        _join(made[0], properties)
        return made

    def changed(physical: str, old: Properties, new: Properties, *rest: Any) -> Made:
        made: Made = update(physical, old, new, *rest)
        held = module("rds")._instances[made[0]]
        _inherit(held, new)
        retag("db:" + made[0], old, new)
        return made

    handlers.update(create=joined, update=changed, delete=_deleted(delete))
    handlers[_OURS] = True
    provisioners._CUSTOM_NAME_REPLACEMENT[_TYPE] = {"name": "DBInstanceIdentifier"}


def _deleted(delete: Callable[[str, Properties], None]) -> Callable[[str, Properties], None]:
    def removed(physical: str, properties: Properties) -> None:
        delete(physical, properties)
        cluster = module("rds")._clusters.get(properties.get("DBClusterIdentifier"))
        members = cluster["DBClusterMembers"] if cluster else []
        if members and not any(each["IsClusterWriter"] for each in members):
            members[0]["IsClusterWriter"] = True

    return removed


def _can_be_made(properties: Properties) -> None:
    rds, name = module("rds"), properties.get("DBInstanceIdentifier")
    if name in rds._instances:
        raise HandlerError(f"DBInstance {name} already exists (HandlerErrorCode: AlreadyExists)")
    if not properties.get("DBClusterIdentifier"):
        return
    cluster = rds._clusters.get(properties["DBClusterIdentifier"])
    if cluster is None:
        raise HandlerError(f"DBCluster {properties['DBClusterIdentifier']} not found (HandlerErrorCode: NotFound)")
    instance_class = str(properties.get("DBInstanceClass", ""))
    if cluster.get("GlobalClusterIdentifier") and instance_class.startswith("db.t"):
        raise HandlerError(f"RDS does not support {instance_class} for a member of a global database (trap 85)")
    if instance_class == "db.serverless" and not cluster.get("ServerlessV2ScalingConfiguration"):
        raise HandlerError(
            "Set the Serverless v2 scaling configuration on the parent DB cluster before a db.serverless instance"
        )
    group = rds._param_groups.get(properties.get("DBParameterGroupName"))
    family = f"{cluster['Engine']}{cluster['EngineVersion'].split('.')[0]}"
    if properties.get("DBParameterGroupName") and group is None:
        raise HandlerError(
            f"DBParameterGroup not found: {properties['DBParameterGroupName']} (HandlerErrorCode: NotFound)"
        )
    if group and group["DBParameterGroupFamily"] != family:
        raise HandlerError(f"a parameter group of the family {group['DBParameterGroupFamily']} is not for {family}")
    role = str(properties.get("MonitoringRoleArn", ""))
    if role and role.rpartition("/")[2] not in module("iam")._roles:
        raise HandlerError(f"IAM role ARN value is invalid or lacks rights for ENHANCED_MONITORING: {role}")
    if properties.get("PerformanceInsightsKMSKeyId"):
        try:
            key_is_there(str(properties["PerformanceInsightsKMSKeyId"]))
        except Refused as refused:
            raise HandlerError(str(refused)) from refused


def _join(identifier: str, properties: Properties) -> None:
    held = module("rds")._instances[identifier]
    _inherit(held, properties)
    cluster = module("rds")._clusters.get(properties.get("DBClusterIdentifier"))
    writer = False
    for member in cluster["DBClusterMembers"] if cluster else ():
        member["IsClusterWriter"] = bool(member["IsClusterWriter"]) and not writer
        writer = writer or member["IsClusterWriter"]


def _inherit(held: dict[str, Any], properties: Properties) -> None:
    """Take from the cluster what is its own: version, network, encryption, sign-in."""
    rds = module("rds")
    if properties.get("CACertificateIdentifier"):
        held["CACertificateIdentifier"] = properties["CACertificateIdentifier"]
    cluster = rds._clusters.get(properties.get("DBClusterIdentifier"))
    if cluster is None:
        return
    held.update(
        DBSubnetGroup=rds._subnet_groups.get(cluster["DBSubnetGroup"], held["DBSubnetGroup"]),
        EngineVersion=cluster["EngineVersion"],
        IAMDatabaseAuthenticationEnabled=cluster["IAMDatabaseAuthenticationEnabled"],
        KmsKeyId=cluster["KmsKeyId"],
        MasterUsername=cluster["MasterUsername"],
        StorageEncrypted=cluster["StorageEncrypted"],
        VpcSecurityGroups=cluster["VpcSecurityGroups"],
    )


@after("rds", "DescribeDBInstances")
def _whole(_parameters: Parameters, said: Said) -> None:
    """Add what the emulator leaves out of an instance."""
    for each in said["DBInstances"]:
        held = module("rds")._instances.get(each["DBInstanceIdentifier"]) or {}
        each["CACertificateIdentifier"] = held.get("CACertificateIdentifier", "rds-ca-rsa2048-g1")
        cluster = module("rds")._clusters.get(held.get("DBClusterIdentifier"))
        kept = (cluster or {}).get("_twin", {})
        for name in ("PerformanceInsightsEnabled", "PerformanceInsightsKMSKeyId", "PerformanceInsightsRetentionPeriod"):
            if name in kept:
                each[name] = kept[name]
