"""What everything that changes the cloud is given: where, how patiently, whom to tell, and when to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.aws.clients import Clouds
from generator.aws.events import Sink, silent
from generator.aws.paces import LOCAL, Halt, Paces


@dataclass(frozen=True)
class Operation:
    """A StackSet operation: of which set, its id, what it does, and to which regions."""

    stackset: str
    id: str
    action: str
    regions: tuple[str, ...] = ()


class Running:
    """The operations that were begun and have not been seen to end. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._there: dict[str, Operation] = {}

    def add(self, operation: Operation) -> None:
        """Remember the operation. This comes before the call that begins it, whose answer may be lost."""
        with self._lock:
            self._there[operation.id] = operation

    def remove(self, operation: Operation) -> None:
        """Forget the operation: it has ended, or was never accepted."""
        with self._lock:
            self._there.pop(operation.id, None)

    @property
    def left(self) -> tuple[Operation, ...]:
        """Return those that may still be running."""
        with self._lock:
            return tuple(self._there.values())


def inline(template: str) -> Mapping[str, str]:
    """Return how a template is handed over when it is small enough for the call's own body."""
    return {"TemplateBody": template}


@dataclass
class Control:
    """What an executor works with.

    calling: ``CallAs``, where needed. body: how a template is handed over. watch: whether the resources' own events
    are asked for while an operation runs; after a failure they always are.
    """

    clouds: Clouds
    sink: Sink = silent
    calling: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[str], Mapping[str, Any]] = inline
    watch: bool = False
    halt: Halt = field(default_factory=Halt)
    paces: Paces = field(default_factory=Paces)
    running: Running = field(default_factory=Running)

    @property
    def region(self) -> str:
        """Return the region that the StackSets live in."""
        return self.clouds.environment.dns_region


def paces_of(clouds: Clouds) -> Paces:
    """Return how often to ask: a cloud on this machine is asked more often."""
    return LOCAL if clouds.local else Paces()
