"""The lease: one deployment of an environment at a time, and what it did is known to the next one.

It is one item in the table of the stack ``deployment``, written under a condition (DynamoDB Developer Guide,
"Condition expressions"), and renewed while the deployment runs. Whoever is killed leaves a lease that runs out;
if it was a process of this machine, since its last start, that is gone, nobody has to wait for that. Renewals have
a client of their own that gives up soon: who holds a lease has to know that it ran out before anyone else does.
``Serial`` grows with every lease,
so that what was looked at before the lease was taken is known to be as it was, or is looked at again.

Clocks: an expiry is compared with the clock of who looks. Clocks that differ by more than the expiry defeat it;
so nobody relies on it alone: operations on the same StackSet still wait for each other.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from generator import naming
from generator.aws.clients import RENEWING, Clouds
from generator.aws.errors import code, told
from generator.errors import CloudError

ITEM = "deploy"
_ABSENT = frozenset({"ResourceNotFoundException"})
_REFUSED = "ConditionalCheckFailedException"


class HeldError(CloudError):
    """Someone else deploys this environment at the moment."""


class MovedError(CloudError):
    """Someone else deployed since it was looked."""


@dataclass(frozen=True)
class Terms:
    """Seconds until a lease that is not renewed runs out, and between renewals."""

    expiry: float = 90.0
    renewal: float = 30.0


@dataclass(frozen=True)
class Process:
    """Who holds a lease: the machine, its start and its container, the process there, and when that was started."""

    host: str = ""
    pid: int = 0
    started: str = ""

    @classmethod
    def this(cls) -> Process:
        """Return this process."""
        return cls(_machine(), os.getpid(), _started(os.getpid()))

    @property
    def gone(self) -> bool:
        """Tell whether the process is known to be gone: only one of this machine since its last start can be.

        A machine whose start nobody knows may be any other of that name: then nothing is known.
        """
        if not _start() or self.host != _machine() or self.pid <= 0:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return bool(self.started) and _started(self.pid) != self.started


BOOT = Path("/proc/sys/kernel/random/boot_id")
"""A number drawn at each start of a machine (random(4)): machines' names, and the first container's number, repeat."""


def _machine() -> str:
    """Return the machine's name, its start, and within Linux the container: process numbers mean nothing outside."""
    return " ".join(filter(None, (socket.gethostname(), _start())))


def _start() -> str:
    """Return what tells this start of this machine and this container from all others; empty if nobody knows."""
    try:
        return f"{BOOT.read_text(encoding='ascii').strip()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """Return when a process was started, in the machine's own ticks; empty where that can't be known.

    proc(5): field 22 of ``/proc/PID/stat``, counted after the name in brackets, which may hold anything.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


@dataclass(frozen=True)
class Entry:
    """What the table says: whether there is a table, the serial, and who holds the lease until when."""

    table: bool = True
    serial: int = 0
    holder: str = ""
    process: Process = field(default_factory=Process)
    since: str = ""
    expires: float = 0.0

    def held(self, now: float) -> bool:
        """Tell whether somebody holds it now."""
        return bool(self.holder) and self.expires > now and not self.process.gone

    @property
    def who(self) -> str:
        """Return who holds it and since when, in words."""
        return (
            f"process {self.process.pid} on {self.process.host.split()[0] or 'an unknown machine'}, since {self.since}"
        )


class Lease:
    """The lease of one environment, for one process. ``lost`` is called, from a thread, when it is lost."""

    def __init__(self, clouds: Clouds, *, terms: Terms | None = None, clock: Callable[[], float] = time.time) -> None:
        environment = clouds.environment
        self.table = naming.DEPLOYMENT_TABLE.of(suffix=environment.suffix)
        self.region = environment.dns_region
        self._client = clouds.client("dynamodb", self.region, environment.accounts.administration)
        self._quick = clouds.having(RENEWING).client("dynamodb", self.region, environment.accounts.administration)
        self._terms = terms or Terms()
        self._clock = clock
        self._id = str(uuid.uuid4())
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._until = 0.0
        self._tried = False
        self.held = False

    @property
    def valid(self) -> bool:
        """Tell whether it is held and has not run out by this machine's clock, even if nobody noticed yet."""
        return self.held and self._clock() < self._until

    def read(self) -> Entry:
        """Return what the table says now. Raises CloudError when it can't be asked."""
        with told(self.region, f"reading the lease in {self.table}"):
            try:
                answer = self._client.get_item(TableName=self.table, Key=_key(), ConsistentRead=True)
            except ClientError as error:
                if code(error) in _ABSENT:
                    return Entry(table=False)
                raise
        return _entry(answer.get("Item") or {})

    def now(self) -> float:
        """Return the time by which leases run out, in seconds."""
        return self._clock()

    def held_by(self, entry: Entry) -> HeldError:
        """Return the error that says who holds it."""
        return _held(entry)

    def moved(self) -> MovedError:
        """Return the error that says that someone deployed in the meantime."""
        return MovedError(f"{self.table}: someone deployed a moment ago", hint="run the command again: it looks again")

    def take(self, seen: Entry, lost: Callable[[str], None]) -> None:
        """Take the lease, if nothing has happened to it since ``seen``, and renew it from now on.

        Raises HeldError when someone else holds it, MovedError when someone held it in between.
        """
        now = self._clock()
        if seen.held(now):
            raise _held(seen)
        process = Process.this()
        values = {
            ":holder": _text(self._id), ":host": _text(process.host), ":pid": _number(process.pid),
            ":started": _text(process.started), ":since": _text(datetime.now(UTC).isoformat(timespec="seconds")),
            ":expires": _number(int(now + self._terms.expiry)), ":serial": _number(seen.serial + 1),
            ":seen": _number(seen.serial), ":whoever": _text(seen.holder), ":until": _number(int(seen.expires)),
        }  # fmt: skip
        free = "Holder = :whoever AND Expires = :until" if seen.holder else "attribute_not_exists(Holder)"
        same = "Serial = :seen" if seen.serial else "attribute_not_exists(Serial)"
        condition = f"Holder = :holder OR ({free} AND {same})"
        values = {name: value for name, value in values.items() if name not in {":seen", ":whoever", ":until"}
                  or f"= {name}" in condition}  # fmt: skip
        self._tried = True  # an answer that is lost says nothing of what the table holds now
        with told(self.region, f"taking the lease in {self.table}"):
            try:
                self._client.update_item(
                    TableName=self.table,
                    Key=_key(),
                    UpdateExpression="SET Holder = :holder, Host = :host, Pid = :pid, Started = :started,"
                    " Since = :since, Expires = :expires, Serial = :serial",
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values,
                )
            except ClientError as error:
                if code(error) != _REFUSED:
                    raise
                self._refused(error)
        self.held, self._until = True, now + self._terms.expiry
        self._thread = threading.Thread(target=self._renew, args=(lost,), name="lease", daemon=True)
        self._thread.start()

    def _refused(self, error: ClientError) -> None:
        self._tried = False
        now = self.read()
        if now.held(self._clock()):
            raise _held(now) from error
        raise self.moved() from error

    def _renew(self, lost: Callable[[str], None]) -> None:
        """Renew until it is given back. A renewal that fails is tried until the lease is about to run out."""
        wait = self._terms.renewal
        while not self._stop.wait(wait):
            until = self._clock() + self._terms.expiry
            try:
                self._write("SET Expires = :expires", {":expires": _number(int(until))})
                self._until, wait = until, self._terms.renewal
            except ClientError as error:
                if code(error) == _REFUSED:
                    self.held = False
                    lost("the lease was lost: someone else took it over")
                    return
                wait = self._terms.renewal / 6
            except BotoCoreError:
                wait = self._terms.renewal / 6
            if self._clock() > self._until - self._terms.renewal / 3:
                self.held = False
                lost(f"the lease was lost: {self.table} could not be written for {self._terms.expiry:.0f} s")
                return

    def release(self) -> None:
        """Give the lease back; the serial stays. Never raises: it runs out by itself."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)
        if not self._tried:
            return
        self.held = self._tried = False
        try:
            self._write("REMOVE Holder, Host, Pid, Started, Since, Expires", {})
        except (ClientError, BotoCoreError):
            return

    def _write(self, update: str, values: Mapping[str, Any]) -> None:
        self._quick.update_item(
            TableName=self.table,
            Key=_key(),
            UpdateExpression=update,
            ConditionExpression="Holder = :holder",
            ExpressionAttributeValues={":holder": _text(self._id), **values},
        )


def _key() -> dict[str, Any]:
    return {"Name": _text(ITEM)}


def _text(value: str) -> dict[str, str]:
    return {"S": value}


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def _entry(item: Mapping[str, Any]) -> Entry:
    def text(name: str) -> str:
        return str(item.get(name, {}).get("S", ""))

    def number(name: str) -> int:
        return int(item.get(name, {}).get("N", "0"))

    process = Process(text("Host"), number("Pid"), text("Started"))
    return Entry(True, number("Serial"), text("Holder"), process, text("Since"), float(number("Expires")))


def _held(entry: Entry) -> HeldError:
    return HeldError(
        f"this environment is being deployed by {entry.who}",
        hint="wait for it with --wait; a process that was killed elsewhere is given up after 90 s",
    )
