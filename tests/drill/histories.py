"""Histories of drills that never were, made of few words; the tests of the judge and of the report begin with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

from recovery.objectives import Intervals
from twin.drill.record import Call, Event, History, Outcome, Promise, RegionSample, Row, Sample, Write

A, S = "eu-west-1", "eu-central-1"
START = 1_750_000_000_000
PAUSE = 200
"""Milliseconds between two rows of a worker."""

INTERVALS = Intervals(
    mode="manual",
    probe="metric",
    interval=10,
    step_seconds=3,
    notice_seconds=60,
    decision_seconds=300,
    approval_seconds=900,
    ttl=10,
)
OBJECTIVES = (900.0, 60.0)

LOST_AT, TOLD, TYPED, FENCE, PROMOTE, PROMOTED, PROVED, ANSWERED, BACK = 10, 100, 105, 108, 110, 113, 118, 190, 195
END = 220
"""Seconds of a region's loss after the drill began; each part of the RTO has a length of its own."""


def at(seconds: float) -> int:
    """Return the time of a second of the drill."""
    return START + round(seconds * 1000)


def event(seconds: float, source: str, region: str, what: str, cause: str = "", **detail: Any) -> Event:
    return Event(at(seconds), source, region, what, cause, detail)


def writes(
    region: str,
    began: float,
    ended: float,
    *,
    worker: str = f"{S}/1",
    outcome: Outcome = "acknowledged",
    first: int = 1,
    error: str = "",
    pause: int = PAUSE,
) -> list[Write]:
    """Return a worker's attempts: a row every so often, or the same one again and again where it is refused."""
    found = []
    for place, time in enumerate(range(at(began), at(ended), pause)):
        number, attempt = (first + place, 1) if outcome == "acknowledged" else (first, 1 + place)
        lsn = f"0/{time - START:X}" if outcome == "acknowledged" else ""
        found.append(Write(worker, number, attempt, time, time + 5, outcome, region, error, lsn))
    return found


def rows(of: Iterable[Write], region: str) -> tuple[Row, ...]:
    """Return the rows of all acknowledged writes, as ``region`` has them."""
    return tuple(Row(each.key, region, each.lsn) for each in of if each.outcome == "acknowledged")


Role = Literal["writer", "replica", "none"]


def sample(seconds: float, roles: tuple[Role, Role], answers: tuple[str, ...], step: str = "") -> Sample:
    seen = {
        name: RegionSample(role, role == "writer", 0.4 if role == "replica" else None)
        for name, role in zip((A, S), roles, strict=True)
    }
    return Sample(at(seconds), seen, answers, 5 if "writer" in roles else 0, 0 if "writer" in roles else 4, step)


def _loss_events() -> list[Event]:
    run = {"execution": "failover-1"}
    told = {"message": "eu-west-1 looks lost\n\nnext: python -m generator failover", "topic": "arn:aws:sns"}
    done = {"message": "The failover is done. Next: make eu-central-1 home", "topic": "arn:aws:sns"}
    answer: dict[str, Any] = {"name": "writer.db.example.com", "regions": [S], "before": [A]}
    return [
        event(LOST_AT, "disaster", A, f"{A} is gone"),
        event(LOST_AT + 0.1, "disaster", A, "every call hangs", "an outage begins", id="1"),
        event(LOST_AT + 14, "alarm", S, "dr-example-partner is ALARM", "no data", before="OK"),
        event(TOLD, "people", S, f"{A} looks lost", "", **told),
        event(
            TYPED, "person", "", "types python -m generator failover example.yaml --to eu-central-1", verb="failover"
        ),
        event(TYPED + 1, "state machine", S, "enters TakeLease", state="TakeLease", **run),
        event(TYPED + 1.5, "state machine", S, "enters Assess", state="Assess", **run),
        event(FENCE, "state machine", S, "enters Fence", state="Fence", **run),
        event(PROMOTE, "state machine", S, "enters Promote", state="Promote", **run),
        event(PROMOTED - 2, "service", S, "the failover is failing-over", status="failing-over"),
        event(PROMOTED, "database", S, "is the writer", "it was promoted", promoted=True, timeline=2, lsn="0/2710"),
        event(PROVED, "probe", S, f"{S} proves that it takes writes", "written and read back", proof=True),
        event(PROVED + 1, "state machine", S, "enters Tell", state="Tell", **run),
        event(PROVED + 2, "people", S, f"{S} is the writer", "", **done),
        event(PROVED + 3, "state machine", S, "the execution succeeded", ended="succeeded", output={}, **run),
        event(PROVED + 3.5, "person", "", "failover ended with 0", code=0),
        event(ANSWERED - 1, "health check", S, f"writer of {S} is healthy", "1 of 1", healthy=True, kind="CALCULATED"),
        event(ANSWERED, "dns", S, f"writer.db.example.com answers {S}", f"{A} unhealthy, {S} healthy", **answer),
        event(BACK, "application", S, "the first write is acknowledged", acknowledged=True),
    ]


def region_loss(**changed: Any) -> History:
    """Return a failover by a person that held all that was promised; ``changed`` are fields of the history."""
    before = writes(A, 0, LOST_AT)
    after = writes(S, BACK, END, first=len(before) + 1)
    refused = writes(A, LOST_AT, ANSWERED, outcome="refused", first=len(before) + 1, error="08006 timeout", pause=2000)
    first = replace(after[0], attempt=len(refused) + 1)
    samples = [
        *(sample(each, ("writer", "replica"), (A,)) for each in range(LOST_AT)),
        *(sample(each, ("none", "replica"), (A,)) for each in range(LOST_AT, FENCE)),
        *(sample(each, ("none", "replica"), (A,), "Promote") for each in range(FENCE, PROMOTED)),
        *(sample(each, ("none", "writer"), (A,), "Confirm") for each in range(PROMOTED, PROVED + 3)),
        *(sample(each, ("none", "writer"), (A,)) for each in range(PROVED + 3, ANSWERED)),
        *(sample(each, ("none", "writer"), (S,)) for each in range(ANSWERED, END)),
    ]
    history = History(
        scenario="region-loss",
        title="the active region is lost",
        kind="failover",
        seed=7,
        speed=1.0,
        environment="example",
        origin=A,
        target=S,
        regions=(A, S),
        began_ms=at(0),
        ended_ms=at(END),
        disaster_ms=at(LOST_AT),
        fenced_ms=at(LOST_AT),
        accepted_lag_seconds=98.0,
        promise=Promise(writer=S, recovery="succeeded", told=("looks lost",)),
        writes=tuple(sorted([*before, *refused, first, *after[1:]], key=lambda each: each.began_ms)),
        events=tuple(_loss_events()),
        samples=tuple(samples),
        rows=(*rows(before[:-3], S), *rows(after, S)),
        real=("PostgreSQL servers that stream to each other",),
        emulated=("AWS's control planes",),
        versions={"python": "3.11.2", "ministack": "1.5.33"},
        calls=(
            Call("arn:aws:iam::111122223333:role/dr-example-eu-central-1-promote", "rds", "FailoverGlobalCluster", S),
        ),
    )
    return replace(history, **changed)


def switchover(**changed: Any) -> History:
    """Return a switchover in which writes stopped for four seconds and nothing was lost."""
    before, after = writes(A, 0, 15), writes(S, 19, 40, first=76)
    run = {"execution": "switchover-1"}
    answer: dict[str, Any] = {"name": "writer.db.example.com", "regions": [S], "before": [A]}
    done: dict[str, Any] = {"message": "The switchover is done. Next: make eu-central-1 home", "topic": "arn:aws:sns"}
    events = (
        event(10, "person", "", "types python -m generator switchover example.yaml", verb="switchover"),
        event(11, "state machine", S, "enters Assess", state="Assess", **run),
        event(12, "state machine", S, "enters Promote", state="Promote", **run),
        event(14.8, "service", S, "the switchover is switching-over", status="switching-over"),
        event(16, "database", S, "is the writer", "it was promoted", promoted=True),
        event(17, "probe", S, "proves", proof=True),
        event(18, "dns", S, "writer.db.example.com answers eu-central-1", **answer),
        event(18.5, "people", S, f"{S} is the writer", "", **done),
        event(18.6, "state machine", S, "the execution succeeded", ended="succeeded", **run),
    )
    samples = (
        *(sample(each, ("writer", "replica"), (A,)) for each in range(15)),
        *(sample(each, ("replica", "replica"), (A,)) for each in range(15, 16)),
        *(sample(each, ("replica", "writer"), (A,)) for each in range(16, 18)),
        *(sample(each, ("replica", "writer"), (S,)) for each in range(18, 40)),
    )
    return region_loss(
        **{
            "scenario": "planned-switchover",
            "title": "the writer is moved",
            "kind": "switchover",
            "ended_ms": at(40),
            "disaster_ms": at(10),
            "fenced_ms": at(15),
            "accepted_lag_seconds": None,
            "promise": Promise(writer=S, recovery="succeeded", lossless=True),
            "writes": (*before, *after),
            "events": events,
            "samples": samples,
            "rows": rows((*before, *after), S),
            "calls": None,
            **changed,
        }
    )


def quiet(**changed: Any) -> History:
    """Return a fault that nobody has to recover from: the writer hangs for a while, and nothing moves."""
    before, after = writes(A, 0, 12), writes(A, 20, 40, first=61)
    return region_loss(
        **{
            "scenario": "flapping",
            "title": "the writer is away for a moment",
            "kind": "none",
            "ended_ms": at(40),
            "disaster_ms": at(12),
            "fenced_ms": None,
            "accepted_lag_seconds": None,
            "promise": Promise(writer=A, recovery="none", lossless=True),
            "writes": (*before, *after),
            "events": (event(12, "disaster", A, f"the database of {A}: stop"),),
            "samples": tuple(sample(each, ("writer", "replica"), (A,)) for each in range(40)),
            "rows": rows((*before, *after), A),
            "calls": None,
            **changed,
        }
    )
