"""Sees a drill from the outside: PostgreSQL, health checks, DNS answers, the application's writes, the journal.

A thread looks twice a second, and oftener at high speed, and keeps samples and events for the history. Waiting for
something to be seen is done on what this has seen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from twin.cloud.knobs import KnobsError
from twin.drill.record import Event, RegionSample, Sample, Write
from twin.drill.stage import Stage

LOOK_SECONDS = 0.5


class Shown(Protocol):
    """Who is shown what is seen, as it is seen."""

    def event(self, event: Event) -> None:
        """Show an event."""

    def sample(self, sample: Sample) -> None:
        """Show a sample."""


@dataclass
class Observer:
    """Looks at a stage until it is told to end. Everything it has may be read while it looks."""

    stage: Stage
    shown: Shown
    events: list[Event] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        self._seen = threading.Condition()
        self._read = 0
        self._steps: dict[str, str] = {}
        self._firsts: set[tuple[str, str]] = set()
        self._thread = threading.Thread(target=self._look, name="observer", daemon=True)

    def __enter__(self) -> Observer:
        self._read = max((each["number"] for each in self.stage.knobs.journal()), default=0)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def newest(self) -> Sample | None:
        """Return the newest sample."""
        return self.samples[-1] if self.samples else None

    @property
    def steps(self) -> dict[str, str]:
        """Return the state that each running execution is in, by the execution's name."""
        return dict(self._steps)

    def note(self, source: str, region: str, what: str, cause: str = "", **detail: Any) -> Event:
        """Add an event of the drill's own, as of now."""
        event = Event(int(time.time() * 1000), source, region, what, cause, detail)
        self._add(event)
        return event

    def wait(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Return whether ``holds()`` came true within so many seconds, looking whenever something new is seen."""
        last = time.monotonic() + seconds
        while not holds():
            left = last - time.monotonic()
            if left <= 0 or self._ended.is_set():
                return False
            with self._seen:
                self._seen.wait(min(left, LOOK_SECONDS))
        return True

    def _look(self) -> None:
        """Look again and again; a look that fails leaves a hole in the samples, which the judge sees."""
        pause = max(0.1, LOOK_SECONDS / max(1.0, self.stage.speed / 5))
        blind = False
        while not self._ended.is_set():
            try:
                self._take()
                blind = False
            except (OSError, KnobsError) as error:
                if not blind:
                    self.note("twin", "", "nobody can look at the local cloud", str(error))
                blind = True
            with self._seen:
                self._seen.notify_all()
            self._ended.wait(pause)

    def _take(self) -> None:
        for each in self.stage.knobs.journal(self._read):
            self._read = each.pop("number")
            self._add(Event(**each))
        writes = self.stage.writes()
        self._firsts_of(writes)
        self._sample(writes)

    def _sample(self, writes: list[Write]) -> None:
        databases, watched = self.stage.databases(), self.stage.watch()
        since = self.samples[-1].at_ms if self.samples else 0
        now = int(time.time() * 1000)
        recent = [each for each in writes if since < each.ended_ms <= now]
        checks = {
            each["region"]: each["healthy"] for each in watched["checks"].values() if each["kind"] == "CALCULATED"
        }
        answer = watched["answers"].get(self.stage.writer_name, {"regions": []})
        regions = {}
        for each in self.stage.environment.data_regions:
            seen = databases.get(each.name, {"role": "none"})
            role: Literal["writer", "replica", "none"] = seen["role"]
            regions[each.name] = RegionSample(role, checks.get(each.name), seen.get("lag_seconds"))
        sample = Sample(
            at_ms=now,
            regions=regions,
            answers=tuple(answer["regions"]),
            acknowledged=sum(each.outcome == "acknowledged" for each in recent),
            refused=sum(each.outcome != "acknowledged" for each in recent),
            step=", ".join(self._steps.values()),
        )
        self.samples.append(sample)
        self.shown.sample(sample)

    def _firsts_of(self, writes: list[Write]) -> None:
        """Note the first acknowledged write of each application in each region that is new to it."""
        for each in writes:
            if each.outcome == "acknowledged" and (each.worker.split("/")[0], each.region) not in self._firsts:
                who = each.worker.split("/")[0]
                self._firsts.add((who, each.region))
                what = f"the application in {who} gets its first write acknowledged by {each.region}"
                self._add(Event(each.ended_ms, "application", each.region, what, detail={"acknowledged": True}))

    def _add(self, event: Event) -> None:
        if event.source == "state machine":
            name = str(event.detail.get("execution", ""))
            if "ended" in event.detail:
                self._steps.pop(name, None)
            elif "state" in event.detail:
                self._steps[name] = str(event.detail["state"])
        self.events.append(event)
        self.shown.event(event)
