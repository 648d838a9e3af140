"""Which operation runs, which waits, and which is refused.

API Reference, "ManagedExecution"; the reading of its note is in the package's docstring.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from twin.cloud.stacksets import runner
from twin.cloud.stacksets.model import Operation, StackSet
from twin.cloud.stacksets.preferences import check
from twin.cloud.stacksets.refusal import RefusalError, busy
from twin.cloud.stacksets.wire import Request


def repeated(stackset: StackSet, request: Request) -> str:
    """Return the operation's id when the request repeats one that there was, else the empty text.

    API Reference, OperationId: "functions as an idempotency token". Raises :class:`RefusalError` when that id
    stands for another request, or another operation was performed since.
    """
    identity = request.text("OperationId")
    known = stackset.operations.get(identity)
    if known is None:
        return ""
    if known.request != {**request.without(), "Action": request.text("Action")}:
        raise RefusalError("OperationIdAlreadyExistsException", f"Operation with id {identity} already exists")
    if list(stackset.operations)[-1] != identity:
        raise RefusalError("StaleRequestException", f"another operation was performed since operation {identity}")
    return identity


def check_free(stackset: StackSet) -> None:
    """Refuse an operation while another one runs, unless they are managed."""
    if not stackset.managed and stackset.unended():
        raise busy(stackset.arn)


def begin(stackset: StackSet, request: Request, action: str, **details: Any) -> str:
    """Enter an operation, start it if it may run, and return its id."""
    check_free(stackset)
    preferences: Mapping[str, Any] = request.preferences()
    check(preferences)
    operation = Operation(
        id=request.text("OperationId") or str(uuid.uuid4()),
        action=action,
        request={**request.without(), "Action": request.text("Action")},
        preferences=preferences,
        targets=request.targets(),
        **details,
    )
    waits = bool(stackset.unended())
    stackset.operations[operation.id] = operation
    if not waits:
        _start(stackset, operation)
    return operation.id


def advance(stackset: StackSet) -> None:
    """Start the operations that need not wait any longer."""
    ahead: list[Operation] = []
    for operation in stackset.unended():
        if operation.status == "QUEUED" and not any(operation.conflicts(other) for other in ahead):
            _start(stackset, operation)
        ahead.append(operation)


def _start(stackset: StackSet, operation: Operation) -> None:
    runner.start(stackset, operation, lambda: advance(stackset))
