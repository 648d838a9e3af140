"""What happens while the cloud is changed, as plain data for whoever shows it: a terminal, a log, a program.

The executor says what it does through a :data:`Sink` and prints nothing. Sinks are called from several threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Event:
    """Something that happened. ``kind`` is its name in JSON."""

    @property
    def kind(self) -> str:
        """Return the event's name, such as ``operation-ended``."""
        name = type(self).__name__
        return "".join(f"-{each.lower()}" if each.isupper() else each for each in name).lstrip("-")


@dataclass(frozen=True)
class Said(Event):
    """A sentence for people. level: fine, hint, warning, or nothing."""

    text: str
    level: str = ""


@dataclass(frozen=True)
class Looked(Event):
    """The cloud was looked at. active: the region of the writer, empty when nobody knows."""

    account: str
    stacksets: int
    active: str
    dark: tuple[str, ...] = ()


@dataclass(frozen=True)
class WaveBegan(Event):
    """A wave of works begins; ``number`` counts from one."""

    number: int
    of: int
    works: tuple[str, ...]


@dataclass(frozen=True)
class WorkBegan(Event):
    """A work has something to do: the sentences say what."""

    work: str
    stack: str
    regions: tuple[str, ...]
    doing: tuple[str, ...] = ()


@dataclass(frozen=True)
class WorkEnded(Event):
    """A work is done; seconds: how long it took. changed: whether it had anything to do."""

    work: str
    changed: bool
    seconds: float = 0.0


@dataclass(frozen=True)
class OperationBegan(Event):
    """A StackSet operation, or one on a plain stack (then ``operation`` is empty), was begun or joined."""

    stackset: str
    operation: str
    action: str
    regions: tuple[str, ...]
    joined: bool = False


@dataclass(frozen=True)
class OperationMoved(Event):
    """An operation has another status than before."""

    stackset: str
    operation: str
    status: str


@dataclass(frozen=True)
class ResourceMoved(Event):
    """A resource of a stack has another status, as CloudFormation's stack events say."""

    stackset: str
    region: str
    resource: str
    type: str
    status: str
    reason: str = ""


@dataclass(frozen=True)
class OperationEnded(Event):
    """An operation came to its end; seconds: since it was begun or joined."""

    stackset: str
    operation: str
    status: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Uploaded(Event):
    """A file was put into a bucket; size in bytes."""

    region: str
    bucket: str
    key: str
    size: int


@dataclass(frozen=True)
class Fault(Event):
    """What failed: which resource of which stack, where, CloudFormation's reason, and what to do about it."""

    stackset: str
    region: str
    resource: str
    type: str
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        """Return the fault in one line."""
        what = f"{self.resource} ({self.type}) of {self.stackset}" if self.resource else self.stackset
        return f"{what} in {self.region}: {self.reason}"


@dataclass(frozen=True)
class Checked(Event):
    """Something that CloudFormation does not check: what it is about, and the problem; none when it is well.

    failing: whether the deployment is not good with it, or it only has to be told.
    """

    about: str
    problem: str = ""
    hint: str = ""
    failing: bool = False


Sink = Callable[[Event], None]
"""Takes the events, from any thread."""


def silent(_event: Event) -> None:
    """Take an event and show nothing."""


def plain(event: Event) -> Mapping[str, Any]:
    """Return the event as a mapping for JSON, its name first."""
    return {"event": event.kind, **{each.name: getattr(event, each.name) for each in fields(event)}}
