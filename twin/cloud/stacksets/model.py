"""What a StackSet, an instance, an operation and a result are. They change while operations run."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ADMINISTRATION_ROLE = "AWSCloudFormationStackSetAdministrationRole"
EXECUTION_ROLE = "AWSCloudFormationStackSetExecutionRole"
ENDED = ("SUCCEEDED", "FAILED", "STOPPED")

Place = tuple[str, str]
"""An account and a region."""


def now() -> str:
    """Return the time as the API writes it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Definition:
    """What all instances share. parameters: the StackSet's own values; every one that the template declares."""

    template: str
    parameters: dict[str, str] = field(default_factory=dict)
    capabilities: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    description: str = ""


@dataclass
class Instance:
    """A StackSet's place: the reference to a stack that is there, was there, or was only attempted."""

    account: str
    region: str
    status: str = "OUTDATED"
    detailed: str = "PENDING"
    reason: str = ""
    overrides: dict[str, str] = field(default_factory=dict)
    stack: str = ""
    stack_id: str = ""
    unit: str = ""
    drift: str = "NOT_CHECKED"
    drift_checked: str = ""
    operation: str = ""

    @property
    def place(self) -> Place:
        """Return the account and the region."""
        return self.account, self.region

    def mark(self, status: str, detailed: str, reason: str = "") -> None:
        """Set both statuses, and why."""
        self.status, self.detailed, self.reason = status, detailed, reason


@dataclass
class Result:
    """What an operation did at a place."""

    account: str
    region: str
    status: str = "PENDING"
    reason: str = ""
    unit: str = ""
    gate: str = ""


@dataclass
class Operation:
    """One operation. request: what was asked for, to know a repetition. update: what an UpdateStackSet changes."""

    id: str
    action: str
    request: Mapping[str, str]
    preferences: Mapping[str, Any] = field(default_factory=dict)
    targets: Mapping[str, Any] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    units: Mapping[Place, str] = field(default_factory=dict)
    overrides: Mapping[str, str | None] | None = None
    retain: bool = False
    whole: bool = False
    update: Mapping[str, Any] | None = None
    imported: Mapping[Place, str] = field(default_factory=dict)
    status: str = "QUEUED"
    created: str = field(default_factory=now)
    ended: str = ""
    results: dict[Place, Result] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Tell whether it has ended."""
        return self.status in ENDED

    @property
    def failed(self) -> int:
        """Return at how many places it failed."""
        return sum(1 for each in self.results.values() if each.status == "FAILED")

    def conflicts(self, other: Operation) -> bool:
        """Tell whether the two may not run side by side."""
        return self.update is not None or other.update is not None or bool({*self.places} & {*other.places})


@dataclass
class StackSet:
    """One StackSet. ``account`` and ``region`` are where it lives; operations are in the order of their requests."""

    name: str
    account: str
    region: str
    definition: Definition
    permission_model: str = "SELF_MANAGED"
    administration_role: str = ""
    execution_role: str = ""
    managed: bool = False
    token: str = ""
    request: Mapping[str, str] = field(default_factory=dict)
    status: str = "ACTIVE"
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    instances: dict[Place, Instance] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    drift: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return the unique id."""
        return f"{self.name}:{self.uuid}"

    @property
    def arn(self) -> str:
        """Return the ARN."""
        return f"arn:aws:cloudformation:{self.region}:{self.account}:stackset/{self.id}"

    @property
    def service_managed(self) -> bool:
        """Tell whether StackSets makes the roles itself."""
        return self.permission_model == "SERVICE_MANAGED"

    def unended(self) -> list[Operation]:
        """Return the operations that run or wait, in the order of their requests."""
        return [each for each in self.operations.values() if not each.over]
