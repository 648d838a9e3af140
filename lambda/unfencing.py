"""Lifts, after a failover, what holds the old region back: its fence, then its marker.

:mod:`recovery.rejoin` decides. What a failover that came to nothing left on the active region goes as well,
because nobody else would take it away; and the marker is written that one which was killed after its promotion
did not come to write.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from clients import Clients, error_code
from state import StateTable

from recovery import rejoin, signals
from recovery.signals import FENCE
from recovery.state import Mark, Snapshot

ABSENT, NAMES = "attribute_not_exists(#kind)", {"#kind": signals.KEY_KIND}
"""The condition under which a marker that is owed is written: a newer one is not replaced."""

RUNNING = frozenset({"RUNNING", "PENDING_REDRIVE"})
"""Statuses of an execution that has not ended (Step Functions API, ``DescribeExecution``)."""


@dataclass(frozen=True)
class Lifted:
    """What was lifted of ``region`` (``fence`` or ``marker``), and why.

    abandoned: the failover came to nothing, and ``region`` is the writer as before.
    """

    region: str
    what: str
    reason: str
    abandoned: bool


@dataclass(frozen=True)
class Unfencing:
    """What lifting needs. ``function`` is the fence function, which alone may reach the other region.

    invoking: makes a client of Lambda that waits as long as a fence may take, and calls once.
    failed: takes what failed, with the reason.
    """

    region: str
    function: str
    table: StateTable
    clients: Clients
    invoking: Clients
    failed: Callable[[str, str], None]

    def lift(self, snapshot: Snapshot, now_ms: int) -> list[Lifted]:
        """Lift all that may be lifted, fences before markers, and return it. Errors are the table's own.

        What a killed recovery still owes is written first, so that nothing is lifted that was never held.
        """
        snapshot = self._without_dead_holder(snapshot)
        snapshot = replace(snapshot, markers=(*snapshot.markers, *self._write_owed(snapshot, now_ms)))
        lifted = []
        for region in sorted({mark.region for mark in (*snapshot.fences, *snapshot.markers)}):
            found = rejoin.decide(snapshot, region, now_ms)
            if snapshot.fence(region) and found.lift_fence and self._unfence(region):
                self.table.delete(FENCE, region)
                lifted.append(Lifted(region, "fence", found.reason, found.abandoned))
            if snapshot.marker(region) and found.lift_marker:
                self.table.delete(signals.SUPERSEDED_ITEM, region)
                lifted.append(Lifted(region, "marker", found.reason, found.abandoned))
        return lifted

    def _write_owed(self, snapshot: Snapshot, now_ms: int) -> list[Mark]:
        """Write the markers that are owed, each unless it stands already, and return them."""
        owed = list(rejoin.unmarked(snapshot, now_ms))
        for mark in owed:
            attributes = {"at_ms": mark.at_ms, "execution": mark.execution}
            new = self.table.put_if(signals.SUPERSEDED_ITEM, mark.region, attributes, ABSENT, names=NAMES)
            if new:
                self.failed(f"{mark.region} was not marked as superseded", f"{mark.execution} ended first: it is now")
        return owed

    def _unfence(self, region: str) -> bool:
        from botocore.exceptions import BotoCoreError, ClientError

        payload = json.dumps({"region": region, "action": "unfence"})
        try:
            answer = self.invoking("lambda", self.region).invoke(FunctionName=self.function, Payload=payload.encode())
            said = json.loads(answer["Payload"].read())
        except (BotoCoreError, ClientError, ValueError) as error:
            self.failed(f"the fence on {region} was not lifted", f"{error_code(error)}: {error}")
            return False
        if answer.get("FunctionError") or said.get("outcome") != "unfenced":
            self.failed(f"the fence on {region} was not lifted", json.dumps(said))
            return False
        return True

    def _without_dead_holder(self, snapshot: Snapshot) -> Snapshot:
        """Return the facts without a lease whose execution has ended; the next recovery takes it over.

        An execution that can't be asked about counts as running.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        if not snapshot.holder or not (snapshot.fences or snapshot.markers):
            return snapshot
        try:
            answer = self.clients("stepfunctions", self.region).describe_execution(executionArn=snapshot.holder)
        except ClientError as error:
            gone = error_code(error) == "ExecutionDoesNotExist"
            return replace(snapshot, holder="") if gone else snapshot
        except BotoCoreError:
            return snapshot
        return snapshot if answer["status"] in RUNNING else replace(snapshot, holder="")
