"""What a look at an environment found: frozen facts, a gap wherever something did not answer.

Nothing here judges (:mod:`generator.aws.status.verdict` does) and nothing here asks
(:mod:`generator.aws.status.regions` and :mod:`generator.aws.status.dns` do). Times are milliseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.routing import Record
from recovery.state import Database, GlobalCluster, Mark, View


@dataclass(frozen=True)
class Gap:
    """Something that could not be read: what it was, and why."""

    part: str
    reason: str


@dataclass(frozen=True)
class Stack:
    """A stack of the environment; ``stackset`` is what it is an instance of, or its own name.

    created_ms: when its creation began; 0 when CloudFormation did not say.
    """

    stackset: str
    status: str
    drift: str
    reason: str = ""
    created_ms: int = 0

    @property
    def failed(self) -> bool:
        """Return whether its last operation ended badly, or a deletion left it half there."""
        return self.status.endswith(("_FAILED", "ROLLBACK_COMPLETE"))

    @property
    def settled(self) -> bool:
        """Return whether its last operation ended well; every other status is news, also one that passes."""
        return self.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")


@dataclass(frozen=True)
class StackInstance:
    """An instance as its StackSet lists it: CURRENT, OUTDATED or INOPERABLE, and its drift as last detected."""

    stackset: str
    account: str
    region: str
    status: str
    drift: str = ""
    reason: str = ""


@dataclass(frozen=True)
class StackSets:
    """All StackSets of the environment: their instances, and operations that have not ended, in words."""

    names: tuple[str, ...]
    instances: tuple[StackInstance, ...]
    busy: tuple[str, ...] = ()


@dataclass(frozen=True)
class Datum:
    """The newest value of a metric, and the start of its period."""

    value: float
    at_ms: int


@dataclass(frozen=True)
class Inbound:
    """What S3 says of the objects on their way here from another region's bucket.

    operations and size (bytes) are pending; latency is in seconds. None: S3 has published nothing lately.
    """

    source: str
    operations: Datum | None = None
    size: Datum | None = None
    latency: Datum | None = None


@dataclass(frozen=True)
class Measured:
    """A region's own metrics.

    proof: 1 when the region proved that it takes writes. heartbeat: seconds since the replicated heartbeat.
    aurora_lag: Aurora's own, in milliseconds, where the cluster is secondary. superseded: by the region that
    this one's marker is about. failed: operations that could not be replicated from here, in the last hour.
    """

    proof: Datum | None = None
    heartbeat: Datum | None = None
    aurora_lag: Datum | None = None
    superseded: Mapping[str, Datum] = field(default_factory=dict)
    inbound: tuple[Inbound, ...] = ()
    failed: float = 0.0


@dataclass(frozen=True)
class Alarm:
    """An alarm of the environment: its state, and its settings as CloudWatch describes them."""

    name: str
    state: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Preflight:
    """The newest standing pre-flight: when, and what it found (subject and problem)."""

    at_ms: int
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Incident:
    """A loss that this region has noticed: of which region, and since when."""

    about: str
    since_ms: int


@dataclass(frozen=True)
class Table:
    """The region's state table (:mod:`recovery.signals`)."""

    views: tuple[View, ...] = ()
    fences: tuple[Mark, ...] = ()
    markers: tuple[Mark, ...] = ()
    holder: str = ""
    incidents: tuple[Incident, ...] = ()
    preflight: Preflight | None = None


@dataclass(frozen=True)
class Subscribers:
    """Who is told of what happens: how many have confirmed, and who has not (trap 49f)."""

    confirmed: int = 0
    pending: tuple[str, ...] = ()


@dataclass(frozen=True)
class RegionFacts:
    """What one region said of itself; a part is None when it was not asked, or is among the gaps.

    role: as in the environment file, which is the role at birth. dark: why the region counts as dark, in words;
    empty when anything in it answered. cluster: the global cluster as this region shows it.
    """

    region: str
    role: str
    dark: str = ""
    gaps: tuple[Gap, ...] = ()
    stacks: tuple[Stack, ...] | None = None
    cluster: GlobalCluster | None = None
    database: Database | None = None
    table: Table | None = None
    measured: Measured | None = None
    alarms: tuple[Alarm, ...] | None = None
    subscribers: Subscribers | None = None


@dataclass(frozen=True)
class Check:
    """A health check as Route 53 lists it, and what is said of it.

    share: the share of Route 53's checkers that find it healthy now, None when they were not asked or did not say.
    mirrored: its status metric in us-east-1, a minute or two old; None when there is none.
    """

    id: str
    config: Mapping[str, Any]
    share: float | None = None
    mirrored: bool | None = None


@dataclass(frozen=True)
class Dns:
    """What Route 53 holds: the zone, our routed records, their checks, and what it says that it answers.

    resolved: by name, what ``TestDNSAnswer`` gave; empty for a private zone, which it can't ask.
    targets: the value of each record, by its name, then by region.
    asked: whether Route 53 could be asked what it answers. unheard: why it did not say so of every name, or empty.
    """

    zone: str
    private: bool = False
    records: tuple[Record, ...] = ()
    targets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    resolved: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    asked: bool = False
    unheard: str = ""


@dataclass(frozen=True)
class Report:
    """One look at an environment. ``seconds``: how long an answer was waited for."""

    suffix: str
    at_ms: int
    seconds: float
    regions: tuple[RegionFacts, ...]
    stacksets: StackSets | None = None
    dns: Dns | None = None
    gaps: tuple[Gap, ...] = ()

    def of(self, region: str) -> RegionFacts | None:
        """Return what that region said."""
        return next((each for each in self.regions if each.region == region), None)

    @property
    def cluster(self) -> GlobalCluster | None:
        """Return the global cluster; where regions differ, as the one shows it that it calls the writer's."""
        shown = [(each.region, each.cluster) for each in self.regions if each.cluster]
        own = [cluster for region, cluster in shown if cluster.writer and cluster.writer.region == region]
        return next(iter((*own, *(cluster for _, cluster in shown))), None)

    @property
    def active(self) -> str:
        """Return the region of the writer as the service shows it, or empty."""
        writer = self.cluster.writer if self.cluster else None
        return writer.region if writer else ""


@dataclass(frozen=True)
class Finding:
    """What is not as it should be: where, what, and what to do.

    coming: it is not there yet because the environment is new, and comes by itself.
    """

    where: str
    what: str
    hint: str = ""
    coming: bool = False
