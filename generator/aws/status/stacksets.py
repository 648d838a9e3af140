"""The environment's StackSets as they list their own instances: current, outdated or inoperable."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from generator import naming
from generator.aws.status.bounded import ask_all
from generator.aws.status.report import StackInstance, StackSets

_RUNNING = ("RUNNING", "STOPPING", "QUEUED")
_AT_ONCE = 8
"""CloudFormation throttles those who list much at a time; the clients wait and ask again."""


def read_stacksets(client: Any, suffix: str, calling: Mapping[str, str], seconds: float) -> StackSets:
    """Return the StackSets of the environment. Raises botocore's errors, and TimeoutError after ``seconds``.

    calling: whose StackSets they are, as :func:`generator.aws.access.call_as` says it.
    """
    until = time.monotonic() + seconds
    prefix = naming.STACKSET.of(suffix=suffix) + "-"
    pages = client.get_paginator("list_stack_sets").paginate(Status="ACTIVE", **calling)
    names = tuple(
        sorted(
            each["StackSetName"] for page in pages for each in page["Summaries"]
            if each["StackSetName"].startswith(prefix)
        )
    )  # fmt: skip
    found = ask_all({name: partial(_one, client, name, calling) for name in names}, until, at_once=_AT_ONCE)
    instances: list[StackInstance] = []
    busy: list[str] = []
    for name in names:
        outcome = found[name]
        if outcome.error is not None:
            raise outcome.error
        if outcome.answer is None:
            raise TimeoutError(f"no answer about {name} in time")
        instances += outcome.answer[0]
        busy += outcome.answer[1]
    return StackSets(names, tuple(instances), tuple(busy))


def _one(client: Any, name: str, calling: Mapping[str, str]) -> tuple[list[StackInstance], list[str]]:
    pages = client.get_paginator("list_stack_instances").paginate(StackSetName=name, **calling)
    instances = [
        StackInstance(
            name,
            each["Account"],
            each["Region"],
            each["Status"],
            each.get("DriftStatus", ""),
            each.get("StatusReason", ""),
        )
        for page in pages
        for each in page["Summaries"]
    ]
    operations = client.list_stack_set_operations(StackSetName=name, **calling, MaxResults=5)["Summaries"]
    busy = [
        f"{name}: {each['Action'].lower()} {each['Status'].lower()}"
        for each in operations
        if each["Status"] in _RUNNING
    ]
    return instances, busy
