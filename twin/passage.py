"""Ways that bytes take through this process, and what can be wrong with each of them.

A :class:`Passage` listens, and each connection is handed on to somebody behind it; on the way it is slowed, thinned
out, silenced or cut, as its :class:`Faults` say. Any number of them share one :class:`Hall`, which is one thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Self, TypeVar

LOOPBACK = "127.0.0.1"
PIECE_BYTES = 65536
PIECES_UNDER_WAY = 4096
"""How many pieces may be on their way when the way is long; the sender waits beyond that."""
TURNS = 5
"""Turns of the loop after which a connection that the kernel has handed over is known here."""
FIRST_REPEAT_SECONDS = 0.2
REPEATS = 8
"""Linux repeats a lost segment after 0.2 seconds, then after twice as long, and so on (kernel, ip-sysctl)."""

T = TypeVar("T")


@dataclass(frozen=True)
class Faults:
    """What is wrong with a way.

    delay: seconds that each piece of the client's bytes takes longer. loss: the part of the pieces, in both
    directions, that is lost and repeated by TCP, so that it stalls, and a connection that loses too many in a row is
    reset. silent: connections are accepted, open ones kept, and nothing is answered. closed: the same for new ones,
    and open ones go on. drop: connections are reset, open ones too. refuse: nobody listens.
    """

    delay: float = 0.0
    silent: bool = False
    drop: bool = False
    refuse: bool = False
    closed: bool = False
    loss: float = 0.0

    def __or__(self, other: Faults) -> Faults:
        """Return what is wrong with a way that has both faults."""
        return Faults(
            delay=self.delay + other.delay,
            silent=self.silent or other.silent,
            drop=self.drop or other.drop,
            refuse=self.refuse or other.refuse,
            closed=self.closed or other.closed,
            loss=1 - (1 - self.loss) * (1 - other.loss),
        )


class Hall:
    """An event loop in a thread of its own."""

    def __init__(self, name: str = "passages") -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name=name, daemon=True)

    def start(self) -> Self:
        """Begin to turn."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End; what still runs in it is not waited for."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join()
        self.loop.close()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what ``work`` returns, done in the loop; never called from the loop's own thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)


class Passage(ABC):
    """A way to somebody. ``address`` is where it listens; it stays the same over faults.

    hall: whose thread it runs in; without one it has a hall of its own. Port 0 stands for any.
    """

    NAME = "passage"

    def __init__(self, address: tuple[str, int] = (LOOPBACK, 0), hall: Hall | None = None) -> None:
        self.address = address
        self._hall = hall or Hall(self.NAME)
        self._own_hall = hall is None
        self._causes: dict[str, Faults] = {}
        self._faults = Faults()
        self._heard, self._reached = asyncio.Event(), asyncio.Event()
        self._heard.set()
        self._reached.set()
        self._listener: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._stopped = False

    def start(self) -> Self:
        """Listen. Raises ``OSError`` when somebody else does, there."""
        if self._own_hall:
            self._hall.start()
        self._hall.wait(self._listen())
        return self

    def stop(self) -> None:
        """Cut every connection and end; nothing of it is left. Stopping twice is fine."""
        if self._stopped:
            return
        self._stopped = True
        self._hall.wait(self._close())
        if self._own_hall:
            self._hall.stop()

    @property
    def faults(self) -> Faults:
        """Return what is wrong at the moment, from all causes together."""
        return self._faults

    def break_(self, faults: Faults, cause: str = "") -> None:
        """Be as broken as ``faults`` says from now on, for open connections too; ``Faults()`` heals.

        cause: what different callers say of the same way adds up; each heals only what it broke.
        """
        self._hall.wait(self._change(faults, cause))

    def cut(self) -> None:
        """Reset every open connection, once."""
        self._hall.wait(self._cut())

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Bring one connection to its end."""

    def note(self, _error: Exception) -> None:
        """Hear of a connection that ended with an error; nobody wants to, here."""
        return

    async def relay(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        behind: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        *,
        slowed_back: bool = False,
    ) -> None:
        """Hand everything on, both ways, until one side ends: a half-open session is of no use to anyone.

        slowed_back: whether the answers take the delay, and not the questions.
        """
        ways = [
            asyncio.create_task(self._pass(client[0], behind[1], slowed=not slowed_back)),
            asyncio.create_task(self._pass(behind[0], client[1], slowed=slowed_back)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def hold(self) -> None:
        """Wait as long as one piece of the client's bytes takes; in silence until it ends."""
        await asyncio.sleep(self._faults.delay)
        await self._arrive()

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._accept, *self.address)
        self.address = self._listener.sockets[0].getsockname()

    async def _close(self) -> None:
        """Stop listening and cut all, those too that the kernel has accepted and the loop not yet seen."""
        await _turn()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await _turn()
        await self._cut()

    async def _cut(self) -> None:
        cut = dict(self._open)
        for task, writer in cut.items():
            task.cancel()
            reset(writer)
        await asyncio.gather(*cut, return_exceptions=True)

    async def _change(self, faults: Faults, cause: str) -> None:
        self._causes[cause] = faults
        whole = Faults()
        for each in self._causes.values():
            whole |= each
        self._faults = whole
        _set(self._heard, not whole.silent)
        _set(self._reached, not (whole.silent or whole.closed))
        if whole.refuse:
            await self._close()
        elif self._listener is None:
            await self._listen()
        if whole.drop:
            await self._cut()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve in a task that is known from the start: one cancelled at birth never runs a line."""
        if self._faults.drop:
            reset(writer)
            return
        task = self._hall.loop.create_task(self._attend(reader, writer))
        self._open[task] = writer
        task.add_done_callback(self._open.pop)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._reached.wait()
            await self.serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.note(error)
        finally:
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slowed: bool) -> None:
        """Hand one direction on; a long way is no narrow one, so pieces travel side by side."""
        clock = self._hall.loop.time
        travelling: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(PIECES_UNDER_WAY)

        async def take() -> None:
            with contextlib.suppress(OSError):  # a connection that was reset has ended, too
                while piece := await reader.read(PIECE_BYTES):
                    await travelling.put((clock() + (self._faults.delay if slowed else 0), piece))
            await travelling.put((clock(), b""))

        taking = asyncio.create_task(take())
        try:
            while True:
                due, piece = await travelling.get()
                if not piece:
                    return
                if due > clock():
                    await asyncio.sleep(due - clock())
                await self._arrive()
                writer.write(piece)
                await writer.drain()
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)

    async def _arrive(self) -> None:
        """Wait until a piece is through. Raises ``ConnectionResetError`` when too much of it was lost."""
        await self._heard.wait()
        wait = FIRST_REPEAT_SECONDS
        for _ in range(REPEATS):
            if random.random() >= self._faults.loss:
                return
            await asyncio.sleep(wait)
            await self._heard.wait()
            wait *= 2
        raise ConnectionResetError("too many segments were lost in a row")


def _set(event: asyncio.Event, on: bool) -> None:
    if on:
        event.set()
    else:
        event.clear()


async def _turn() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection the hard way: without lingering, the kernel sends a reset and not an end."""
    with contextlib.suppress(OSError, AttributeError):  # a transport that has ended by itself has no socket any more
        connected = writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
