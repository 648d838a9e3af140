"""RTO and RPO arithmetic: what the configured intervals add up to, before anything is deployed.

A recovery takes the sum of six parts, which run one after the other: noticing, deciding, fencing,
promoting, dns, client. Each part is a few terms, and each term is the longest it may take as configured, or
what AWS documents where that is all there is, with its reason and the page that the figure comes from. A
drill puts the measured time of each part beside its budget. Timeouts that add up to more than the objective
are trap 51.

Nothing here reads a clock, a file or AWS.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Part = Literal["noticing", "deciding", "fencing", "promoting", "dns", "client"]
PARTS: tuple[Part, ...] = ("noticing", "deciding", "fencing", "promoting", "dns", "client")

Mode = Literal["manual", "approval", "automatic"]
ProbeKind = Literal["metric", "endpoint"]

SCHEDULE_SECONDS = 60
"""EventBridge Scheduler starts nothing oftener than once a minute (EventBridge Scheduler User Guide,
"Schedule types"); ``notice`` and the probes are started so."""

STEPS_OF_A_PROOF = 3
"""A proof connects, writes and reads back; each step has the configured limit."""

ASSESS_SECONDS = 10
"""The state machine reads the tables and the global cluster's description, before and after an approval."""

FENCE_SECONDS = 30
"""The state machine gives the fence up after this long: it is best effort, and the lost region may never
answer. A test holds it to the definition's own limit."""

PROMOTION_SECONDS = 180
"""Aurora User Guide, "Using switchover or failover in Amazon Aurora Global Database": the chosen secondary
typically takes over "within a few minutes", read here as three. AWS's announcement of managed failover
(August 2023) says "typically a minute"; a drill says what it was."""

METRIC_SECONDS = 180
"""Route 53 Developer Guide, "Monitoring health checks using CloudWatch" and "How Route 53 determines the
status of health checks that monitor CloudWatch alarms": it reads the data stream at standard resolution.
One period of a minute must end and the datum arrive; two to three minutes are seen."""

CHECK_INTERVAL_SECONDS = 10
CHECK_THRESHOLD = 3
"""The endpoint's check: fast interval, three answers in a row (Route 53 Developer Guide, "How Amazon Route 53
determines whether a health check is healthy")."""

CHECK_ANSWER_SECONDS = 6
"""Four seconds to connect and two to answer: the last of the three answers (same page)."""

PROPAGATION_SECONDS = 10
"""From the check's new status to the name servers' new answer; the documentation gives no figure, drills do."""

CLIENT_SECONDS = 10
"""One connection attempt that fails at its limit and the next one, with the client guide's settings (connect
limit 5 seconds); pooled connections die by keepalive while the other parts run (trap 19)."""


@dataclass(frozen=True)
class Intervals:
    """What an environment configures, in seconds."""

    mode: Mode
    probe: ProbeKind
    interval: int
    step_seconds: int
    notice_seconds: int
    decision_seconds: int
    approval_seconds: int
    ttl: int


@dataclass(frozen=True)
class Term:
    """One summand: the part it belongs to, at most how long, why, and where the figure comes from."""

    part: Part
    seconds: int
    reason: str
    source: str


@dataclass(frozen=True)
class Budget:
    """The terms of a recovery, in the order in which they pass."""

    terms: tuple[Term, ...]

    @property
    def sum(self) -> int:
        """Return the longest time without acknowledged writes, in seconds."""
        return sum(term.seconds for term in self.terms)

    def of(self, part: Part) -> int:
        """Return one part's share, in seconds."""
        return sum(term.seconds for term in self.terms if term.part == part)

    @property
    def parts(self) -> dict[Part, int]:
        """Return every part's share, in seconds, in the order in which they pass."""
        return {part: self.of(part) for part in PARTS}

    def table(self) -> tuple[tuple[str, str, str, str], ...]:
        """Return rows of part, seconds, reason and source, and the sum as the last one."""
        rows = tuple((term.part, str(term.seconds), term.reason, term.source) for term in self.terms)
        return (*rows, ("sum", str(self.sum), "", ""))

    def addends(self) -> str:
        """Return the sum in words: ``noticing 139 + deciding 300 + … = 709 s``."""
        return " + ".join(f"{part} {seconds}" for part, seconds in self.parts.items()) + f" = {self.sum} s"


def budget(intervals: Intervals) -> Budget:
    """Return the longest that each part of an unplanned failover may take, as configured."""
    return Budget(
        (
            *_noticing(intervals),
            *_deciding(intervals),
            Term("fencing", FENCE_SECONDS, "the fence is given up after this long, and recorded", "recovery"),
            Term(
                "promoting",
                PROMOTION_SECONDS,
                "the service promotes the target",
                "Aurora User Guide: using switchover or failover",
            ),
            *_dns(intervals),
            Term("client", CLIENT_SECONDS, "one connection attempt at its limit, and the next", "client guide"),
        )
    )


def lag_visible_seconds(intervals: Intervals) -> int:
    """Return the smallest RPO that can be told from a healthy lag, in seconds.

    The lag is the age of a heartbeat that is written once an interval and read once an interval, so it is
    seen as up to two intervals when nothing at all is behind. A shorter ``notice_seconds`` would take that
    for a loss.
    """
    return 2 * intervals.interval + intervals.step_seconds


def _noticing(intervals: Intervals) -> Iterator[Term]:
    yield Term(
        "noticing",
        intervals.notice_seconds,
        "the newest heartbeat must be that old; the probe finds the region silent meanwhile",
        "recovery.notice_seconds",
    )
    yield Term("noticing", intervals.interval, "what the probe sees is written once an interval", "probe.interval")
    yield Term(
        "noticing", SCHEDULE_SECONDS, "notice looks once a minute", "EventBridge Scheduler User Guide: schedule types"
    )


def _deciding(intervals: Intervals) -> Iterator[Term]:
    if intervals.mode == "manual":
        yield Term("deciding", intervals.decision_seconds, "a person decides", "recovery.decision_seconds")
    if intervals.mode == "approval":
        yield Term("deciding", intervals.approval_seconds, "a person approves", "recovery.approval_minutes")
        yield Term("deciding", ASSESS_SECONDS, "assessed again after the approval", "recovery")
    if intervals.mode == "automatic":
        yield Term("deciding", intervals.interval, "the other voters' newest views arrive", "probe.interval")
    yield Term("deciding", ASSESS_SECONDS, "the lease is taken and the state assessed", "recovery")


def _dns(intervals: Intervals) -> Iterator[Term]:
    proof = STEPS_OF_A_PROOF * intervals.step_seconds
    yield Term("dns", intervals.interval + proof, "the new writer's first proof", "probe.interval and step_seconds")
    if intervals.probe == "metric":
        yield Term(
            "dns",
            METRIC_SECONDS,
            "Route 53 reads the proof's metric from the data stream",
            "Route 53 Developer Guide: determining health",
        )
    else:
        yield Term(
            "dns",
            CHECK_INTERVAL_SECONDS * CHECK_THRESHOLD + CHECK_ANSWER_SECONDS,
            f"{CHECK_THRESHOLD} good answers in a row, {CHECK_INTERVAL_SECONDS} s apart",
            "Route 53 Developer Guide: determining health",
        )
    yield Term("dns", PROPAGATION_SECONDS, "the name servers take the check's new status", "seen, not documented")
    yield Term("dns", intervals.ttl, "a resolver keeps the old answer", "dns.ttl")
