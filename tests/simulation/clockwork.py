"""Virtual time: events in order, and processes that wait in it without taking any of the real one.

The handlers and the interpreter are ordinary blocking code. Each runs in a thread of its own, but only one thread ever
runs: whoever waits hands over, and the clock jumps to whatever comes next. So a run is a function of its seed.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

START_MS = 1_800_000_000_000


class EndedError(BaseException):
    """The process is ended from the outside; no ``except Exception`` may keep it."""


class _Worker:
    """A thread that runs one process after the other."""

    idle: ClassVar[list[_Worker]] = []

    def __init__(self) -> None:
        self._turn = threading.Semaphore(0)
        self._work: Callable[[], None] | None = None
        threading.Thread(target=self._loop, daemon=True).start()

    def _loop(self) -> None:
        while True:
            self._turn.acquire()
            assert self._work is not None
            self._work()

    def do(self, work: Callable[[], None]) -> None:
        self._work = work
        self._turn.release()


@dataclass(eq=False)
class Process:
    """Something that goes on: ``done`` when it has ended, with its result or the error that ended it."""

    name: str
    done: bool = False
    result: Any = None
    error: BaseException | None = None
    waiter: Process | None = None
    ticket: int = 0
    pending: BaseException | None = None
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


class Clockwork:
    """The clock, its events and its processes."""

    def __init__(self) -> None:
        self.now = START_MS
        self.current: Process | None = None
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._main = threading.Semaphore(0)
        self._alive: list[Process] = []

    def ms(self) -> int:
        """Return the time, in milliseconds since 1970."""
        return self.now

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Have ``act`` called in so many seconds."""
        self._count += 1
        heapq.heappush(self._events, (self.now + round(seconds * 1000), self._count, act))

    def every(self, seconds: float, act: Callable[[], None], first: float = 0) -> None:
        """Have ``act`` called again and again, the first time in ``first`` seconds."""

        def again() -> None:
            self.after(seconds, again)
            act()

        self.after(first, again)

    def run(self, seconds: float) -> None:
        """Let so many seconds pass."""
        until = self.now + round(seconds * 1000)
        while self._events and self._events[0][0] <= until:
            at, _, act = heapq.heappop(self._events)
            self.now = at
            act()
        self.now = until

    def spawn(self, name: str, body: Callable[[], Any]) -> Process:
        """Start a process at this moment and return it."""
        process = Process(name)
        self._alive.append(process)
        worker = _Worker.idle.pop() if _Worker.idle else _Worker()

        def work() -> None:
            process.turn.acquire()
            try:
                if isinstance(process.pending, EndedError):
                    raise process.pending
                process.result = body()
            except BaseException as error:  # whoever waits for the process gets it
                process.error = error
            process.done = True
            self._alive.remove(process)
            if process.waiter is not None:
                self.wake(process.waiter)
            _Worker.idle.append(worker)
            self._main.release()

        worker.do(work)
        self.after(0, lambda: self._resume(process, 0))
        return process

    def wait(self, seconds: float) -> None:
        """Let the running process wait; raises what it was ended with meanwhile."""
        process = self.current
        assert process is not None, "only a process can wait"
        ticket = process.ticket
        self._heed(process)
        self.after(seconds, lambda: self._resume(process, ticket))
        self._main.release()
        process.turn.acquire()
        self._heed(process)

    @staticmethod
    def _heed(process: Process) -> None:
        if process.pending is not None:
            error, process.pending = process.pending, None
            raise error

    def join(self, process: Process, seconds: float) -> bool:
        """Let the running process wait for another to end; return whether it did in time."""
        until = self.now + round(seconds * 1000)
        process.waiter = self.current
        while not process.done and self.now < until:
            self.wait((until - self.now) / 1000)
        process.waiter = None
        return process.done

    def wake(self, process: Process) -> None:
        """Have a waiting process go on now."""
        ticket = process.ticket
        self.after(0, lambda: self._resume(process, ticket))

    def end(self, process: Process, error: BaseException) -> None:
        """End a process with ``error``, raised where it waits."""
        if not process.done:
            process.pending = error
            self.wake(process)

    def close(self) -> None:
        """End whatever still goes on."""
        while self._alive:
            process = self._alive[0]
            process.pending = EndedError()
            self._resume(process, process.ticket)

    def _resume(self, process: Process, ticket: int) -> None:
        if process.done or process.ticket != ticket:
            return  # it was woken before
        process.ticket += 1
        before, self.current = self.current, process
        process.turn.release()
        self._main.acquire()
        self.current = before
