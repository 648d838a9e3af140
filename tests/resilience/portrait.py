"""What a deployment left behind, so that two can be compared: without accounts, suffixes and made-up ids."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from generator.aws import observe
from generator.aws.clients import Clouds
from generator.config import Environment
from generator.plan.model import Seen, SeenStack

_MADE_UP = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{8,40}\b|\bZ[A-Z0-9]{12,}\b"
    r"|\b[A-Z0-9]{16,26}\b"
)
_COMPLETE = re.compile(r"^(CREATE|UPDATE)_COMPLETE$")

Ledger = dict[str, int]


@dataclass(frozen=True)
class Portrait:
    """stacks: status, parameters and outputs by stack. stacksets: their own settings. ledger: operations by what they
    did where, and how that ended. removals: resources that were deleted, or replaced.
    """

    stacks: dict[str, Any]
    stacksets: dict[str, Any]
    ledger: Ledger
    removals: tuple[str, ...]


def portrait(clouds: Clouds) -> Portrait:
    """Return the environment's portrait."""
    wanted = clouds.environment
    seen = observe.seen(wanted, clouds)
    drawn: dict[str, Any] = {"stacks": _stacks(seen), "stacksets": _stacksets(seen)}
    shown = json.loads(_masked(json.dumps(drawn, sort_keys=True), wanted))
    return Portrait(shown["stacks"], shown["stacksets"], ledger(clouds, seen), removals(clouds, seen))


def _every(seen: Seen) -> dict[str, SeenStack | None]:
    found: dict[str, SeenStack | None] = {f"{account} {name}": each for (account, name), each in seen.plain.items()}
    for stackset in seen.stacksets.values():
        found |= {f"{each.account} {each.region} {stackset.name}": each.stack for each in stackset.instances}
    return found


def _stacks(seen: Seen) -> dict[str, Any]:
    return {
        name: each and {
            "status": _COMPLETE.sub("COMPLETE", each.status), "parameters": dict(each.parameters),
            "outputs": dict(each.outputs), "tags": dict(each.tags), "protected": each.protected,
        }
        for name, each in _every(seen).items()
    }  # fmt: skip


def _stacksets(seen: Seen) -> dict[str, Any]:
    return {
        each.name: {
            "template": each.template, "parameters": dict(each.parameters), "tags": dict(each.tags),
            "model": each.permission_model, "managed": each.managed_execution,
            "instances": sorted(f"{one.account} {one.region} {one.status}" for one in each.instances),
            "operations": [one.status for one in each.operations],
        }
        for each in seen.stacksets.values()
    }  # fmt: skip


def _masked(text: str, wanted: Environment) -> str:
    """Number made-up ids in the order in which they appear: the same one is the same everywhere."""
    text = text.replace(wanted.accounts.workload, "ACCOUNT").replace(wanted.accounts.administration, "ADMIN")
    text = re.sub(rf"\b{re.escape(wanted.suffix)}\b", "SUFFIX", text)
    numbers: dict[str, str] = {}
    return _MADE_UP.sub(lambda found: numbers.setdefault(found[0], f"id{len(numbers)}"), text)


def ledger(clouds: Clouds, seen: Seen | None = None) -> Ledger:
    """Return how often each StackSet's instances were operated on: ``keys CREATE eu-west-1 SUCCEEDED`` → 1."""
    seen = seen or observe.seen(clouds.environment, clouds)
    client, count = clouds.stacksets(), Counter[str]()
    calling = {"CallAs": "SELF"} if clouds.environment.permission_model == "service-managed" else {}
    prefix = f"dr-{clouds.environment.suffix}-"
    for name in seen.stacksets:
        for page in client.get_paginator("list_stack_set_operations").paginate(StackSetName=name, **calling):
            for each in page["Summaries"]:
                results = client.list_stack_set_operation_results(
                    StackSetName=name, OperationId=each["OperationId"], **calling
                )["Summaries"]
                words = (f"{each['Action']} {one['Region']} {one['Status']}" for one in results)
                count.update(f"{name.removeprefix(prefix)} {word}" for word in words)
    return dict(count)


def removals(clouds: Clouds, seen: Seen | None = None) -> tuple[str, ...]:
    """Return the resources of the stacks that were ever deleted, or that had more than one physical id."""
    seen = seen or observe.seen(clouds.environment, clouds)
    found = []
    for name, stack in _every(seen).items():
        if stack is None or not stack.status:
            found.append(f"{name} is gone")
            continue
        client = clouds.client("cloudformation", stack.region, stack.account)
        ids: dict[str, set[str]] = {}
        for page in client.get_paginator("describe_stack_events").paginate(StackName=stack.id):
            for event in page["StackEvents"]:
                if event["ResourceStatus"].startswith("DELETE"):
                    found.append(f"{name} {event['LogicalResourceId']} {event['ResourceStatus']}")
                if event.get("PhysicalResourceId") and event["ResourceStatus"].endswith("_COMPLETE"):
                    ids.setdefault(event["LogicalResourceId"], set()).add(event["PhysicalResourceId"])
        found += [f"{name} {title} was replaced" for title, those in ids.items() if len(those) > 1]
    return tuple(sorted(set(found)))
