"""What is known at one moment, frozen: the facts that every decision of this package starts from.

Nothing here asks or remembers anything. A function, the command line or the twin gathers the facts and
hands them in; the time is an argument of each decision. All times are milliseconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass

"""Kind of the state table's item, named after a region, that says a fence was asked for there.

It is written before the fence and before the promotion, so that a failover that was killed between its
promotion and its marker still knows whom it took over from.
"""

CONNECTED = "connected"
"""``SynchronizationStatus`` of a member that replicates (RDS API, ``GlobalClusterMember``)."""

IN_PROGRESS = frozenset({"pending", "failing-over", "switching-over", "cancelling"})
"""``FailoverState.Status`` while a switchover or a failover runs (RDS API, ``FailoverState``: its description has
``switching-over``, which its list of values lacks)."""


@dataclass(frozen=True)
class Member:
    """One cluster of the global cluster, as ``DescribeGlobalClusters`` lists it.

    synchronisation: ``connected``, ``pending-resync``, or empty when the answer did not say.
    """

    arn: str
    region: str
    writer: bool
    synchronisation: str = ""


@dataclass(frozen=True)
class Swap:
    """A switchover (``data_loss`` false) or failover that the service is at."""

    status: str
    from_arn: str
    to_arn: str
    data_loss: bool

    @property
    def verb(self) -> str:
        """Return what the service is doing, for a sentence."""
        return "failover" if self.data_loss else "switchover"


@dataclass(frozen=True)
class GlobalCluster:
    """The global cluster as one region's ``DescribeGlobalClusters`` shows it; it may lag."""

    identifier: str
    version: str
    members: tuple[Member, ...]
    swap: Swap | None = None

    @property
    def writer(self) -> Member | None:
        """Return the member that is the writer."""
        return next((member for member in self.members if member.writer), None)

    def member(self, region: str) -> Member | None:
        """Return the member in ``region``."""
        return next((member for member in self.members if member.region == region), None)

    def region_of(self, arn: str) -> str:
        """Return the region of the member ``arn``; of an ARN that is no member, what the ARN says."""
        known = next((member.region for member in self.members if member.arn == arn), "")
        return known or arn_region(arn)


@dataclass(frozen=True)
class Database:
    """A region's own cluster, as ``DescribeDBClusters`` in that region shows it."""

    arn: str
    status: str
    version: str
    instances: int


@dataclass(frozen=True)
class View:
    """What ``voter`` last saw of region ``about``; ``voter == about`` is a region's own proof.

    role: ``writer``, ``replica`` or ``unknown``, as the database itself said.
    writer: a write was proved (own view), or the partner said that it is the writer.
    reached: the database answered a question.
    at_ms, valid_until_ms: milliseconds since 1970; after the second the view says nothing any more.
    lag_seconds: age of the replicated heartbeat, on a replica only; negative when it is from the future.
    supersedes: regions that the voter has taken over from; in its own view only.
    """

    voter: str
    about: str
    role: str
    writer: bool
    reached: bool
    reason: str
    at_ms: int
    valid_until_ms: int
    lag_seconds: float | None = None
    supersedes: tuple[str, ...] = ()

    def fresh(self, now_ms: int) -> bool:
        """Return whether the view still says something at ``now_ms``."""
        return now_ms < self.valid_until_ms


@dataclass(frozen=True)
class Mark:
    """A region that something was recorded about (its fence, its marker), when, and by which execution."""

    region: str
    at_ms: int
    execution: str = ""


@dataclass(frozen=True)
class Snapshot:
    """All facts of one decision, seen from ``region``.

    cluster: ``None`` when there is no such global cluster.
    database: the cluster in ``region``; ``None`` when there is none.
    active_database: the active region's own account of its cluster; asked for a switchover only.
    fences, markers: what the state table of ``region`` holds.
    holder: the execution that holds the lease, or empty.
    """

    region: str
    data_regions: tuple[str, ...]
    witness_regions: tuple[str, ...] = ()
    cluster: GlobalCluster | None = None
    database: Database | None = None
    active_database: Database | None = None
    views: tuple[View, ...] = ()
    fences: tuple[Mark, ...] = ()
    markers: tuple[Mark, ...] = ()
    holder: str = ""

    @property
    def active(self) -> str:
        """Return the region of the writer as the service shows it, or empty."""
        writer = self.cluster.writer if self.cluster else None
        return writer.region if writer else ""

    @property
    def swap(self) -> Swap | None:
        """Return the switchover or failover in progress."""
        swap = self.cluster.swap if self.cluster else None
        return swap if swap is not None and swap.status in IN_PROGRESS else None

    def view(self, voter: str, about: str) -> View | None:
        """Return what ``voter`` last saw of ``about``."""
        return next((view for view in self.views if (view.voter, view.about) == (voter, about)), None)

    def proof(self, region: str) -> View | None:
        """Return the view of ``region`` about itself."""
        return self.view(region, region)

    def proved(self, region: str, now_ms: int) -> bool:
        """Return whether ``region`` proves at ``now_ms`` that it takes writes."""
        view = self.proof(region)
        return view is not None and view.writer and view.fresh(now_ms)

    def fence(self, region: str) -> Mark | None:
        """Return the record of a fence on ``region``."""
        return next((fence for fence in self.fences if fence.region == region), None)

    def marker(self, region: str) -> Mark | None:
        """Return the marker that says that ``region`` is superseded."""
        return next((marker for marker in self.markers if marker.region == region), None)


def arn_region(arn: str) -> str:
    """Return the region field of an ARN, empty when it has none (IAM User Guide, "Amazon Resource Names")."""
    fields = arn.split(":")
    return fields[3] if len(fields) > 3 else ""


def violations(snapshot: Snapshot, now_ms: int) -> tuple[str, ...]:
    """Return each invariant that the facts break, as a sentence; empty when all hold.

    Facts that recovery may leave behind when it ended with a failure (a marker about a region that is
    still the writer) are among them: they need a person, and are told once they last (:mod:`recovery.breach`);
    some are true for a moment while the writer moves.
    """
    found: list[str] = []
    writers = [member.region for member in snapshot.cluster.members if member.writer] if snapshot.cluster else []
    if len(writers) > 1:
        found.append(f"the global cluster has more than one writer: {', '.join(writers)}")
    if snapshot.marker(snapshot.region):
        found.append(f"{snapshot.region} has declared itself superseded")
    proving = [region for region in snapshot.data_regions if snapshot.proved(region, now_ms)]
    superseded = {marker.region for marker in snapshot.markers}
    for view in snapshot.views:
        superseded |= set(view.supersedes)
    answered = [region for region in proving if region not in superseded]
    if len(answered) > 1:
        found.append(f"more than one region takes writes and none is superseded: {', '.join(answered)}")
    if snapshot.holder or snapshot.swap:
        return tuple(found)
    active = snapshot.active
    if active and active != snapshot.region and snapshot.marker(active):
        found.append(f"{active} is the writer and is marked superseded, so nobody is answered")
    proof = snapshot.proof(active)
    if proof is not None and proof.fresh(now_ms) and proof.role == "replica":
        found.append(f"{active} is shown as the writer, and its own database says that it is a replica")
    if active and snapshot.fence(active) and not snapshot.marker(active):
        found.append(f"{active} is the writer and is fenced, and no recovery runs")
    return tuple(found)
