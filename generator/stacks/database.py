"""The region's Aurora PostgreSQL cluster, a member of the global cluster, and what watches it.

The same body goes to every region, the origin first. What must differ at birth does so by ``Birth``: the
origin creates the master user and the database, and a standby that tried to would be refused (trap 11).
``Birth`` and ``SourceRegion`` are recorded at birth and never follow the writer (trap 76). Everything that
is not inherited at a promotion (parameter groups, log exports, monitoring) is the same everywhere (trap 17).
"""

from __future__ import annotations

from troposphere import And, Condition, Equals, GetAtt, If, Join, Not, NoValue, Or, Ref, Split, Sub, Template
from troposphere.rds import (
    DBCluster,
    DBClusterParameterGroup,
    DBInstance,
    DBParameterGroup,
    DBSubnetGroup,
    ServerlessV2ScalingConfiguration,
)
from troposphere.secretsmanager import GenerateSecretString, ReplicaRegion, Secret

from generator import naming
from generator.inputs import (
    BACKUP_DAYS,
    BIRTH,
    DATA_SUBNET_IDS,
    DATABASE_GROUP_ID,
    DATABASE_NAME,
    DELETION_PROTECTION,
    ENGINE_VERSION,
    GLOBAL_CLUSTER,
    INSTANCE_CLASS,
    INSTANCES,
    KEY_ARN,
    LOG_DAYS,
    MAX_CAPACITY,
    MIN_CAPACITY,
    PARAMETER_FAMILY,
    REPLICA_KEY_ARNS,
    REPLICA_REGIONS,
    SOURCE_REGION,
    SUFFIX,
    TOPIC_ARN,
)
from generator.shape import Shape
from generator.slots import NONE, PARTNERS, Slots
from generator.stacks import _database_watch
from generator.stacks._template import outputs, template
from generator.stacks.global_database import ENGINE
from generator.stacks.network import POSTGRESQL
from recovery import signals

MASTER_USER = "dr_master"
_REPLICAS = Slots("ReplicaRegions", PARTNERS)
_REPLICA_KEYS = Slots("ReplicaKeyArns", PARTNERS)
_MAX_INSTANCES = 3
_MONITORING_SECONDS = 60
_INSIGHTS_DAYS = 7
"""What Database Insights' standard mode keeps (Aurora User Guide, "Turning on the Standard mode of Database
Insights"; the advanced mode wants 465, trap 88)."""


def build(shape: Shape) -> Template:
    """Return the template ``database``."""
    result = template(
        "An Aurora PostgreSQL cluster that is a member of the global cluster.",
        (
            SUFFIX, BIRTH, GLOBAL_CLUSTER, SOURCE_REGION, ENGINE_VERSION, PARAMETER_FAMILY, DATABASE_NAME,
            INSTANCE_CLASS, MIN_CAPACITY, MAX_CAPACITY, INSTANCES, BACKUP_DAYS, DELETION_PROTECTION, REPLICA_REGIONS,
            REPLICA_KEY_ARNS, KEY_ARN, TOPIC_ARN, DATA_SUBNET_IDS, DATABASE_GROUP_ID, LOG_DAYS,
        ),
    )  # fmt: skip
    _conditions(result)
    for resource in (
        _secret(shape),
        _subnet_group(),
        _cluster_parameters(),
        _instance_parameters(),
        _cluster(shape),
        *(_instance(number, shape) for number in range(1, _MAX_INSTANCES + 1)),
        *_database_watch.resources(),
    ):
        result.add_resource(resource)
    _outputs(result)
    return result


def _conditions(result: Template) -> None:
    result.add_condition("IsOrigin", Equals(BIRTH.ref, "origin"))
    result.add_condition("IsServerless", Equals(INSTANCE_CLASS.ref, "db.serverless"))
    result.add_condition("HasSource", And(Not(Condition("IsOrigin")), Not(Equals(SOURCE_REGION.ref, NONE))))
    result.add_condition("HasInstance2", Or(Equals(INSTANCES.ref, "2"), Equals(INSTANCES.ref, "3")))
    result.add_condition("HasInstance3", Equals(INSTANCES.ref, "3"))
    _REPLICAS.declare(result)


def _secret(shape: Shape) -> Secret:
    """Return the master credentials: made in the origin, replicated, and without a host (traps 10, 41).

    For break-glass and the bootstrap only; the probe signs in by IAM. RDS refuses some characters and more
    than 41 of them (trap 87). Each replica names its own region's key, which must be there first: a wrong
    one fails without a word (traps 75, 86).
    """
    return Secret(
        "Secret",
        Condition="IsOrigin",
        Name=naming.DATABASE_SECRET.sub(),
        Description="Master credentials of the database, for break-glass and the bootstrap.",
        KmsKeyId=KEY_ARN.ref,
        GenerateSecretString=GenerateSecretString(
            SecretStringTemplate=f'{{"username": "{MASTER_USER}"}}',
            GenerateStringKey="password",
            PasswordLength=40,
            ExcludeCharacters="/\"@'\\ ",
        ),
        ReplicaRegions=_REPLICAS.each(
            lambda region, index: ReplicaRegion(Region=region, KmsKeyId=_REPLICA_KEYS.value(index))
        ),
        DeletionPolicy=shape.retain_policy,
        UpdateReplacePolicy=shape.data_policy,
        Metadata={
            "checkov": {
                "skip": [
                    {
                        "id": "CKV2_AWS_57",
                        "comment": "rotating the master password through a stack breaks after a swap (trap 95);"
                        " applications and the probe do not use it",
                    }
                ]
            }
        },
    )


def _subnet_group() -> DBSubnetGroup:
    return DBSubnetGroup(
        "SubnetGroup",
        DBSubnetGroupName=naming.CLUSTER.sub(),
        DBSubnetGroupDescription="The data subnets.",
        SubnetIds=DATA_SUBNET_IDS.ref,
    )


def _cluster_parameters() -> DBClusterParameterGroup:
    """Return the cluster's parameters, the same in every region (trap 17).

    ``rds.global_db_rpo`` is left alone: in a standby's group it makes the new writer hold commits until
    another standby exists (trap 6).
    """
    return DBClusterParameterGroup(
        "ClusterParameters",
        DBClusterParameterGroupName=Sub(f"{naming.CLUSTER.text()}-cluster-${{ParameterFamily}}"),
        Description="Cluster parameters, the same in every region.",
        Family=PARAMETER_FAMILY.ref,
        Parameters={
            "rds.force_ssl": "1",
            "log_connections": "1",
            "log_disconnections": "1",
            "log_statement": "ddl",
            "log_min_duration_statement": "1000",
        },
    )


def _instance_parameters() -> DBParameterGroup:
    return DBParameterGroup(
        "InstanceParameters",
        DBParameterGroupName=Sub(f"{naming.CLUSTER.text()}-instance-${{ParameterFamily}}"),
        Description="Instance parameters, the same in every region.",
        Family=PARAMETER_FAMILY.ref,
        Parameters={"log_lock_waits": "1", "log_temp_files": "0"},
    )


def _password() -> Sub:
    return Sub("{{resolve:secretsmanager:${Secret}:SecretString:password}}")


def _cluster(shape: Shape) -> DBCluster:
    """Return the cluster.

    ``GlobalClusterIdentifier`` must never go: that would detach the cluster (trap 13). ``Port``,
    ``BackupRetentionPeriod`` and ``EngineVersion`` are always said, since leaving them out changes them
    (trap 84). An encrypted standby needs its own region's key and the region it is born from (trap 76).

    Cluster and instances are retained together: with a snapshot on the cluster alone, deleting the stack
    would either fail on the instances or take them first and then stop at the deletion protection (traps
    14, 48, 97). ``destroy`` takes its own snapshot and deletes both.
    """
    return DBCluster(
        "Cluster",
        DBClusterIdentifier=naming.CLUSTER.sub(),
        GlobalClusterIdentifier=GLOBAL_CLUSTER.ref,
        SourceRegion=If("HasSource", SOURCE_REGION.ref, NoValue),
        Engine=ENGINE,
        EngineVersion=ENGINE_VERSION.ref,
        MasterUsername=If("IsOrigin", MASTER_USER, NoValue),
        MasterUserPassword=If("IsOrigin", _password(), NoValue),
        DatabaseName=If("IsOrigin", DATABASE_NAME.ref, NoValue),
        Port=POSTGRESQL,
        DBSubnetGroupName=Ref("SubnetGroup"),
        VpcSecurityGroupIds=[DATABASE_GROUP_ID.ref],
        DBClusterParameterGroupName=Ref("ClusterParameters"),
        EnableIAMDatabaseAuthentication=True,
        StorageEncrypted=True,
        KmsKeyId=KEY_ARN.ref,
        BackupRetentionPeriod=BACKUP_DAYS.ref,
        CopyTagsToSnapshot=True,
        DeletionProtection=DELETION_PROTECTION.ref,
        EnableCloudwatchLogsExports=["postgresql"],
        ServerlessV2ScalingConfiguration=If(
            "IsServerless",
            ServerlessV2ScalingConfiguration(MinCapacity=MIN_CAPACITY.ref, MaxCapacity=MAX_CAPACITY.ref),
            NoValue,
        ),
        DatabaseInsightsMode="standard",
        PerformanceInsightsEnabled=True,
        PerformanceInsightsKmsKeyId=KEY_ARN.ref,
        PerformanceInsightsRetentionPeriod=_INSIGHTS_DAYS,
        DependsOn=["PostgresqlLogs"],
        DeletionPolicy=shape.retain_policy,
        UpdateReplacePolicy=shape.snapshot_policy,
    )


def _instance(number: int, shape: Shape) -> DBInstance:
    """Return one instance. Its number says nothing of its role: writer and readers swap within a cluster.

    Minor versions are pinned on the cluster; automatic upgrades do nothing in a global database (trap 5).
    """
    return DBInstance(
        f"Instance{number}",
        **({"Condition": f"HasInstance{number}"} if number > 1 else {}),
        **({"DependsOn": [f"Instance{number - 1}"]} if number > 1 else {}),
        DBInstanceIdentifier=Sub(f"{naming.CLUSTER.text()}-{number}"),
        DBClusterIdentifier=Ref("Cluster"),
        DBInstanceClass=INSTANCE_CLASS.ref,
        DBParameterGroupName=Ref("InstanceParameters"),
        Engine=ENGINE,
        PubliclyAccessible=False,
        AutoMinorVersionUpgrade=False,
        CACertificateIdentifier="rds-ca-rsa2048-g1",
        MonitoringInterval=_MONITORING_SECONDS,
        MonitoringRoleArn=GetAtt("MonitoringRole", "Arn"),
        PromotionTier=number - 1,
        DeletionPolicy=shape.retain_policy,
        UpdateReplacePolicy=shape.data_policy,
    )


def _outputs(result: Template) -> None:
    reader = GetAtt("Cluster", "ReadEndpoint.Address")
    writer = Join(".cluster-", Split(".cluster-ro-", reader))
    outputs(
        result,
        ClusterArn=(
            Sub("arn:${AWS::Partition}:rds:${AWS::Region}:${AWS::AccountId}:cluster:${Cluster}"),
            "The cluster's ARN: a switchover and a failover name their target by it.",
        ),
        ClusterIdentifier=(Ref("Cluster"), "The cluster's identifier."),
        ReaderHost=(reader, "The reader endpoint."),
        WriterHost=(
            writer,
            "The writer endpoint, derived from the reader's: a standby has none until it is promoted (trap 70).",
        ),
        Port=(str(POSTGRESQL), "The port; said, since a standby has no Endpoint to ask (trap 70)."),
        ProbeUserArn=(
            Sub(
                "arn:${AWS::Partition}:rds-db:${AWS::Region}:${AWS::AccountId}:dbuser:${Id}/" + signals.PROBE_USER,
                Id=GetAtt("Cluster", "DBClusterResourceId"),
            ),
            "The ARN under which the probe may sign in.",
        ),
        SecretName=(naming.DATABASE_SECRET.sub(), "The master credentials, the same name in every data region."),
    )
