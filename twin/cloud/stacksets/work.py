"""One instance's stack: made, updated, deleted, through the emulator's own engine in that account and region.

The reason of a failure has StackSets' form, ``ResourceLogicalId:…, ResourceType:…, ResourceStatusReason:….``.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

from twin.cloud import emulator
from twin.cloud.stacksets.model import Definition, Instance
from twin.cloud.stacksets.parameters import instance_values
from twin.cloud.templates import lend

LOOK = 0.004
"""Seconds between two looks at a stack that is being worked on; the emulator's own work is milliseconds."""

FINE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "DELETE_COMPLETE")
UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
NO_UPDATES = "No updates are to be performed."


class WorkError(Exception):
    """The stack is not as wanted; the message is the reason that the instance shows."""


async def deploy(stackset: str, definition: Definition, instance: Instance) -> str:
    """Bring the instance's stack to the definition; return a remark. Raises :class:`WorkError`.

    A stack that is not there, or was deleted, is made.
    """
    found = emulator.stack(instance.account, instance.region, instance.stack) if instance.stack else None
    if found is None or found["StackStatus"] == "DELETE_COMPLETE":
        await _create(stackset, definition, instance)
        return ""
    if found["StackStatus"] not in UPDATABLE:
        raise WorkError(f"Stack:{instance.stack_id} is in {found['StackStatus']} state and can not be updated.")
    return await _update(definition, instance)


async def delete(instance: Instance) -> None:
    """Delete the instance's stack, if there is one. Raises :class:`WorkError`."""
    if not instance.stack or emulator.stack(instance.account, instance.region, instance.stack) is None:
        return
    await _settled(instance)
    _ask(instance, "DeleteStack", {"StackName": instance.stack})
    await asyncio.sleep(0)  # the emulator writes the status when the task begins
    found = await _settled(instance, begun="DELETE")
    if found["StackStatus"] != "DELETE_COMPLETE":
        raise WorkError(_reason(instance, "DELETE_FAILED", found))


def adopt(definition: Definition, instance: Instance, stack_id: str) -> None:
    """Make an existing stack the instance's. Raises :class:`WorkError` when its template is another.

    User Guide, "Import stacks into CloudFormation StackSets": the stack's template must be the StackSet's.
    """
    name = stack_id.split("/")[1]
    found = emulator.stack(instance.account, instance.region, name)
    if found is None or found["StackStatus"] not in UPDATABLE:
        raise WorkError(f"Stack:{stack_id} can not be imported in its state")
    if found["_template"] != emulator.template(definition.template):
        raise WorkError(f"the template of stack {stack_id} differs from the StackSet's")
    instance.stack, instance.stack_id = name, stack_id


async def _create(stackset: str, definition: Definition, instance: Instance) -> None:
    instance.stack = f"StackSet-{stackset}-{uuid.uuid4()}"
    request = {**_request(definition, instance), "OnFailure": "DELETE"}
    try:
        _ask(instance, "CreateStack", request)
    except WorkError:
        instance.stack = ""
        raise
    made = emulator.stack(instance.account, instance.region, instance.stack)
    instance.stack_id = made["StackId"] if made else ""
    found = await _settled(instance, rolled_back=("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"))
    if found["StackStatus"] != "CREATE_COMPLETE":
        raise WorkError(_reason(instance, "CREATE_FAILED", found))


async def _update(definition: Definition, instance: Instance) -> str:
    answer = emulator.ask(instance.account, instance.region, "UpdateStack", _request(definition, instance))
    if answer.message == NO_UPDATES:
        return NO_UPDATES
    if answer.code:
        raise WorkError(answer.message)
    found = await _settled(instance)
    if found["StackStatus"] != "UPDATE_COMPLETE":
        raise WorkError(_reason(instance, "UPDATE_FAILED", found))
    return ""


def _request(definition: Definition, instance: Instance) -> dict[str, str]:
    """Return the parameters of CreateStack and UpdateStack; the body goes by reference, since it may be long."""
    values = instance_values(emulator.template(definition.template), definition.parameters, instance.overrides)
    request = {"StackName": instance.stack, "TemplateURL": lend(definition.template)}
    for number, (name, value) in enumerate(values.items(), 1):
        request[f"Parameters.member.{number}.ParameterKey"] = name
        request[f"Parameters.member.{number}.ParameterValue"] = value
    for number, capability in enumerate(definition.capabilities, 1):
        request[f"Capabilities.member.{number}"] = capability
    for number, (name, value) in enumerate(definition.tags.items(), 1):
        request[f"Tags.member.{number}.Key"] = name
        request[f"Tags.member.{number}.Value"] = value
    return request if definition.tags else {**request, "Tags": ""}


def _ask(instance: Instance, action: str, request: Mapping[str, str]) -> None:
    answer = emulator.ask(instance.account, instance.region, action, request)
    if answer.code:
        raise WorkError(answer.message)


async def _settled(instance: Instance, *, begun: str = "", rolled_back: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the stack's record once nothing works on it.

    begun: what the status starts with once the work has begun. rolled_back: statuses after which it is deleted.
    """
    while True:
        found = emulator.stack(instance.account, instance.region, instance.stack)
        if found is None:
            raise WorkError(f"Stack [{instance.stack_id}] does not exist")
        status = found["StackStatus"]
        if not status.endswith("_IN_PROGRESS") and status not in rolled_back and status.startswith(begun):
            return found
        await asyncio.sleep(LOOK)


def _reason(instance: Instance, status: str, record: Mapping[str, Any]) -> str:
    """Return the first failure among the events of the last operation, else the stack's own reason."""
    happened = emulator.events(instance.account, instance.region, instance.stack_id)
    begun = status.replace("_FAILED", "_IN_PROGRESS")
    starts = [
        place
        for place, event in enumerate(happened)
        if (event["LogicalResourceId"], event["ResourceStatus"]) == (instance.stack, begun)
    ]
    last = happened[starts[-1] :] if starts else happened
    for event in last:
        if event["ResourceStatus"] == status and event["LogicalResourceId"] != instance.stack:
            return (
                f"ResourceLogicalId:{event['LogicalResourceId']}, ResourceType:{event['ResourceType']},"
                f" ResourceStatusReason:{event['ResourceStatusReason']}."
            )
    said = [
        event["ResourceStatusReason"] for event in last if event["ResourceStatusReason"] not in ("", "User Initiated")
    ]
    return said[0] if said else str(record.get("StackStatusReason") or f"Stack is in {record['StackStatus']} state")
