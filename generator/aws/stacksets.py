"""Operations on StackSets: begun once however often the call is repeated, joined, followed, stopped.

An operation carries an id of ours, so a call whose answer was lost can be sent again: the service then says that
it knows the id, which means that it was accepted (CloudFormation API Reference, ``CreateStackInstances``,
OperationId). With ManagedExecution operations that are in each other's way wait in a queue (same reference,
``ManagedExecution``); a StackSet that someone switched it off for refuses them instead, and is waited for.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from botocore.exceptions import ClientError

from generator.aws.control import Control, Operation
from generator.aws.errors import code, told
from generator.aws.events import OperationBegan, OperationEnded, OperationMoved, Said
from generator.aws.watching import Watcher
from generator.errors import CloudError

ENDED = frozenset({"SUCCEEDED", "FAILED", "STOPPED"})
_KNOWN = "OperationIdAlreadyExistsException"
_STALE = "StaleRequestException"
"""Another operation was accepted since the one of this id (CloudFormation API Reference, ``CreateStackInstances``,
Errors): ours was the first of the two, if it is listed, and its answer was lost."""
_BUSY = frozenset({"OperationInProgressException", _STALE})
_NOT_THERE = frozenset({"OperationNotFoundException", "StackSetNotFoundException"})


@dataclass(frozen=True)
class Outcome:
    """How an operation ended: its status, and when the service says that it was begun."""

    operation: Operation
    status: str
    begun: datetime


def begin(
    control: Control, stackset: str, action: str, regions: Sequence[str], call: Callable[..., Mapping[str, Any]]
) -> Operation:
    """Begin an operation and return it; ``call`` is the client's method with everything but the OperationId.

    Raises HaltedError when it was asked to stop, CloudError when the service refuses.
    """
    control.halt.check()
    operation = Operation(stackset, str(uuid.uuid4()), action, tuple(regions))
    control.running.add(operation)
    try:
        given = _accepted(control, operation, call)
    except BaseException:
        control.running.remove(operation)
        raise
    if given != operation.id:  # moto gives ids of its own
        control.running.remove(operation)
        operation = Operation(stackset, given, action, tuple(regions))
        control.running.add(operation)
    control.sink(OperationBegan(stackset, operation.id, action, operation.regions))
    return operation


def _accepted(control: Control, operation: Operation, call: Callable[..., Mapping[str, Any]]) -> str:
    said = False
    for wait in chain([0.0], control.paces.busy.waits()):
        control.halt.wait(wait)
        with told(control.region, f"beginning the {operation.action} of {operation.stackset}"):
            try:
                return str(call(OperationId=operation.id).get("OperationId") or operation.id)
            except ClientError as error:
                stale = code(error) == _STALE
                if code(error) == _KNOWN or (stale and _states(control, operation.stackset, (operation.id,))):
                    return operation.id
                if code(error) not in _BUSY:
                    raise
        if not said:
            control.sink(Said(f"{operation.stackset} is busy with another operation: waiting for it"))
            said = True
    raise CloudError(
        f"{operation.stackset} was busy with another operation for {control.paces.busy.bound:.0f} s",
        hint=f"python -m generator stop names it and stops it; then: {operation.action} goes on with deploy",
    )


def join(control: Control, stackset: str, operations: Iterable[str]) -> tuple[Operation, ...]:
    """Return operations that someone else began as ours to follow."""
    joined = tuple(Operation(stackset, each, "JOINED") for each in operations)
    for each in joined:
        control.sink(OperationBegan(stackset, each.id, each.action, (), joined=True))
    return joined


def follow(control: Control, operations: Sequence[Operation]) -> tuple[Outcome, ...]:
    """Return how the operations (of one StackSet) ended, as soon as all have.

    One is described by itself, several are listed with one call. Raises HaltedError when it was asked to stop, and
    CloudError when they have not ended within the bound.
    """
    stackset = operations[0].stackset
    open_ = {each.id: each for each in operations}
    last: dict[str, str] = {}
    ended: dict[str, Outcome] = {}
    start = time.monotonic()
    watcher = Watcher(control, stackset, sorted({region for each in operations for region in each.regions}))
    for wait in control.paces.operations.waits():
        control.halt.wait(wait)
        for identity, told_ in _states(control, stackset, tuple(open_)).items():
            status, begun = str(told_["Status"]), _moment(told_)
            if last.get(identity) != status:
                control.sink(OperationMoved(stackset, identity, status))
                last[identity] = status
            watcher.since(begun)
            if status in ENDED:
                operation = open_.pop(identity)
                control.running.remove(operation)
                control.sink(OperationEnded(stackset, identity, status, time.monotonic() - start))
                ended[identity] = Outcome(operation, status, begun)
        if control.watch:
            watcher.look(last=not open_)
        if not open_:
            return tuple(ended[each.id] for each in operations)
    raise CloudError(
        f"the operation {', '.join(open_)} on {stackset} has not ended within {control.paces.operations.bound:.0f} s",
        hint="it goes on by itself: deploy again joins it, python -m generator stop stops it",
    )


def _states(control: Control, stackset: str, wanted: tuple[str, ...]) -> dict[str, Mapping[str, Any]]:
    """Return what the service says of the operations; of those that it does not show yet, nothing."""
    client = control.clouds.stacksets()
    with told(control.region, f"following {', '.join(wanted)} on {stackset}"):
        try:
            if len(wanted) == 1:
                found = client.describe_stack_set_operation(
                    StackSetName=stackset, OperationId=wanted[0], **control.calling
                )["StackSetOperation"]
                return {wanted[0]: found}
            pages = client.get_paginator("list_stack_set_operations").paginate(StackSetName=stackset, **control.calling)
            states: dict[str, Mapping[str, Any]] = {}
            for page in pages:
                states |= {each["OperationId"]: each for each in page["Summaries"] if each["OperationId"] in wanted}
                if len(states) == len(wanted):
                    break
        except ClientError as error:
            if code(error) not in _NOT_THERE:
                raise
            return {}  # accepted, and not shown everywhere yet
    return states


def _moment(described: Mapping[str, Any]) -> datetime:
    moment = described.get("CreationTimestamp")
    return moment if isinstance(moment, datetime) else datetime.now(UTC)


def stop(control: Control, operation: Operation) -> bool:
    """Stop the operation; tell whether there was something to stop (``StopStackSetOperation``)."""
    with told(control.region, f"stopping {operation.id} on {operation.stackset}"):
        try:
            control.clouds.stacksets().stop_stack_set_operation(
                StackSetName=operation.stackset, OperationId=operation.id, **control.calling
            )
        except ClientError as error:
            if code(error) in {*_NOT_THERE, "InvalidOperationException", "InvalidOperation"}:
                return False
            raise
    return True
