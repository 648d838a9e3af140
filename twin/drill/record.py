"""What a drill leaves behind, as plain data: the history that it saw, and the result that is concluded from it.

Every time is milliseconds since 1970 by this machine's clock, so all parts can be laid beside each other. The history
comes from the outside: the application's own record of its acknowledgements, PostgreSQL's own rows, what the DNS
server answered, and the journal of the local cloud. Nothing here is the recovery's account of itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["acknowledged", "refused", "unknown"]
"""Of a write: committed and said so; failed for sure; or the connection ended before an answer came."""


@dataclass(frozen=True)
class Write:
    """One attempt of the application to write a row.

    worker: the application's region and connection, ``eu-central-1/2``. number: of the row, within the worker; the
    row's key is both. attempt: from 1; a row whose outcome is unknown or refused is written again under its number.
    region: whose database took or refused it, empty when none was reached. error: what the application was told, with
    the SQLSTATE as the first word where there is one. lsn: of the commit, as the server reported it.
    """

    worker: str
    number: int
    attempt: int
    began_ms: int
    ended_ms: int
    outcome: Outcome
    region: str = ""
    error: str = ""
    lsn: str = ""

    @property
    def key(self) -> str:
        """Return the row's key."""
        return f"{self.worker}#{self.number}"


@dataclass(frozen=True)
class Event:
    """Something that happened: where, what, and why. source: the part that says it.

    source is one of: ``disaster``, ``person``, ``application``, ``probe``, ``function``, ``state machine``,
    ``service``, ``database``, ``alarm``, ``health check``, ``dns``, ``people`` (a message that was sent), ``policy``,
    ``twin``.
    """

    at_ms: int
    source: str
    region: str
    what: str
    cause: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RegionSample:
    """A region at one moment, as PostgreSQL and the health checks themselves say.

    role: ``writer`` (takes writes), ``replica``, ``none`` (nothing answers). healthy: its health check, ``None`` for a
    region without one. lag_seconds: how far its replica is behind, ``None`` where it is none.
    """

    role: Literal["writer", "replica", "none"]
    healthy: bool | None
    lag_seconds: float | None = None


@dataclass(frozen=True)
class Sample:
    """All of it at one moment. answers: the regions that DNS may answer for the writer's name now.

    acknowledged, refused: writes since the sample before. step: the state that the state machine is in, or empty.
    """

    at_ms: int
    regions: Mapping[str, RegionSample]
    answers: tuple[str, ...]
    acknowledged: int
    refused: int
    step: str = ""


@dataclass(frozen=True)
class Row:
    """A row that was read back from a region's PostgreSQL after the drill, with the transaction's LSN if known."""

    key: str
    region: str
    lsn: str = ""


@dataclass(frozen=True)
class Call:
    """Calls of one kind that a role made between the disaster and the end. principal: the role's ARN.

    function: the ARN of the function that made them, or empty. count: how many, denied ones included.
    """

    principal: str
    service: str
    action: str
    region: str
    function: str = ""
    count: int = 1
    denied: int = 0


@dataclass(frozen=True)
class Promise:
    """What a scenario says must hold: about RTO and RPO, who ends as the writer, and how the recovery ends.

    writer: the region that must be the writer at the end; empty for any. recovery: how the execution must end:
    ``succeeded``, ``refused``, ``none`` (none may start) or empty for any. lossless: whether no row may be lost.
    told: words of which each must be in some message to people. heard: words of which each must be in what some command
    answered to whoever typed it. down: whether writes may stay refused to the end.
    fenced: whether the old region must have been closed to its applications, or dead.
    """

    writer: str = ""
    recovery: str = ""
    lossless: bool = False
    told: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    down: bool = False
    fenced: bool = False


@dataclass(frozen=True)
class History:
    """Everything that a drill saw.

    kind: ``failover``, ``switchover``, ``failback`` or ``none``, what the scenario is about. began_ms and ended_ms: of
    the scenario, without deployment. disaster_ms: when the disaster struck (or the switchover was asked for); None when
    nothing did. fenced_ms: when the old region could not acknowledge any more, as seen by PostgreSQL or because it was
    dead; None when that never was. accepted_lag_seconds: the lag that was shown when a failover was accepted, as the
    age of what might be lost when it was assessed. calls: of roles, None when nobody counted them.
    real and emulated: what the report says of the parts. versions: of what was used. failure: what kept the scenario
    from being played to its end, or empty. asked: what was asked for, if not the scenario by its name.
    """

    scenario: str
    title: str
    kind: str
    seed: int
    speed: float
    environment: str
    origin: str
    target: str
    regions: tuple[str, ...]
    began_ms: int
    ended_ms: int
    disaster_ms: int | None
    fenced_ms: int | None
    accepted_lag_seconds: float | None
    promise: Promise
    writes: tuple[Write, ...]
    events: tuple[Event, ...]
    samples: tuple[Sample, ...]
    rows: tuple[Row, ...]
    real: tuple[str, ...] = ()
    emulated: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    mode: str = "manual"
    probe: str = "metric"
    calls: tuple[Call, ...] | None = None
    failure: str = ""
    asked: str = ""


@dataclass(frozen=True)
class Share:
    """One part of the RTO: measured, budgeted, and the floor that the configured intervals make; in seconds.

    measured is None when the part did not happen. The budget and the floor are at the drill's speed.
    """

    part: str
    measured: float | None
    budget: float
    floor: float
    began_ms: int | None = None
    ended_ms: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Finding:
    """What one promise or invariant came to. name: ``I1`` … ``I10``, or the promise's. held: None: not applicable."""

    name: str
    title: str
    held: bool | None
    reason: str


@dataclass(frozen=True)
class Lost:
    """A row that was acknowledged and is not in the writer at the end. rewritten: by a later attempt."""

    key: str
    acknowledged_ms: int
    region: str
    lsn: str
    rewritten: bool = False


@dataclass(frozen=True)
class Result:
    """What a drill came to. rto_seconds: the longest time without an acknowledged write after the disaster began.

    rto_seconds is None where writes never came back. overlap_seconds: how long two regions acknowledged at the same
    time. objective_rto, objective_rpo: of the environment file, in seconds, unscaled; budget_seconds and
    floor_seconds: the sums of the shares. limit_seconds: the RTO that is allowed at the drill's speed. held: the
    verdict.
    """

    held: bool
    verdict: str
    rto_seconds: float | None
    objective_rto: float
    rpo_rows: int
    rpo_seconds: float
    objective_rpo: float
    lost: tuple[Lost, ...]
    overlap_seconds: float
    acknowledged: int
    refused: int
    shares: tuple[Share, ...]
    findings: tuple[Finding, ...]
    budget_seconds: float
    floor_seconds: float
    limit_seconds: float = 0.0
