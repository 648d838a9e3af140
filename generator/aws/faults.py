"""Why something failed: the resource, the region, CloudFormation's own reason, and what people do about it.

A failed stack is full of consequences: resources that were cancelled because another one failed, and the rollback
of all. The cause is the first event that failed by itself (CloudFormation User Guide, "Troubleshooting
CloudFormation").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from generator.aws.control import Control
from generator.aws.events import Fault
from generator.aws.stacksets import Outcome
from generator.aws.watching import resource_events, stack_ids
from generator.errors import CloudError
from generator.plan.model import SeenStack

_CONSEQUENCE = re.compile(r"(creation|update|deletion|delete) cancelled|following resource\(s\) failed", re.IGNORECASE)
_FAILED = frozenset({"CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED", "IMPORT_FAILED"})
NOT_SETTLED = re.compile(
    r"should have '[^']*' role with trust relationship|not authorized to perform: sts:AssumeRole"
    r"|cannot be assumed|role .* does not exist or cannot be assumed",
    re.IGNORECASE,
)
"""What StackSets says while a role is not known everywhere yet (CloudFormation User Guide, "Troubleshooting
StackSets"; IAM is eventually consistent: IAM User Guide, "Troubleshoot IAM")."""

HINTS = (
    (NOT_SETTLED.pattern, "the roles of StackSets are missing, or not known everywhere yet: deploy again"),
    (r"already exists", "something of that name is there and no stack owns it: look at it, then rename or remove it"),
    (r"not authorized|access ?denied|accessdenied", "a right is missing; docs/deploying.md lists what is needed"),
    (r"limit ?exceeded|quota|maximum number of", "raise the quota in that region (Service Quotas), then deploy again"),
    (r"rate exceeded|throttl", "AWS asked to be called less often: deploy again"),
    (r"not (?:supported|available|offered) in|insufficient.*capacity|cannot find version", "choose another instance"
     " class, engine version or zone for that region in the environment file"),
    (r"stack policy", "the stack policy protects data; if it is meant, deploy again with --replace-data"),
    (r"opt.?in|not enabled for|InvalidClientTokenId|security token .* invalid", "enable the region for the account"
     " (Account settings, AWS Regions), and name it under opted_in"),
    (r"delegation set|hosted zone .* not", "look at dns in the environment file: is zone_id the right zone?"),
    (r"time(?:d)? ?out|did not stabilize", "it took too long: look at the resource, then deploy again"),
)  # fmt: skip


class DeployError(CloudError):
    """Something failed; ``faults`` say what and where."""

    def __init__(self, message: str, *, faults: Iterable[Fault] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.faults = tuple(faults)


def hint_for(reason: str) -> str:
    """Return what to do about a reason; empty when nothing is known about it."""
    return next((hint for pattern, hint in HINTS if re.search(pattern, reason, re.IGNORECASE)), "")


def of_operation(control: Control, outcome: Outcome) -> tuple[Fault, ...]:
    """Return what failed in an operation that did not succeed, one fault for each account and region."""
    name = outcome.operation.stackset
    client = control.clouds.stacksets()
    try:
        pages = client.get_paginator("list_stack_set_operation_results").paginate(
            StackSetName=name, OperationId=outcome.operation.id, **control.calling
        )
        failed = [each for page in pages for each in page["Summaries"] if each["Status"] == "FAILED"]
        stacks = stack_ids(control, name) if failed else {}
    except (ClientError, BotoCoreError) as error:
        return (_fault(name, control.region, {}, f"the operation is {outcome.status}, and its results: {error}"),)
    found = tuple(_of_instance(control, outcome, each, stacks) for each in failed)
    if found or outcome.status == "SUCCEEDED":  # failures within the tolerance are failures all the same
        return found
    return (_fault(name, ", ".join(outcome.operation.regions), {}, f"the operation is {outcome.status}"),)


def _of_instance(
    control: Control, outcome: Outcome, result: Mapping[str, Any], stacks: Mapping[tuple[str, str], str]
) -> Fault:
    account, region = result["Account"], result["Region"]
    said = str(result.get("StatusReason", "no reason was given"))
    stack = stacks.get((account, region), "")
    event = _cause(control, account, region, stack, outcome) if stack else None
    return _fault(outcome.operation.stackset, region, event or {}, said)


def _cause(control: Control, account: str, region: str, stack: str, outcome: Outcome) -> Mapping[str, Any] | None:
    try:
        newest_first = list(resource_events(control, account, region, stack, outcome.begun))
    except (ClientError, BotoCoreError):
        return None
    return cause(newest_first)


def cause(newest_first: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the first event, in time, that failed by itself; a resource's rather than the stack's own."""
    failed = [
        event
        for event in newest_first
        if event.get("ResourceStatus") in _FAILED and not _CONSEQUENCE.search(event.get("ResourceStatusReason", ""))
    ]
    resources = [event for event in failed if event.get("PhysicalResourceId") != event.get("StackId")]
    chosen = resources or failed
    return chosen[-1] if chosen else None


def _fault(stackset: str, region: str, event: Mapping[str, Any], said: str) -> Fault:
    reason = str(event.get("ResourceStatusReason", "") or said)
    return Fault(
        stackset,
        region,
        str(event.get("LogicalResourceId", "")),
        str(event.get("ResourceType", "")),
        reason,
        hint_for(reason),
    )


def of_stack(control: Control, stack: SeenStack) -> Fault:
    """Return why a plain stack failed."""
    try:
        event = cause(list(resource_events(control, stack.account, stack.region, stack.id, None)))
    except (ClientError, BotoCoreError):
        event = None
    return _fault(stack.name, stack.region, event or {}, stack.reason or f"it is {stack.status}")
