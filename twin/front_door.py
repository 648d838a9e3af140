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
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from twin.authority import Certificate
from twin.passage import LOOPBACK, Faults, Hall, Passage
from twin.tokens import Claim, Credentials, TokenError, check_token

__all__ = ["Door", "Faults", "FrontDoor"]

SSL_REQUEST = 80877103
PROTOCOL_3 = 196608
CLEARTEXT = struct.pack("!cii", b"R", 8, 3)
LONGEST_MESSAGE = 16384


@dataclass(frozen=True)
class Door:
    """How a front door stands: before which server, under which names, for whom.

    names: the RDS host names; port: the one that clients believe they connect to (tokens are for it).
    known: the credentials behind an access key. allowed: whether the one behind an access key may sign in as a user
    (``rds-db:connect``). now: seconds since 1970.
    """

    server: tuple[str, int]
    names: tuple[str, ...]
    region: str
    certificate: Certificate
    known: Callable[[str], Credentials | None]
    port: int = 5432
    allowed: Callable[[str, str], bool] = lambda _key, _user: True
    iam_users: frozenset[str] = frozenset({"dr_probe"})
    now: Callable[[], float] = time.time
    log: Callable[[str], None] = lambda _: None


class RefusalError(Exception):
    """The client is told so, in the words of the protocol, and cut off."""

    def __init__(self, state: str, message: str) -> None:
        super().__init__(message)
        self.state = state


class FrontDoor(Passage):
    """A listening front door. ``address`` is where it listens; it stays the same over faults."""

    NAME = "front door"

    def __init__(self, door: Door, address: tuple[str, int] = (LOOPBACK, 0), hall: Hall | None = None) -> None:
        super().__init__(address, hall)
        self._door = door
        self._context = door.certificate.context()

    def show(self, certificate: Certificate) -> None:
        """Show another certificate from the next connection on."""
        self._context = certificate.context()

    def note(self, error: Exception) -> None:
        """Write down that a connection ended."""
        self._door.log(f"connection ended: {error!r}")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Let one client in, or tell it why not."""
        try:
            await self._let_in(reader, writer)
        except RefusalError as refusal:
            with contextlib.suppress(OSError):
                await self._answer(writer, _error(refusal))

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind = await asyncio.open_connection(*self._door.server)
        try:
            startup, user = await self._greet(reader, writer)
            if user in self._door.iam_users:
                await self._check(reader, writer, user)
            behind[1].write(startup)
            await self.relay((reader, writer), behind)
        finally:
            behind[1].close()

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
        await self.hold()
        door = self._door
        claim = Claim(hosts=door.names, port=door.port, user=user, region=door.region)
        try:
            if not door.allowed(check_token(token, claim, door.known, door.now()), user):
                raise TokenError("its signer has no right to rds-db:connect")
        except TokenError as error:
            door.log(f"token refused: {error}")
            raise RefusalError("28000", f'PAM authentication failed for user "{user}"') from error

    async def _startup(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readexactly(4)
        (length,) = struct.unpack("!i", head)
        if not 8 <= length <= LONGEST_MESSAGE:
            raise RefusalError("08P01", "invalid length of startup packet")
        body = await reader.readexactly(length - 4)
        await self.hold()
        return head + body

    async def _answer(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await writer.drain()


def _code(message: bytes) -> int:
    return int(struct.unpack("!i", message[4:8])[0])


def _error(refusal: RefusalError) -> bytes:
    fields = {"S": "FATAL", "V": "FATAL", "C": refusal.state, "M": str(refusal)}
    body = b"".join(f"{key}{value}".encode() + b"\0" for key, value in fields.items()) + b"\0"
    return b"E" + struct.pack("!i", len(body) + 4) + body
