"""What stands before a PostgreSQL server, as RDS's endpoint does before Aurora.

It ends TLS under the RDS host names, refuses sessions without it (``rds.force_ssl``), checks the token of
users that sign in through IAM, and hands everything else on: a master's password is checked by the server
itself. It is also where a region's database is slowed, silenced or cut off.

The protocol's first messages are PostgreSQL's documentation, "Message Flow" and "Message Formats"; IAM
users are asked for their token as a clear-text password inside TLS, as RDS does (Aurora User Guide, "IAM
database authentication").
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from twin.authority import Certificate
from twin.tokens import Claim, Credentials, TokenError, check_token

SSL_REQUEST = 80877103
PROTOCOL_3 = 196608
CLEARTEXT = struct.pack("!cii", b"R", 8, 3)
LONGEST_MESSAGE = 16384
LOOPBACK = "127.0.0.1"
TURNS = 5
"""Turns of the loop after which a connection that the kernel has handed over is known here."""

T = TypeVar("T")


@dataclass(frozen=True)
class Faults:
    """What is wrong with the way to the server.

    delay: seconds that each piece of the client's bytes waits. silent: connections are accepted, open ones
    kept, and nothing is answered. drop: connections are reset, open ones too. refuse: nobody listens.
    """

    delay: float = 0.0
    silent: bool = False
    drop: bool = False
    refuse: bool = False


@dataclass(frozen=True)
class Door:
    """How a front door stands: before which server, under which names, for whom.

    names: the RDS host names; port: the one that clients believe they connect to (tokens are for it).
    known: the credentials behind an access key. now: seconds since 1970.
    """

    server: tuple[str, int]
    names: tuple[str, ...]
    region: str
    certificate: Certificate
    known: Callable[[str], Credentials | None]
    port: int = 5432
    iam_users: frozenset[str] = frozenset({"dr_probe"})
    now: Callable[[], float] = time.time
    log: Callable[[str], None] = lambda _: None


class RefusalError(Exception):
    """The client is told so, in the words of the protocol, and cut off."""

    def __init__(self, state: str, message: str) -> None:
        super().__init__(message)
        self.state = state


class FrontDoor:
    """A listening front door. ``address`` is where it listens; it stays the same over faults."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._faults = Faults()
        self._context = door.certificate.context()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="front door", daemon=True)
        self._listener: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.address = (LOOPBACK, 0)

    def start(self) -> Self:
        """Listen on a free port."""
        self._thread.start()
        self._wait(self._listen())
        return self

    def stop(self) -> None:
        """Cut every connection and end; nothing of it is left."""
        if self._thread.is_alive():
            self._wait(self._close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    @property
    def faults(self) -> Faults:
        """Return what is wrong at the moment."""
        return self._faults

    def break_(self, faults: Faults) -> None:
        """Be as broken as ``faults`` says from now on, for open connections too; ``Faults()`` heals."""
        self._wait(self._change(faults))

    def show(self, certificate: Certificate) -> None:
        """Show another certificate from the next connection on."""
        self._context = certificate.context()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._accept, *self.address)
        self.address = self._listener.sockets[0].getsockname()

    async def _close(self) -> None:
        """Stop listening and cut all, those too that the kernel has accepted and the loop not yet seen."""
        await self._turn()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self._turn()
        await self._cut()

    @staticmethod
    async def _turn() -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)

    async def _cut(self) -> None:
        """Reset every connection."""
        cut = dict(self._open)
        for task, writer in cut.items():
            task.cancel()
            _reset(writer)
        await asyncio.gather(*cut, return_exceptions=True)

    async def _change(self, faults: Faults) -> None:
        self._faults = faults
        if faults.refuse:
            await self._close()
        elif self._listener is None:
            await self._listen()
        if faults.drop:
            await self._cut()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve in a task that is known from the start: one cancelled at birth never runs a line."""
        if self._faults.drop:
            _reset(writer)
            return
        task = self._loop.create_task(self._attend(reader, writer))
        self._open[task] = writer
        task.add_done_callback(self._open.pop)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except RefusalError as refusal:
            with contextlib.suppress(OSError):
                await self._answer(writer, _error(refusal))
        except (OSError, asyncio.IncompleteReadError) as error:
            self._door.log(f"connection ended: {error!r}")
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream = await asyncio.open_connection(*self._door.server)
        try:
            startup, user = await self._greet(reader, writer)
            if user in self._door.iam_users:
                await self._check(reader, writer, user)
            upstream.write(startup)
            # The first side to end ends both: a half-open session is of no use to anyone.
            ways = [
                asyncio.create_task(self._relay(reader, upstream, slowed=True)),
                asyncio.create_task(self._relay(upstream_reader, writer, slowed=False)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            upstream.close()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[bytes, str]:
        """Return the startup message as it came, inside TLS, and its user."""
        message = await self._startup(reader)
        if _code(message) == SSL_REQUEST:
            await self._answer(writer, b"S")
            await writer.start_tls(self._context)
            message = await self._startup(reader)
        else:
            raise RefusalError("28000", "no pg_hba.conf entry for host, no encryption")
        if _code(message) != PROTOCOL_3:
            raise RefusalError("0A000", "unsupported frontend protocol")
        words = message[8:].decode().split("\0")
        named = dict(zip(words[::2], words[1::2], strict=False))
        return message, named.get("user", "")

    async def _check(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, user: str) -> None:
        await self._answer(writer, CLEARTEXT)
        kind, length = struct.unpack("!ci", await reader.readexactly(5))
        if kind != b"p" or length > LONGEST_MESSAGE:
            raise RefusalError("08P01", "expected a password")
        token = (await reader.readexactly(length - 4)).rstrip(b"\0").decode(errors="replace")
        await self._hold()
        door = self._door
        claim = Claim(hosts=door.names, port=door.port, user=user, region=door.region)
        try:
            check_token(token, claim, door.known, door.now())
        except TokenError as error:
            door.log(f"token refused: {error}")
            raise RefusalError("28000", f'PAM authentication failed for user "{user}"') from error

    async def _startup(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readexactly(4)
        (length,) = struct.unpack("!i", head)
        if not 8 <= length <= LONGEST_MESSAGE:
            raise RefusalError("08P01", "invalid length of startup packet")
        body = await reader.readexactly(length - 4)
        await self._hold()
        return head + body

    async def _answer(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await writer.drain()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slowed: bool) -> None:
        while data := await reader.read(65536):
            await self._hold(slowed=slowed)
            writer.write(data)
            await writer.drain()

    async def _hold(self, *, slowed: bool = True) -> None:
        """Wait as long as the faults say; in silence until it ends."""
        if slowed and self._faults.delay:
            await asyncio.sleep(self._faults.delay)
        while self._faults.silent:
            await asyncio.sleep(0.05)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection the hard way: without lingering, the kernel sends a reset and not an end."""
    connected = writer.get_extra_info("socket")  # none any more when the transport has ended by itself
    with contextlib.suppress(OSError, AttributeError):
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _code(message: bytes) -> int:
    return int(struct.unpack("!i", message[4:8])[0])


def _error(refusal: RefusalError) -> bytes:
    fields = {"S": "FATAL", "V": "FATAL", "C": refusal.state, "M": str(refusal)}
    body = b"".join(f"{key}{value}".encode() + b"\0" for key, value in fields.items()) + b"\0"
    return b"E" + struct.pack("!i", len(body) + 4) + body
