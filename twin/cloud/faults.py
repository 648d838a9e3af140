"""Resources that fail because a test asked for it, and how long the emulator works on resources."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twin.cloud.emulator import module
from twin.cloud.settings import SETTINGS
from twin.cloud.traffic import TRAFFIC


class FaultError(Exception):
    """The fault's reason, as a resource's handler would give it."""


@dataclass(frozen=True)
class Act:
    """What is done to which resource; ``idle`` when it changes nothing, which can't fail."""

    when: str
    kind: str
    logical_id: str
    stack: str
    idle: bool = False


def install() -> None:
    """Put the faults before the emulator's create, update and delete of a resource."""
    stacks = module("services.cloudformation.stacks")
    create, update, delete = stacks._provision_resource, stacks._update_resource, stacks._delete_resource

    def provision(kind: str, logical_id: str, properties: Any, stack: str) -> Any:
        return _done(Act("create", kind, logical_id, stack), create, kind, logical_id, properties, stack)

    def change(*given: Any) -> Any:
        kind, _, old, new, stack, logical_id = given[:6]
        when = "update" if _status(stack) == "UPDATE_IN_PROGRESS" else "rollback"
        return _done(Act(when, kind, logical_id, stack, idle=old == new), update, *given)

    def remove(kind: str, physical_id: str, properties: Any, stack: str = "", logical_id: str = "") -> Any:
        return _done(Act("delete", kind, logical_id, stack), delete, kind, physical_id, properties, stack, logical_id)

    stacks._provision_resource, stacks._update_resource, stacks._delete_resource = provision, change, remove


def _done(act: Act, work: Callable[..., Any], *given: Any) -> Any:
    """Do the work on a resource and count its time, or fail as a fault says."""
    responses = module("core.responses")
    reason = "" if act.idle else SETTINGS.strike(
        type=act.kind,
        logical_id=act.logical_id,
        stack=act.stack,
        region=responses.get_region(),
        account=responses.get_account_id(),
        when=act.when,
    )  # fmt: skip
    if reason:
        raise FaultError(reason)
    begun = time.perf_counter()
    try:
        return work(*given)
    finally:
        TRAFFIC.resources += time.perf_counter() - begun


def _status(stack_name: str) -> str:
    return str((module("services.cloudformation")._stacks.get(stack_name) or {}).get("StackStatus", ""))
