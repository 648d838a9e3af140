"""Buckets with all that is said of them, and their policies.

Sources: S3 API Reference, "PutBucketReplication", "PutBucketLifecycleConfiguration"; CloudFormation Template
Reference, AWS::S3::Bucket and AWS::S3::BucketPolicy.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twin.cloud.resources.services import Parameters, ask, before, here, module
from twin.cloud.resources.types import Attributes, Kind, Made, Properties, add, tags
from twin.cloud.resources.wire import Refused

_GLOBAL = "us-east-1"


def offer() -> None:
    """Give the emulator these types."""
    add(Kind("AWS::S3::Bucket", _create, _update, _delete))
    add(Kind("AWS::S3::BucketPolicy", _policy, _policy_changed, _policy_removed))


def _create(properties: Properties, name: str) -> Made:
    bucket = str(properties.get("BucketName", name)).lower()
    _, region = here()
    if bucket in module("s3")._buckets or module("s3")._bucket_owner_account(bucket) is not None:
        raise Refused("BucketAlreadyExists", f"{bucket} already exists")
    place = {} if region == _GLOBAL else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    ask("s3", "CreateBucket", Bucket=bucket, **place)
    try:
        _configure(bucket, {}, properties)
    except Refused:
        ask("s3", "DeleteBucket", Bucket=bucket)
        raise
    return bucket, _attributes(bucket)


def _attributes(bucket: str) -> Attributes:
    _, region = here()
    return {
        "Arn": f"arn:aws:s3:::{bucket}",
        "DomainName": f"{bucket}.s3.amazonaws.com",
        "DualStackDomainName": f"{bucket}.s3.dualstack.{region}.amazonaws.com",
        "RegionalDomainName": f"{bucket}.s3.{region}.amazonaws.com",
        "WebsiteURL": f"http://{bucket}.s3-website-{region}.amazonaws.com",
    }


def _update(physical: str, old: Properties, new: Properties) -> Attributes:
    _configure(physical, old, new)
    return _attributes(physical)


def _configure(bucket: str, old: Properties, new: Properties) -> None:
    """Send each part that has changed; what the template no longer says is taken away."""
    for name in [*_PARTS, *(set(new) - set(_PARTS))]:
        if new.get(name) == old.get(name) or name in ("BucketName", "Tags"):
            continue
        if name not in _PARTS:
            raise Refused("InvalidRequest", f"the local cloud does not know the property {name} of a bucket")
        put, parameter, translate, delete = _PARTS[name]
        if name in new:
            ask("s3", put, Bucket=bucket, **{parameter: translate(new[name])})
        elif delete:
            ask("s3", delete, Bucket=bucket)
        else:
            ask("s3", put, Bucket=bucket, **{parameter: _EMPTY.get(name, {})})
    if tags(old) != tags(new):
        module("s3")._bucket_tags[bucket] = {each["Key"]: each["Value"] for each in tags(new)}


def _same(value: Any) -> Any:
    return value


def _encryption(value: Any) -> Any:
    rules = [
        {("ApplyServerSideEncryptionByDefault" if name == "ServerSideEncryptionByDefault" else name): each
         for name, each in rule.items()}
        for rule in value["ServerSideEncryptionConfiguration"]
    ]  # fmt: skip
    return {"Rules": rules}


def _lifecycle(value: Any) -> Any:
    return {"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    said = dict(rule)
    expiration = {
        api: said.pop(name)
        for name, api in (("ExpirationInDays", "Days"), ("ExpirationDate", "Date"),
                          ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"))
        if name in said
    }  # fmt: skip
    return {
        **({"ID": said.pop("Id")} if "Id" in said else {}),
        "Filter": {"Prefix": said.pop("Prefix", "")},
        **({"Expiration": expiration} if expiration else {}),
        **said,
    }


def _logging(value: Any) -> Any:
    return {
        "LoggingEnabled": {
            "TargetBucket": value["DestinationBucketName"],
            "TargetPrefix": value.get("LogFilePrefix", ""),
        }
    }


def _replication(value: Any) -> Any:
    rules = [{("ID" if name == "Id" else name): each for name, each in rule.items()} for rule in value["Rules"]]
    return {"Role": value["Role"], "Rules": rules}


_PARTS: dict[str, tuple[str, str, Callable[[Any], Any], str]] = {
    "VersioningConfiguration": ("PutBucketVersioning", "VersioningConfiguration", _same, ""),
    "BucketEncryption": (
        "PutBucketEncryption", "ServerSideEncryptionConfiguration", _encryption, "DeleteBucketEncryption",
    ),
    "PublicAccessBlockConfiguration": (
        "PutPublicAccessBlock", "PublicAccessBlockConfiguration", _same, "DeletePublicAccessBlock",
    ),
    "OwnershipControls": ("PutBucketOwnershipControls", "OwnershipControls", _same, "DeleteBucketOwnershipControls"),
    "LifecycleConfiguration": (
        "PutBucketLifecycleConfiguration", "LifecycleConfiguration", _lifecycle, "DeleteBucketLifecycle",
    ),
    "LoggingConfiguration": ("PutBucketLogging", "BucketLoggingStatus", _logging, ""),
    "ReplicationConfiguration": (
        "PutBucketReplication", "ReplicationConfiguration", _replication, "DeleteBucketReplication",
    ),
}  # fmt: skip
"""How each part is sent: the call, its parameter, the API's words for it, and the call that takes it away."""

_EMPTY = {"VersioningConfiguration": {"Status": "Suspended"}}


def _delete(physical: str, _properties: Properties) -> None:
    ask("s3", "DeleteBucket", Bucket=physical)


@before("s3", "PutBucketReplication")
def _destinations_are_ready(parameters: Parameters) -> None:
    """Refuse replication to a bucket that is not there, or keeps no versions (trap 40)."""
    s3 = module("s3")
    for rule in parameters["ReplicationConfiguration"]["Rules"]:
        bucket = str(rule["Destination"]["Bucket"]).rpartition(":")[2]
        if bucket not in s3._buckets:
            raise Refused("InvalidRequest", f"Destination bucket must exist: {bucket}")
        if s3._bucket_versioning.get(bucket) != "Enabled":
            raise Refused("InvalidRequest", f"Destination bucket must have versioning enabled: {bucket}")


@before("s3", "PutBucketLogging")
def _target_is_there(parameters: Parameters) -> None:
    target = (parameters["BucketLoggingStatus"].get("LoggingEnabled") or {}).get("TargetBucket")
    if target and target not in module("s3")._buckets:
        raise Refused("InvalidTargetBucketForLogging", f"The target bucket for logging does not exist: {target}")


def _policy(properties: Properties, _name: str) -> Made:
    bucket = str(properties["Bucket"])
    if bucket in module("s3")._bucket_policies:
        raise Refused("AlreadyExists", f"the bucket {bucket} has a policy already")
    _policy_changed(bucket, {}, properties)
    return bucket, {}


def _policy_changed(physical: str, _old: Properties, new: Properties) -> Attributes:
    document = new["PolicyDocument"]
    text = document if isinstance(document, str) else json.dumps(document)
    ask("s3", "PutBucketPolicy", Bucket=physical, Policy=text)
    return {}


def _policy_removed(physical: str, _properties: Properties) -> None:
    ask("s3", "DeleteBucketPolicy", Bucket=physical)
