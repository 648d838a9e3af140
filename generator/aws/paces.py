"""How often something is asked for while it is waited for, and for how long at most."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from generator.errors import CloudError, Exit


class HaltedError(CloudError):
    """The work was asked to stop before it was done."""

    exit = Exit.INTERRUPTED


@dataclass(frozen=True)
class Pace:
    """Seconds until the first look, the factor by which each wait grows, the longest wait, and the bound of all."""

    first: float
    factor: float
    longest: float
    bound: float

    def waits(self) -> Iterator[float]:
        """Yield the seconds to wait before each look, until the bound is used up."""
        wait, used = self.first, 0.0
        while used < self.bound:
            yield wait
            used += wait
            wait = min(wait * self.factor, self.longest)


@dataclass(frozen=True)
class Paces:
    """Every pace of a deployment, in seconds.

    operations: a StackSet operation or a plain stack. A database takes half an hour, an instance in each region in
    order takes hours, so the bound is generous: it is there against a service that never answers. settling: until
    what was just made can be used (a role by StackSets, a name that was just deleted). functions: until a
    function that slept is awake (Lambda Developer Guide, "Lambda function states"). busy: someone else's operation.
    """

    operations: Pace = Pace(2.0, 1.4, 15.0, 6 * 3600.0)
    settling: Pace = Pace(5.0, 1.3, 15.0, 120.0)
    functions: Pace = Pace(2.0, 1.5, 15.0, 300.0)
    busy: Pace = Pace(3.0, 1.4, 20.0, 3600.0)


LOCAL = Paces(
    operations=Pace(0.05, 1.25, 0.5, 900.0),
    settling=Pace(0.1, 1.5, 1.0, 5.0),
    functions=Pace(0.2, 1.5, 2.0, 60.0),
    busy=Pace(0.1, 1.3, 1.0, 120.0),
)
"""For a cloud on this machine, where things take a second and calls cost nothing."""


class Halt:
    """Whether to stop: asked before each operation is begun, and a wait that ends early. From any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._event = threading.Event()
        self._why = ""
        self.clock = clock

    def ask(self, why: str) -> None:
        """Ask everyone who looks to stop; the first reason is kept."""
        self._why = self._why or why
        self._event.set()

    @property
    def asked(self) -> bool:
        """Tell whether it was asked to stop."""
        return self._event.is_set()

    @property
    def why(self) -> str:
        """Return the reason; empty when nothing was asked."""
        return self._why

    def check(self) -> None:
        """Raise :class:`HaltedError` when it was asked to stop."""
        if self.asked:
            raise HaltedError(self._why)

    def wait(self, seconds: float) -> None:
        """Wait, or raise :class:`HaltedError` as soon as it was asked to stop."""
        if self._event.wait(seconds):
            raise HaltedError(self._why)
