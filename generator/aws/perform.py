"""One action of a plan, carried out and followed to its end; what fails says which resource, where and why.

Operation preferences are always stated (trap 53): regions side by side where they are alike, in order where one
needs the other. A failure in one region does not keep the others from being tried (trap 43), and the soft
tolerance lets all of them run at once (CloudFormation API Reference, ``StackSetOperationPreferences``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from generator import naming
from generator.aws import plainstacks, stacksets
from generator.aws.access import automatic, ownership, targets
from generator.aws.control import Control, Operation
from generator.aws.errors import code, told
from generator.aws.events import Fault, Said
from generator.aws.faults import NOT_SETTLED, DeployError, of_operation
from generator.plan.model import (
    Action,
    CreateInstances,
    CreateStack,
    CreateStackSet,
    DeleteInstances,
    DeleteStack,
    DeleteStackSet,
    UpdateInstances,
    UpdateStack,
    UpdateStackSet,
    Wait,
)

CAPABILITIES = ["CAPABILITY_NAMED_IAM"]
_OnInstances = CreateInstances | UpdateInstances | DeleteInstances


def perform(action: Action, control: Control) -> None:
    """Carry one action out. Raises DeployError when it failed, HaltedError when it was asked to stop."""
    carry_out([action], control)


def carry_out(actions: Iterable[Action], control: Control, *, ordered: bool = False) -> None:
    """Carry the actions out in their order; calls on instances that follow each other go together unless ordered."""
    for group in _groups(actions, ordered):
        first = group[0]
        if isinstance(first, _OnInstances):
            _together(control, [partial(_instances, control, each) for each in group if isinstance(each, _OnInstances)])
        else:
            _ALONE[type(first)](control, first)


def _groups(actions: Iterable[Action], ordered: bool) -> Iterator[list[Action]]:
    group: list[Action] = []
    for each in actions:
        same = group and isinstance(each, CreateInstances | UpdateInstances) and type(each) is type(group[0])
        if group and (ordered or not same):
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def _together(control: Control, begins: Sequence[Callable[[], Operation]]) -> None:
    """Begin the operations, follow them to their ends, and begin those anew that only came too early.

    A role that was made a moment ago is not known to StackSets everywhere yet; that is told from what the service
    says, and tried again within a bound.
    """
    waits = control.paces.settling.waits()
    while begins:
        operations: list[Operation] = []
        try:
            for begin in begins:
                operations.append(begin())
        finally:
            outcomes = stacksets.follow(control, operations) if operations and not control.halt.asked else ()
        tolerated = control.clouds.environment.operations.failure_tolerance_percent
        judged = [each for each in outcomes if tolerated or each.status != "SUCCEEDED"]
        faults = {each.operation.id: found for each in judged if (found := of_operation(control, each))}
        early = {identity for identity, found in faults.items() if _too_early(found)}
        wait = next(waits, None) if early and len(early) == len(faults) else None
        if wait is None:
            _raise(control, [fault for found in faults.values() for fault in found])
            return
        control.sink(Said("StackSets can't assume its roles yet: trying again"))
        control.halt.wait(wait)
        begins = [begin for begin, done in zip(begins, operations, strict=True) if done.id in early]


def _too_early(faults: Iterable[Fault]) -> bool:
    found = list(faults)
    return bool(found) and all(NOT_SETTLED.search(each.reason) for each in found)


def _raise(control: Control, faults: Sequence[Fault]) -> None:
    if not faults:
        return
    for fault in faults:
        control.sink(fault)
    hints = list(dict.fromkeys(each.hint for each in faults if each.hint))
    raise DeployError("; ".join(map(str, faults)), faults=faults, hint="; ".join(hints))


def preferences(control: Control, regions: Sequence[str] = (), *, ordered: bool = False) -> dict[str, Any]:
    """Return the operation's preferences, from the environment file."""
    operations = control.clouds.environment.operations
    order = {"RegionOrder": list(regions)} if ordered and regions else {}
    return {
        "RegionConcurrencyType": "SEQUENTIAL" if ordered else "PARALLEL",
        "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
        "MaxConcurrentPercentage": operations.max_concurrent_percent,
        "FailureTolerancePercentage": operations.failure_tolerance_percent,
        **order,
    }


def _pairs(given: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": name, "ParameterValue": text} for name, text in sorted(given.items())]


def _tags(control: Control) -> list[dict[str, str]]:
    environment = control.clouds.environment
    tags = naming.tags(environment.suffix, dict(environment.tags))
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _set(control: Control, template: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    return {
        **control.body(template),
        "Parameters": _pairs(parameters),
        "Capabilities": CAPABILITIES,
        "Tags": _tags(control),
        "ManagedExecution": {"Active": True},
        **ownership(control.clouds),
        **control.calling,
    }


def _create_stackset(control: Control, action: CreateStackSet) -> None:
    """Make the StackSet. One of that name is there when the answer to the same call was lost."""
    control.halt.check()
    client = control.clouds.stacksets()
    with told(control.region, f"creating the StackSet {action.name}"):
        try:
            client.create_stack_set(
                StackSetName=action.name,
                Description=f"disaster recovery environment {control.clouds.environment.suffix}",
                **automatic(control.clouds),
                **_set(control, action.template, action.parameters),
            )
        except client.exceptions.NameAlreadyExistsException:
            control.sink(Said(f"{action.name} is there already"))


def _update_stackset(control: Control, action: UpdateStackSet) -> None:
    client = control.clouds.stacksets()
    account = control.clouds.environment.accounts.workload
    where = {"Regions": list(action.regions), **targets(control.clouds, account)} if action.regions else {}
    call = partial(
        client.update_stack_set,
        StackSetName=action.name,
        OperationPreferences=preferences(control, action.regions, ordered=action.ordered),
        **where,
        **_set(control, action.template, action.parameters),
    )
    _together(control, [partial(stacksets.begin, control, action.name, "UPDATE", action.regions, call)])


def _instances(control: Control, action: _OnInstances) -> Operation:
    """Begin an operation on instances and return it."""
    client = control.clouds.stacksets()
    common: dict[str, Any] = {
        "StackSetName": action.name,
        "Regions": list(action.regions),
        "OperationPreferences": preferences(control),
        **targets(control.clouds, action.account),
        **control.calling,
    }
    if isinstance(action, DeleteInstances):
        call = partial(client.delete_stack_instances, RetainStacks=action.retain, **common)
        return stacksets.begin(control, action.name, "DELETE", action.regions, call)
    overrides = _pairs(action.overrides)
    if isinstance(action, CreateInstances):
        call = partial(client.create_stack_instances, ParameterOverrides=overrides, **common)
        return stacksets.begin(control, action.name, "CREATE", action.regions, call)
    call = partial(client.update_stack_instances, ParameterOverrides=overrides, **common)
    return stacksets.begin(control, action.name, "UPDATE", action.regions, call)


def _delete_stackset(control: Control, action: DeleteStackSet) -> None:
    """Delete the StackSet. An operation that is about to end, or instances that just went, are waited for.

    CloudFormation API Reference, ``DeleteStackSet``: OperationInProgressException, StackSetNotEmptyException.
    """
    client = control.clouds.stacksets()
    waits = {
        "OperationInProgressException": control.paces.busy.waits(),
        "StackSetNotEmptyException": control.paces.settling.waits(),
    }
    while True:
        control.halt.check()
        with told(control.region, f"deleting the StackSet {action.name}"):
            try:
                client.delete_stack_set(StackSetName=action.name, **control.calling)
                return
            except ClientError as error:
                if code(error) == "StackSetNotFoundException":
                    control.sink(Said(f"{action.name} is gone already"))
                    return
                wait = next(waits.get(code(error), iter(())), None)
                if wait is None:
                    raise
        control.halt.wait(wait)


def _create_stack(control: Control, action: CreateStack) -> None:
    plainstacks.create(control, action, _parts(control, action))


def _update_stack(control: Control, action: UpdateStack) -> None:
    plainstacks.update(control, action, _parts(control, action))


def _parts(control: Control, action: CreateStack | UpdateStack) -> dict[str, Any]:
    return {
        **control.body(action.template),
        "Parameters": _pairs(action.parameters),
        "Capabilities": CAPABILITIES,
        "Tags": _tags(control),
    }


def _wait(control: Control, action: Wait) -> None:
    """Follow what others began; how it ended does not matter, since everything is looked at again."""
    joined = stacksets.join(control, action.name, action.operations)
    if joined:
        stacksets.follow(control, joined)
    for account, region, name in action.stacks:
        plainstacks.settle(control, account, region, name)


_ALONE: Mapping[type[Action], Callable[[Control, Any], None]] = {
    CreateStackSet: _create_stackset,
    UpdateStackSet: _update_stackset,
    DeleteStackSet: _delete_stackset,
    CreateStack: _create_stack,
    UpdateStack: _update_stack,
    DeleteStack: plainstacks.delete,
    Wait: _wait,
}
