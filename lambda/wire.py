"""A socket that keeps a deadline, in the shape that pg8000 wants one.

``socket.settimeout`` limits one read, not a conversation: a server that sends a byte now and then could
hold a reader for ever. Here each read and write is given what is left of the deadline.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

    from _typeshed import ReadableBuffer, WriteableBuffer

FAREWELL_SECONDS = 0.2
TERMINATE = b"X\x00\x00\x00\x04"
"""PostgreSQL's goodbye (PostgreSQL documentation, "Message Formats", ``Terminate``)."""


@dataclass(frozen=True)
class Deadline:
    """A moment on a monotonic clock, ``seconds`` after it was set."""

    at: float
    seconds: float
    now: Callable[[], float]

    @classmethod
    def after(cls, seconds: float, now: Callable[[], float] = time.monotonic) -> Deadline:
        """Return the deadline ``seconds`` from now."""
        return cls(now() + seconds, seconds, now)

    def within(self, seconds: float) -> Deadline:
        """Return the deadline ``seconds`` from now, or this one if that is earlier."""
        shorter = min(seconds, max(self.at - self.now(), 0.0))
        return Deadline(self.now() + shorter, round(shorter, 3), self.now)

    @property
    def passed(self) -> bool:
        """Return whether nothing is left."""
        return self.now() >= self.at

    def remaining(self) -> float:
        """Return the seconds that are left. Raises ``TimeoutError`` when none are."""
        left = self.at - self.now()
        if left <= 0:
            raise TimeoutError(f"{self.seconds:g} s are over")
        return left


class Wire:
    """A connected socket whose every read and write keeps ``deadline``."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self.deadline = Deadline.after(0.0)

    def makefile(self, mode: str = "rwb") -> io.BufferedRWPair:
        """Return the buffered file that a driver reads and writes; there is but one mode."""
        assert mode == "rwb", mode
        return io.BufferedRWPair(_Reading(self), _Writing(self))

    def receive(self, buffer: WriteableBuffer) -> int:
        """Read into ``buffer`` and return how many bytes came; 0 at the end."""
        self._socket.settimeout(self.deadline.remaining())
        return self._socket.recv_into(buffer)

    def send(self, data: ReadableBuffer) -> int:
        """Write some of ``data`` and return how many bytes went."""
        self._socket.settimeout(self.deadline.remaining())
        return self._socket.send(data)

    def farewell(self) -> None:
        """Tell the server that this is the end, if it still listens, and close."""
        with contextlib.suppress(OSError):
            self.deadline = Deadline.after(FAREWELL_SECONDS)
            self.send(TERMINATE)
        self.close()

    def close(self) -> None:
        """Close without a word; closing twice is fine."""
        with contextlib.suppress(OSError):
            self._socket.close()


class _Reading(io.RawIOBase):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        return self._wire.receive(buffer)


class _Writing(io.RawIOBase):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        return self._wire.send(data)
