"""Stack policies, which the emulator keeps and does not enforce; and two refusals of stacks that it leaves out.

CloudFormation User Guide, "Prevent updates to stack resources": a policy denies Update:Modify, Update:Replace and
Update:Delete by logical id or ResourceType; what no statement allows is denied once there is a policy; a policy
given with UpdateStack replaces it for that update. The event of a denied resource says "Action denied by stack
policy: Statement [#1] does not allow [Update:Replace] for resource [LogicalResourceId/Name]".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from twin.cloud.emulator import module
from twin.cloud.resources import schemas

DURING = "_stack_policy_during_update"


def denial(policy: str, action: str, logical_id: str, kind: str) -> str:
    """Return why the policy denies ``action`` (such as Update:Replace) on the resource; empty when it does not."""
    if not policy:
        return ""
    resource = f"LogicalResourceId/{logical_id}"
    statements = json.loads(policy).get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    met = [(number, each) for number, each in enumerate(listed, 1) if _met(each, action, resource, kind)]
    denying = [number for number, each in met if each.get("Effect") == "Deny"]
    if denying:
        statement = f"Statement [#{denying[0]}]"
        return f"Action denied by stack policy: {statement} does not allow [{action}] for resource [{resource}]"
    if not met:
        return f"Action not allowed by stack policy: no statement allows [{action}] for resource [{resource}]"
    return ""


def action_of(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return the policy's word for a change of properties: the emulator's tables know, or the type's schema does."""
    provisioners = module("services.cloudformation.provisioners")
    replaced = provisioners._replacing_change(kind, old, new)
    named = provisioners._custom_named_replacement_error(kind, dict(old), dict(new))
    return "Update:Replace" if replaced or named or schemas.replaces(kind, old, new) else "Update:Modify"


def install() -> None:
    """Have updates of stacks heed their policies."""
    stacks = module("services.cloudformation.stacks")
    handlers = module("services.cloudformation.handlers")
    stacks._update_resource = _guarded(stacks._update_resource)
    deploy = _checked_for_removals(stacks._deploy_stack_async)
    for place in (stacks, handlers, module("services.cloudformation.changesets")):
        place._deploy_stack_async = deploy
    handlers._capabilities_enforced = lambda: True
    handlers._ACTION_HANDLERS["UpdateStack"] = _with_temporary_policy(handlers._ACTION_HANDLERS["UpdateStack"])
    handlers._ACTION_HANDLERS["CreateStack"] = _without_rolled_back(handlers._ACTION_HANDLERS["CreateStack"])


def _guarded(update: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*given: Any) -> Any:
        kind, _, old, new, stack_name, logical_id = given[:6]
        stack = module("services.cloudformation")._stacks.get(stack_name) or {}
        if old != new and stack.get("StackStatus") == "UPDATE_IN_PROGRESS":
            denied = denial(_policy(stack), action_of(kind, old, new), logical_id, kind)
            if denied:
                raise ValueError(denied)
        return update(*given)

    return guarded


def _checked_for_removals(deploy: Callable[..., Any]) -> Callable[..., Any]:
    async def checked(stack_name: str, stack_id: str, template: dict[str, Any], *rest: Any, **named: Any) -> None:
        stack = module("services.cloudformation")._stacks[stack_name]
        previous = named.get("previous_stack") or {}
        gone = previous.get("_resources", {}).keys() - template.get("Resources", {}).keys()
        for logical_id in sorted(gone) if named.get("is_update") else ():
            kind = previous["_resources"][logical_id]["ResourceType"]
            denied = denial(_policy(stack), "Update:Delete", logical_id, kind)
            if denied:
                stacks = module("services.cloudformation.stacks")
                stacks._add_event(stack_id, stack_name, logical_id, kind, "UPDATE_FAILED", denied)
                await _roll_back(stack, template, previous, logical_id)
                return
        await deploy(stack_name, stack_id, template, *rest, **named)

    return checked


async def _roll_back(stack: dict[str, Any], template: Any, previous: dict[str, Any], logical_id: str) -> None:
    """End an update before it has begun: the resource of that id may not be removed."""
    stacks = module("services.cloudformation.stacks")
    tags, tags_before = stack.get("Tags") or [], previous.get("Tags") or []
    operation = stacks._failed_operation(
        True, previous, [], None, logical_id, [], False, template, stack["_resolved_params"], False, tags, tags_before
    )
    await stacks._roll_back_operation(stack["StackName"], stack["StackId"], stack, operation)


def _with_temporary_policy(update: Callable[..., Any]) -> Callable[..., Any]:
    def updated(parameters: dict[str, Any]) -> Any:
        helpers = module("services.cloudformation.helpers")
        policy, refused = helpers._resolve_document(
            parameters, "StackPolicyDuringUpdateBody", "StackPolicyDuringUpdateURL", "Stack policy"
        )
        if refused:
            return refused
        stack = module("services.cloudformation.handlers")._resolve_stack(helpers._p(parameters, "StackName"))
        if stack is not None:
            stack[DURING] = policy or ""
        return update(parameters)

    return updated


def _without_rolled_back(create: Callable[..., Any]) -> Callable[..., Any]:
    def created(parameters: dict[str, Any]) -> Any:
        """Refuse the name of a stack whose creation failed: only its deletion frees it ("Stack status codes")."""
        helpers = module("services.cloudformation.helpers")
        name = helpers._p(parameters, "StackName")
        there = module("services.cloudformation")._stacks.get(name) or {}
        if there.get("StackStatus") == "ROLLBACK_COMPLETE":
            return helpers._error("AlreadyExistsException", f"Stack [{name}] already exists")
        return create(parameters)

    return created


def _policy(stack: Mapping[str, Any]) -> str:
    return str(stack.get(DURING) or stack.get("_stack_policy") or "")


def _met(statement: Mapping[str, Any], action: str, resource: str, kind: str) -> bool:
    """Tell whether a statement is about the action, the resource and its type."""
    about = _any(statement.get("Action"), action) if "Action" in statement else not _any(statement["NotAction"], action)
    if "NotResource" in statement:
        at = not _any(statement["NotResource"], resource)
    else:
        at = _any(statement.get("Resource", []), resource)
    conditions = dict(statement.get("Condition") or {})
    typed = all(_any(keys.get("ResourceType", "*"), kind) for keys in conditions.values())
    return about and at and typed


def _any(patterns: Any, text: str) -> bool:
    listed = patterns if isinstance(patterns, list) else [patterns]
    return any(fnmatchcase(text.lower(), str(pattern).lower()) for pattern in listed)
