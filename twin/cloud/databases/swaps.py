"""Switchover and failover as the service does them: in the background, with states in between, and for real.

Sources: RDS API Reference, ``SwitchoverGlobalCluster``, ``FailoverGlobalCluster``, ``FailoverState`` (its description
has ``switching-over`` besides the three values of its enumeration) and ``GlobalClusterMember``; Aurora User Guide,
"Using switchover or failover in Amazon Aurora Global Database". That the service checks beforehand is the description
of ``pending``: both clusters "are being verified before the operation starts".
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import NoReturn

from twin.cloud.databases.fleet import Fleet, group_of
from twin.cloud.databases.standing import Look, Standing
from twin.cloud.journal import JOURNAL
from twin.cloud.pace import shorter
from twin.postgres import PostgresError
from twin.replication import forks

SOURCE = "service"
VERIFY_SECONDS = 5.0
FENCE_SECONDS = 5.0
BEST_EFFORT_SECONDS = 1.0
"""How long a failover tries to stop the old writer before it goes on without that (trap 8)."""
LOCK_SECONDS = 20.0

_STATUS = {
    "pending": ("available", "available"),
    "failing-over": ("failing-over", "promoting"),
    "switching-over": ("failing-over", "promoting"),
    "cancelling": ("available", "available"),
}
"""The statuses of the old writer's cluster and of the target's (Aurora User Guide, "Viewing DB cluster status")."""

logger = logging.getLogger("databases")


class CancelledError(Exception):
    """A swap that can't be carried out: everything is as it was before."""


@dataclass(frozen=True)
class Records:
    """How a swap is shown: whatever ``DescribeGlobalClusters`` and ``DescribeDBClusters`` say of it.

    state: ``FailoverState.Status``, empty once it is over. made: another member is the writer. status: of one cluster.
    """

    state: Callable[[str], None]
    made: Callable[[Standing], None]
    status: Callable[[Standing, str], None]


@dataclass
class Swap:
    """One switchover, or failover if ``lossy``, from ``old`` to ``new``."""

    fleet: Fleet
    old: Standing
    new: Standing
    lossy: bool
    records: Records

    @property
    def name(self) -> str:
        """Return what it is, for a sentence."""
        return f"the {'failover' if self.lossy else 'switchover'} from {self.old.region} to {self.new.region}"

    def begin(self) -> threading.Thread:
        """Show that it is pending, and carry it out in a thread of its own, which is returned."""
        self.fleet.busy.add(group_of(self.new.cluster))
        self._say("pending")
        thread = threading.Thread(target=self._run, name="swap", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        ended = "is complete"
        try:
            with _held(self.new, *([] if self.lossy else [self.old])):
                if self.lossy:
                    self._fail_over()
                else:
                    self._switch_over()
            if self.lossy:
                time.sleep(shorter(self.fleet.timing.completes))
        except CancelledError as error:
            ended = f"was cancelled: {error}"
        except Exception as error:
            logger.exception("%s failed", self.name)
            ended = f"failed: {error}"
        finally:
            for each in (self.old, self.new):
                self.records.status(each, "available")
            self.records.state("")
            self.fleet.busy.discard(group_of(self.new.cluster))
            self.fleet.publish()
            JOURNAL.note(SOURCE, self.new.region, f"{self.name} {ended.partition(':')[0]}", ended.partition(": ")[2])

    def _fail_over(self) -> None:
        """Promote the target whatever the old writer does; only the target has to be well."""
        look = _answer(self.new)
        if not (look.answers and look.recovering):
            self._cancel(f"the database of {self.new.region} does not answer as a replica")
        self._say("failing-over")
        fenced = self.fleet.reaches(self.old, self.new.region) and self.old.fence(BEST_EFFORT_SECONDS)
        if not fenced and self.old.server.running:
            why = "what it writes from now on is lost"
            JOURNAL.note(SOURCE, self.old.region, "the service could not block writes to the old writer", why)
        try:
            self.new.server.promote()
        except Exception as error:
            if self.new.look().role != "writer":
                self._cancel(f"the database of {self.new.region} was not promoted: {error}", self._give_back)
        self.old.leads = self.old.leads and not fenced
        self._hand_over()

    def _switch_over(self) -> None:
        """Stop writes, wait until the target has everything, promote it, and have the old writer follow it."""
        self._verify()
        self._say("switching-over")
        if not self.old.fence(FENCE_SECONDS):
            self._cancel(f"writes to {self.old.region} could not be stopped", self._give_back)
        try:
            self._drain()
            for other in self.fleet.others(self.new):
                other.relay.cut()  # a server that stops waits for whoever still streams from it, even one that hangs
            self.old.server.stop()
            self.new.server.promote()
        except Exception as error:
            if self.new.look().role != "writer":
                self._cancel(str(error), self._give_back)
        self.old.leads = False
        self._hand_over()
        try:
            self.fleet.bring_back(self.old, self.new)
        except Exception:
            logger.exception("%s does not follow yet; it is tried again", self.old.server.name)

    def _verify(self) -> None:
        old, new = _answer(self.old), _answer(self.new)
        if not (old.answers and not old.recovering):
            self._cancel(f"the database of {self.old.region} does not answer as a writer")
        if not (new.answers and new.recovering and new.streaming and new.timeline == old.timeline):
            self._cancel(f"the database of {self.new.region} does not stream from {self.old.region}")

    def _drain(self) -> None:
        """Wait until the target has replayed all that the old writer has written. Raises :class:`PostgresError`."""
        ((written,),) = self.old.server.execute("SELECT pg_switch_wal()::text", seconds=FENCE_SECONDS)
        deadline = time.monotonic() + self.fleet.timing.catch_up
        while not self.new.look().has(written):
            if time.monotonic() > deadline:
                seconds = self.fleet.timing.catch_up
                raise PostgresError(f"{self.new.region} did not catch up to {written} within {seconds:g} seconds")
            time.sleep(0.01)

    def _give_back(self) -> None:
        """Let the old writer write again."""
        self.old.open()
        if not (self.lossy or self.old.down or self.old.server.running):
            self.old.start()

    def _hand_over(self) -> None:
        """Show, as soon as it is true, that the target is the writer, and have all others follow it."""
        with self.fleet.turn:
            self.records.made(self.new)
            for member in self.fleet.others(self.new):
                member.cluster = replace(member.cluster, writer=False)
            self.new.cluster = replace(self.new.cluster, writer=True)
        left = forks(self.new.server)
        if self.lossy and left:
            fork = left[max(left)]
            self.old.diverged = {"timeline": fork.timeline, "lsn": fork.lsn, "end": None}
        self.fleet.hand_over(self.new, self.old)
        self.fleet.publish()

    def _cancel(self, why: str, undo: Callable[[], None] = lambda: None) -> NoReturn:
        self._say("cancelling", why)
        undo()
        raise CancelledError(why)

    def _say(self, state: str, why: str = "") -> None:
        self.records.state(state)
        self.records.status(self.old, _STATUS[state][0])
        self.records.status(self.new, _STATUS[state][1])
        JOURNAL.note(SOURCE, self.new.region, f"{self.name} is {state}", why, status=state)


def _answer(standing: Standing) -> Look:
    """Return what a database says of itself; it is asked again for a while when it does not answer."""
    deadline = time.monotonic() + VERIFY_SECONDS
    while not (look := standing.look()).answers and look.process == "running" and time.monotonic() < deadline:
        time.sleep(0.05)
    return look


@contextmanager
def _held(*standing: Standing) -> Iterator[None]:
    """Keep everybody else from touching these databases. Raises :class:`CancelledError` when somebody goes on."""
    with ExitStack() as held:
        for each in standing:
            if not each.lock.acquire(timeout=LOCK_SECONDS):
                raise CancelledError(f"the database of {each.region} is being rebuilt")
            held.callback(each.lock.release)
        yield
