"""Names that are taken: CloudFormation refuses to make what is there already, where the emulator would overwrite it.

Source: CloudFormation CLI guide, "Resource type handler contract" (a create handler answers ``AlreadyExists``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from twin.cloud.resources.services import here, module

Properties = Mapping[str, Any]


class AlreadyExistsError(ValueError):
    """A resource of that name is there, made by another stack, by hand, or left behind."""


@dataclass(frozen=True)
class _Names:
    """Where the emulator keeps a type's resources. property: their name; key: under which they are kept."""

    service: str
    store: str
    property: str
    key: Callable[[str], Any] = str


def _topic(name: str) -> str:
    account, region = here()
    return f"arn:aws:sns:{region}:{account}:{name}"


def _alias(name: str) -> str:
    account, region = here()
    return f"arn:aws:kms:{region}:{account}:{name}"


def _policy(name: str) -> str:
    return f"arn:aws:iam::{here()[0]}:policy/{name}"


def _machine(name: str) -> str:
    account, region = here()
    return f"arn:aws:states:{region}:{account}:stateMachine:{name}"


_STORES = {
    "AWS::Backup::BackupVault": _Names("backup", "_vaults", "BackupVaultName"),
    "AWS::CloudWatch::Dashboard": _Names("cloudwatch", "_dashboards", "DashboardName"),
    "AWS::DynamoDB::Table": _Names("dynamodb", "_tables", "TableName"),
    "AWS::IAM::ManagedPolicy": _Names("iam", "_policies", "ManagedPolicyName", _policy),
    "AWS::IAM::Role": _Names("iam", "_roles", "RoleName"),
    "AWS::KMS::Alias": _Names("kms", "_aliases", "AliasName", _alias),
    "AWS::Lambda::Function": _Names("lambda", "_functions", "FunctionName"),
    "AWS::Logs::LogGroup": _Names("logs", "_log_groups", "LogGroupName"),
    "AWS::RDS::DBClusterParameterGroup": _Names("rds", "_db_cluster_param_groups", "DBClusterParameterGroupName"),
    "AWS::RDS::DBParameterGroup": _Names("rds", "_param_groups", "DBParameterGroupName"),
    "AWS::RDS::DBSubnetGroup": _Names("rds", "_subnet_groups", "DBSubnetGroupName"),
    "AWS::SNS::Topic": _Names("sns", "_topics", "TopicName", _topic),
    "AWS::SSM::Parameter": _Names("ssm", "_parameters", "Name"),
    "AWS::StepFunctions::StateMachine": _Names("stepfunctions", "_state_machines", "StateMachineName", _machine),
}

TYPES = frozenset(_STORES)


def check(kind: str, properties: Properties) -> None:
    """Raise :class:`AlreadyExistsError` when the name that the properties choose is taken."""
    names = _STORES.get(kind)
    name = properties.get(names.property) if names else None
    if names and name and names.key(str(name)) in getattr(module(names.service), names.store):
        raise AlreadyExistsError(
            f"Resource of type '{kind}' with identifier '{name}' already exists. (HandlerErrorCode: AlreadyExists)"
        )
