"""The few stacks that are no StackSet's: created, updated and deleted by themselves, and followed to their ends."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from generator.aws.control import Control
from generator.aws.errors import code, told
from generator.aws.events import OperationBegan, OperationEnded, OperationMoved, Said
from generator.aws.faults import DeployError, of_stack
from generator.errors import CloudError
from generator.plan.model import CreateStack, DeleteStack, SeenStack, UpdateStack

_NOTHING = "No updates are to be performed"
_GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "DELETE_COMPLETE"})
GONE = "DELETE_COMPLETE"

_Action = CreateStack | UpdateStack | DeleteStack


def create(control: Control, action: CreateStack, parts: Mapping[str, Any]) -> None:
    """Make the stack and follow it. One that someone else makes at this moment is joined.

    It is protected against deletion by hand; :func:`delete` lifts that. Raises DeployError when it failed.
    """
    control.halt.check()
    client = _client(control, action)
    with told(action.region, f"creating the stack {action.name}"):
        try:
            client.create_stack(
                StackName=action.name,
                EnableTerminationProtection=not control.clouds.environment.disposable,
                ClientRequestToken=str(uuid.uuid4()),
                **parts,
            )
        except client.exceptions.AlreadyExistsException:
            control.sink(Said(f"{action.name} is there already: waiting for it"))
    _follow(control, action, "CREATE")


def update(control: Control, action: UpdateStack, parts: Mapping[str, Any]) -> None:
    """Update the stack and follow it; raises DeployError when it failed."""
    control.halt.check()
    client = _client(control, action)
    with told(action.region, f"updating the stack {action.name}"):
        try:
            client.update_stack(StackName=action.name, ClientRequestToken=str(uuid.uuid4()), **parts)
        except ClientError as error:
            if _NOTHING in str(error):
                return
            raise
    _follow(control, action, "UPDATE")


def delete(control: Control, action: DeleteStack) -> None:
    """Delete the stack, its termination protection first, and follow it; raises DeployError when it failed."""
    control.halt.check()
    client = _client(control, action)
    found = describe(control, action.account, action.region, action.name)
    if found is None:
        return
    with told(action.region, f"deleting the stack {action.name}"):
        if found.get("EnableTerminationProtection"):
            client.update_termination_protection(StackName=action.name, EnableTerminationProtection=False)
        client.delete_stack(StackName=action.name, ClientRequestToken=str(uuid.uuid4()))
    _follow(control, action, "DELETE", str(found["StackId"]))


def settle(control: Control, account: str, region: str, name: str) -> None:
    """Wait until nothing is being done to the stack; how it ended does not matter."""
    control.sink(OperationBegan(name, "", "JOINED", (region,), joined=True))
    for wait in control.paces.operations.waits():
        found = describe(control, account, region, name)
        if found is None or not str(found["StackStatus"]).endswith("_IN_PROGRESS"):
            return
        control.halt.wait(wait)
    raise _unending(control, name, region)


def describe(control: Control, account: str, region: str, name: str) -> Mapping[str, Any] | None:
    """Return the stack of that name or id as CloudFormation describes it, None when there is none."""
    client = control.clouds.client("cloudformation", region, account)
    with told(region, f"describing the stack {name}"):
        try:
            found: Mapping[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if code(error) == "ValidationError" and "does not exist" in str(error):
                return None
            raise
    return found


def _client(control: Control, action: _Action) -> Any:
    return control.clouds.client("cloudformation", action.region, action.account)


def _follow(control: Control, action: _Action, verb: str, identity: str = "") -> None:
    control.sink(OperationBegan(action.name, "", verb, (action.region,)))
    start = time.monotonic()
    stack = SeenStack(action.name, identity or action.name, action.region, action.account, "")
    for wait in control.paces.operations.waits():
        control.halt.wait(wait)
        found = describe(control, action.account, action.region, stack.id)
        now = replace(stack, status=GONE, reason="") if found is None else _told(stack, found)
        if now.status != stack.status:
            control.sink(OperationMoved(action.name, "", now.status))
        stack = now
        if stack.status in _GOOD or not stack.status.endswith("_IN_PROGRESS"):
            control.sink(OperationEnded(action.name, "", stack.status, time.monotonic() - start))
            _judge(control, verb, stack)
            return
    raise _unending(control, action.name, action.region)


def _told(stack: SeenStack, found: Mapping[str, Any]) -> SeenStack:
    return replace(
        stack,
        id=str(found["StackId"]),
        status=str(found["StackStatus"]),
        reason=str(found.get("StackStatusReason", "")),
    )


def _judge(control: Control, verb: str, stack: SeenStack) -> None:
    if stack.status in _GOOD and (stack.status == GONE) == (verb == "DELETE"):
        return
    fault = of_stack(control, stack)
    control.sink(fault)
    raise DeployError(str(fault), faults=(fault,), hint=fault.hint)


def _unending(control: Control, name: str, region: str) -> CloudError:
    return CloudError(
        f"the stack {name} in {region} has not come to an end within {control.paces.operations.bound:.0f} s",
        hint="look at its events in the console; deploy again goes on with it",
    )
