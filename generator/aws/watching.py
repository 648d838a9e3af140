"""The resources' own events, while an operation runs and when it has failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from generator.aws.control import Control
from generator.aws.events import ResourceMoved

_EVERY = 2
"""Resource events are asked for at every second look at an operation: they are many calls, and for the eye only."""


def stack_ids(control: Control, stackset: str) -> dict[tuple[str, str], str]:
    """Return the ids of the stacks behind a StackSet, by account and region."""
    client = control.clouds.stacksets()
    pages = client.get_paginator("list_stack_instances").paginate(StackSetName=stackset, **control.calling)
    return {
        (each["Account"], each["Region"]): each["StackId"]
        for page in pages
        for each in page["Summaries"]
        if each.get("StackId")
    }


def resource_events(
    control: Control, account: str, region: str, stack: str, since: datetime | None
) -> Iterator[Mapping[str, Any]]:
    """Yield a stack's events from ``since`` on, the newest first (``DescribeStackEvents``)."""
    client = control.clouds.client("cloudformation", region, account)
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack):
        for event in page["StackEvents"]:
            if since is not None and event["Timestamp"] < since:
                return
            yield event


class Watcher:
    """Tells the sink what the resources of an operation's stacks do. Never fails: it is for the eye."""

    def __init__(self, control: Control, stackset: str, regions: Iterable[str]) -> None:
        self._control = control
        self._stackset = stackset
        self._regions = frozenset(regions)
        self._since: datetime | None = None
        self._told: set[str] = set()
        self._stacks: dict[tuple[str, str], str] = {}
        self._looks = 0

    def since(self, moment: datetime) -> None:
        """Tell when the operation began: what happened before is another's."""
        self._since = moment if self._since is None else min(self._since, moment)

    def look(self, *, last: bool = False) -> None:
        """Ask for events and pass on the new ones; ``last``: at the end, all of them."""
        self._looks += 1
        if self._since is None or (self._looks % _EVERY and not last):
            return
        try:
            if not {region for _, region in self._stacks} >= self._regions:
                self._stacks = stack_ids(self._control, self._stackset)
            for (account, region), stack in self._stacks.items():
                if region in self._regions:
                    self._pass_on(account, region, stack)
        except (ClientError, BotoCoreError):
            return

    def _pass_on(self, account: str, region: str, stack: str) -> None:
        new = []
        for event in resource_events(self._control, account, region, stack, self._since):
            if event["EventId"] in self._told:
                break
            new.append(event)
        for event in reversed(new):
            self._told.add(event["EventId"])
            self._control.sink(
                ResourceMoved(
                    self._stackset,
                    region,
                    event["LogicalResourceId"],
                    event.get("ResourceType", ""),
                    event.get("ResourceStatus", ""),
                    event.get("ResourceStatusReason", ""),
                )
            )
