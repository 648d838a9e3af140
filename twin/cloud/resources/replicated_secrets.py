"""Secrets, and their replicas in other regions.

Sources: Secrets Manager API Reference, "ReplicateSecretToRegions", "RemoveRegionsFromReplication" and "DeleteSecret";
CloudFormation Template Reference, AWS::SecretsManager::Secret, whose handler may call RemoveRegionsFromReplication
when it deletes (its schema says so) and deletes without a recovery window.
"""

from __future__ import annotations

from typing import Any

from ministack.services.cloudformation import provisioners

from twin.cloud.resources.keys import usable
from twin.cloud.resources.services import Parameters, Said, after, ask, before, here, instead, module
from twin.cloud.resources.types import Attributes, Kind, Made, Properties, add, number, tags
from twin.cloud.resources.wire import Refused

_VALUE = ("SecretString", "GenerateSecretString")


def offer() -> None:
    """Give the emulator this type."""
    add(Kind("AWS::SecretsManager::Secret", _create, _update, _delete))


def _create(properties: Properties, name: str) -> Made:
    taken = {key: properties[key] for key in ("Description", "KmsKeyId") if key in properties}
    made = ask(
        "secretsmanager",
        "CreateSecret",
        Name=properties.get("Name", name),
        SecretString=_value(properties),
        **taken,
        **({"AddReplicaRegions": properties["ReplicaRegions"]} if properties.get("ReplicaRegions") else {}),
    )
    arn = str(made["ARN"])
    _tag(arn, {}, properties)
    return arn, {"Id": arn}


def _value(properties: Properties) -> str:
    """Return the secret's value: the one given, or one that is generated."""
    wanted = properties.get("GenerateSecretString")
    if wanted and "PasswordLength" in wanted:
        properties = {
            **properties,
            "GenerateSecretString": {**wanted, "PasswordLength": number(wanted["PasswordLength"])},
        }
    return str(provisioners._sm_secret_string(properties))


def _tag(arn: str, old: Properties, new: Properties) -> None:
    _, held = module("secretsmanager")._resolve(arn)
    gone = {each["Key"] for each in [*tags(old), *tags(new)]}
    held["Tags"] = [*(each for each in held.get("Tags") or () if each["Key"] not in gone), *tags(new)]


def _update(physical: str, old: Properties, new: Properties) -> Attributes:
    changed = {key: new.get(key, "") for key in ("Description", "KmsKeyId") if new.get(key) != old.get(key)}
    if any(new.get(key) != old.get(key) for key in _VALUE):
        changed["SecretString"] = _value(new)
    if changed:
        ask("secretsmanager", "UpdateSecret", SecretId=physical, **changed)
    before_, wanted = _replicas(old), _replicas(new)
    gone = sorted(region for region, replica in before_.items() if wanted.get(region) != replica)
    if gone:
        ask("secretsmanager", "RemoveRegionsFromReplication", SecretId=physical, RemoveReplicaRegions=gone)
    born = [replica for region, replica in wanted.items() if before_.get(region) != replica]
    if born:
        ask("secretsmanager", "ReplicateSecretToRegions", SecretId=physical, AddReplicaRegions=born)
    _tag(physical, old, new)
    return {"Id": physical}


def _replicas(properties: Properties) -> dict[str, Any]:
    return {each["Region"]: each for each in properties.get("ReplicaRegions") or ()}


def _delete(physical: str, _properties: Properties) -> None:
    _, held = module("secretsmanager")._resolve(physical)
    if held is None:
        return
    replicas = sorted(each["Region"] for each in held.get("ReplicationStatus") or ())
    if replicas:
        ask("secretsmanager", "RemoveRegionsFromReplication", SecretId=physical, RemoveReplicaRegions=replicas)
    ask("secretsmanager", "DeleteSecret", SecretId=physical, ForceDeleteWithoutRecovery=True)


@before("secretsmanager", "CreateSecret", "UpdateSecret")
def _key_is_there(parameters: Parameters) -> None:
    key = parameters.get("KmsKeyId")
    if key and not usable(key):
        raise Refused("InvalidRequestException", f"the key {key} is not there, or can't be used, in {here()[1]}")


@after("secretsmanager", "CreateSecret")
def _replicate(parameters: Parameters, said: Said) -> None:
    """Replicate at once: the emulator leaves this parameter out."""
    if parameters.get("AddReplicaRegions"):
        made = ask(
            "secretsmanager",
            "ReplicateSecretToRegions",
            SecretId=said["ARN"],
            AddReplicaRegions=parameters["AddReplicaRegions"],
            ForceOverwriteReplicaSecret=parameters.get("ForceOverwriteReplicaSecret", False),
        )
        said["ReplicationStatus"] = made["ReplicationStatus"]


@after("secretsmanager", "ReplicateSecretToRegions")
def _wrong_keys_fail(parameters: Parameters, said: Said) -> None:
    """Take back a replica whose key is wrong: it is not made, and nothing else fails (trap 86)."""
    secrets, (account, _) = module("secretsmanager"), here()
    _, held = secrets._resolve(parameters["SecretId"])
    for each in held["ReplicationStatus"]:
        key = each.get("KmsKeyId")
        if key and not usable(key, each["Region"]):
            each.update(Status="Failed", StatusMessage=f"the key {key} is not there, or can't be used")
            secrets._secrets.pop_scoped(account, each["Region"], held["Name"], None)
        else:
            each["StatusMessage"] = "Replication succeeded"
    said["ReplicationStatus"] = list(held["ReplicationStatus"])


@instead("secretsmanager", "RemoveRegionsFromReplication")
def _remove_regions(parameters: Parameters) -> Said:
    secrets, (account, _) = module("secretsmanager"), here()
    _, held = secrets._resolve(parameters["SecretId"])
    if held is None:
        raise Refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    if secrets._is_replica(held):
        raise Refused(
            "InvalidParameterException",
            "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
        )
    gone = set(parameters["RemoveReplicaRegions"])
    unknown = gone - {each["Region"] for each in held.get("ReplicationStatus") or ()}
    if unknown:
        raise Refused("InvalidParameterException", f"The secret has no replica in {', '.join(sorted(unknown))}.")
    for region in gone:
        secrets._secrets.pop_scoped(account, region, held["Name"], None)
    held["ReplicationStatus"] = [each for each in held["ReplicationStatus"] if each["Region"] not in gone]
    return {"ARN": held["ARN"], "ReplicationStatus": held["ReplicationStatus"]}


@before("secretsmanager", "DeleteSecret")
def _replicas_go_first(parameters: Parameters) -> None:
    _, held = module("secretsmanager")._resolve(parameters["SecretId"])
    regions = [each["Region"] for each in (held or {}).get("ReplicationStatus") or ()]
    if regions:
        raise Refused(
            "InvalidParameterException",
            f"You can't delete secret {held['ARN']} that still has replica regions [{', '.join(regions)}].",
        )
