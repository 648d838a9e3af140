"""What S3 does as the replication role: read the object, decrypt it, write and encrypt the replica.

S3 User Guide, "Setting up permissions for live replication" and "Replicating encrypted objects" (trap 38). A replica
that may not be written is a failed one: the source's ``x-amz-replication-status`` says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twin.cloud.emulator import module
from twin.cloud.policies.acting import Deputy, refusal
from twin.cloud.policies.calls import Call

SERVICE = "s3.amazonaws.com"
_KEY = re.compile(r"<KMSMasterKeyID>(.*?)</KMSMasterKeyID>")
_BUCKET_KEY = "<BucketKeyEnabled>true</BucketKeyEnabled>"


def install() -> None:
    """Have S3 write a replica only if its rule's role may."""
    s3 = module("services.s3")
    find = s3._replication_destination

    def found(bucket: str, key: str, rule: Mapping[str, Any], role: str) -> Any:
        target = find(bucket, key, rule, role)
        if target is None or any(_refused(call, role, bucket) for call in _calls(bucket, key, rule, str(target[0]))):
            return None
        return target

    s3._replication_destination = found


def _refused(call: Call, role: str, bucket: str) -> bool:
    account = role.split(":")[4]
    return refusal(Deputy(SERVICE, role, f"arn:aws:s3::{account}:{bucket}"), call) is not None


def _calls(bucket: str, key: str, rule: Mapping[str, Any], replica: str) -> list[Call]:
    s3 = module("services.s3")
    here, there = (s3._replication_destination_region(each) for each in (bucket, replica))
    source, target = f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{replica}"
    calls = [
        Call("s3", "s3:GetObjectVersionForReplication", f"{source}/{key}", here),
        Call("s3", "s3:ReplicateObject", f"{target}/{key}", there),
    ]
    settings = str(s3._bucket_encryption.get(bucket) or "")
    encrypted = _KEY.search(settings)
    if encrypted:
        encryption = {
            "kms:ViaService": f"s3.{here}.amazonaws.com",
            "kms:EncryptionContext:aws:s3:arn": source if _BUCKET_KEY in settings else f"{source}/{key}",
        }
        calls.append(Call("kms", "kms:Decrypt", encrypted[1], here, encryption))
    wanted = ((rule.get("Destination") or {}).get("EncryptionConfiguration") or {}).get("ReplicaKmsKeyID")
    if wanted:
        calls.append(Call("kms", "kms:Encrypt", wanted, there, {"kms:ViaService": f"s3.{there}.amazonaws.com"}))
    return calls
