"""What Lambda refuses of a function when it is made: its role, and a package that is elsewhere.

Sources: Lambda API Reference, "CreateFunction"; Lambda Developer Guide, "Defining Lambda function permissions with an
execution role". That the package's bucket is in the function's region, the emulator checks itself.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services.cloudformation import provisioners

from twin.cloud.resources.services import module
from twin.cloud.resources.types import HandlerError, Made, Properties

_TYPE = "AWS::Lambda::Function"
_OURS = "_judged_by_the_twin"
_SERVICE = "lambda.amazonaws.com"


def offer() -> None:
    """Judge functions before they are made or changed; a second time changes nothing."""
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]
    if handlers.get(_OURS):
        return
    create, update = handlers["create"], handlers["update"]

    def created(logical_id: str, properties: Properties, stack_name: str) -> Made:
        _judge(properties)
        made: Made = create(logical_id, properties, stack_name)
        return made

    def updated(physical: str, old: Properties, new: Properties, *rest: Any) -> Made:
        _judge(new)
        made: Made = update(physical, old, new, *rest)
        return made

    handlers.update(create=created, update=updated)
    handlers[_OURS] = True


def _judge(properties: Properties) -> None:
    _role_lets_lambda_in(str(properties.get("Role", "")))
    code = properties.get("Code") or {}
    if code.get("S3Bucket"):
        _package_is_there(str(code["S3Bucket"]), str(code.get("S3Key", "")))
    network = properties.get("VpcConfig") or {}
    ec2 = module("ec2")
    for store, ids in (
        (ec2._subnets, network.get("SubnetIds")),
        (ec2._security_groups, network.get("SecurityGroupIds")),
    ):
        for each in ids or ():
            if each not in store:
                raise HandlerError(f"Error occurred while DescribeNetworkInterfaces: the ID '{each}' does not exist")


def _role_lets_lambda_in(arn: str) -> None:
    role = module("iam")._roles.get(arn.rpartition("/")[2])
    policy = role.get("AssumeRolePolicyDocument") if role else {}
    document = json.loads(policy) if isinstance(policy, str) else policy or {}
    for statement in document.get("Statement", ()):
        principal = statement.get("Principal")
        services = principal.get("Service", ()) if isinstance(principal, dict) else ()
        named = [services] if isinstance(services, str) else list(services)
        if statement.get("Effect") == "Allow" and _SERVICE in named:
            return
    raise HandlerError(f"The role defined for the function cannot be assumed by Lambda: {arn} (trap 92)")


def _package_is_there(bucket: str, key: str) -> None:
    held = module("s3")._buckets.get(bucket)
    if held is None:
        raise HandlerError(f"Error occurred while GetObject. S3 Error Code: NoSuchBucket: {bucket}")
    if key not in held["objects"]:
        raise HandlerError(f"Error occurred while GetObject. S3 Error Code: NoSuchKey: {bucket}/{key}")
