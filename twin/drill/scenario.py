"""Scenarios: what is broken, when, and what must hold. One YAML file each, in ``twin/scenarios/``.

Places are named by their part, so that a scenario fits every environment: ``origin``, ``standby`` (the first),
``standby-2``, ``witness``, and ``active``, which is the writer at that moment. Durations are seconds as configured:
they are divided by the drill's speed, like every interval.

Steps come one after the other. A step is one verb with its place, and its options beside it::

    - lose: origin
    - until: told
    - failover: standby
      accept_data_loss: true
    - until: recovered
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from generator.errors import UsageError
from twin.drill.record import Promise

FOLDER = Path(__file__).resolve().parents[1] / "scenarios"

CROSSED = ("1", "2", "3", "4", "5", "6", "7")
"""The faults of a writer's database: played idle and loaded, and again after everything is whole again."""

Place = Annotated[str, Field(pattern=r"^(origin|standby|standby-\d|witness|active)$")]
Seconds = Annotated[float, Field(ge=0, le=86400)]
How = Literal["hangs", "refuses", "throttles", "errors", "slow"]


class Step(BaseModel):
    """What happens next. The verb is the first field of each kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    verb: ClassVar[str] = ""

    def told(self) -> str:
        """Return the step in words, as the file has it."""
        said = self.model_dump(exclude_defaults=True)
        return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in said.items())


class Wait(Step):
    """Let time pass."""

    verb = "wait"
    wait: Seconds


class Lose(Step):
    """Take a region away: endpoints, functions, databases, paths, the application in it.

    how: ``dead`` (its machines are gone) or ``silent`` (cut off: no service of AWS answers there, the database goes on
    for the region's own users).
    """

    verb = "lose"
    lose: Place
    how: Literal["dead", "silent"] = "dead"


class Heal(Step):
    """Give back what was taken from a region, or everything."""

    verb = "heal"
    heal: Place | Literal["everything"]


class Isolate(Step):
    """Cut a region off from all others; its own users and functions go on (a partition)."""

    verb = "isolate"
    isolate: Place


class Database(Step):
    """Do something to a region's PostgreSQL (``twin.cloud.databases.knobs``)."""

    verb = "database"
    database: Place
    act: str
    seconds: float = 0.0


class Way(Step):
    """Break the way to a region's database; from everywhere when ``origin`` is not given."""

    verb = "path"
    path: Place
    origin: Place | None = None
    how: Literal["open", "silent", "drop", "refuse"] = "open"
    delay: float = 0.0
    loss: float = 0.0


class Replication(Step):
    """Cut the replication to a region, or slow it."""

    verb = "replication"
    replication: Place
    how: Literal["streaming", "cut"] = "streaming"
    delay: float = 0.0


class Service(Step):
    """Let calls of AWS services fail: patterns with ``*``, several parted by ``|``."""

    verb = "service"
    service: str
    regions: tuple[Place, ...] = ()
    actions: str = "*"
    how: How = "hangs"
    times: int | None = None
    seconds: float = 0.0
    after_effect: bool = False


class Functions(Step):
    """Let functions of a region fail; ``name`` is how their names end."""

    verb = "functions"
    functions: Place
    name: str
    how: Literal["crash", "timeout", "throttled", "unscheduled", "idle"] = "crash"
    times: int | None = None


class Checkers(Step):
    """Let only a share of Route 53's checkers see a region's endpoint."""

    verb = "checkers"
    checkers: Place
    share: float = Field(ge=0, le=1)


class Destroy(Step):
    """Delete every row that the application has written, by a statement: replication copies it as any other."""

    verb = "destroy"
    destroy: Place


class Clock(Step):
    """Let the clock that a region's functions read be ahead, or behind when negative; databases keep the true time."""

    verb = "clock"
    clock: Place
    seconds: float


class Zombie(Step):
    """How long a lost writer that comes back takes itself for the writer, until the service fences it (trap 8)."""

    verb = "zombie"
    zombie: Seconds


class Objects(Step):
    """Write objects into the active region's bucket, or hold their replication up."""

    verb = "objects"
    objects: Literal["write", "stop", "go"]
    count: int = 10


class Failover(Step):
    """A person starts a failover; ``people``: so many at once. ``refused`` and ``busy``: how the extra ones end."""

    verb = "failover"
    failover: Place
    accept_data_loss: bool = False
    people: int = 1
    approval: bool = False
    wait: bool = False


class Switchover(Step):
    """A person starts a switchover."""

    verb = "switchover"
    switchover: Place
    wait: bool = False


class Decide(Step):
    """A person answers the execution that waits for an approval."""

    verb = "decide"
    decide: Literal["approve", "refuse"]


class Rehome(Step):
    """A person makes the active region home."""

    verb = "rehome"
    rehome: Place


class Kill(Step):
    """Kill the running execution when it is in a state; somebody starts the same again."""

    verb = "kill"
    kill: str
    within: Seconds = 120.0


class Until(Step):
    """Wait for something to be seen; the drill fails when it is not, ``within`` so many seconds.

    ``told``: people got a message that the active region looks lost. ``recovered``: writes are acknowledged in a region
    that DNS answers, and the execution has ended. ``writing``: any write was acknowledged since the step began.
    ``stopped``: none was for three seconds. ``moved``: DNS answers another region. ``ended``: no execution runs.
    ``rejoined``: every region but one is a replica that follows, and no marker or fence is left.
    """

    verb = "until"
    until: Literal["told", "recovered", "writing", "stopped", "moved", "ended", "rejoined", "approval", "promoting"]
    within: Seconds = 900.0


class Repeat(Step):
    """Do steps several times."""

    verb = "repeat"
    repeat: int = Field(ge=1, le=1000)
    steps: Annotated[tuple[Any, ...], BeforeValidator(lambda said: tuple(step(each) for each in said))]


KINDS: tuple[type[Step], ...] = (
    Wait, Lose, Heal, Isolate, Database, Way, Replication, Service, Functions, Checkers, Objects, Destroy, Clock,
    Zombie, Failover, Switchover, Decide, Rehome, Kill, Until, Repeat,
)  # fmt: skip
VERBS: Mapping[str, type[Step]] = {kind.verb: kind for kind in KINDS}


def step(said: Any) -> Step:
    """Return the step that a mapping of the file says. Raises ``ValueError``."""
    verbs = [verb for verb in VERBS if isinstance(said, dict) and verb in said]
    if not verbs:
        raise ValueError(f"a step has one of {', '.join(VERBS)}; this has none: {said}")
    first = next(name for name in said if name in verbs)
    return VERBS[first].model_validate(said)


class Promised(BaseModel):
    """What must hold, beside the invariants that always must (:class:`twin.drill.record.Promise`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    writer: Place | Literal[""] = ""
    recovery: Literal["", "succeeded", "refused", "none"] = ""
    lossless: bool = False
    told: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    down: bool = False
    fenced: bool = False


class Load(BaseModel):
    """How the application writes: connections in each region, rows a second of each.

    careless: without the settings of the client guide.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    connections: int = Field(2, ge=1, le=50)
    per_second: float = Field(5.0, gt=0, le=1000)
    careless: bool = False


LOADS: Mapping[str, Load] = {
    "idle": Load(connections=1, per_second=0.5),
    "loaded": Load(connections=8, per_second=20),
}
"""Other loads than a scenario's own: a system where nothing happens, and one that is busy."""


class Scenario(BaseModel):
    """A scenario as its file says it.

    faults: rows of docs/faults.md that it plays. name, asked: what it is called and by which words ``drill`` plays it,
    which no file says.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = ""
    asked: str = ""
    title: str
    why: str
    kind: Literal["failover", "switchover", "failback", "none"]
    environment: str = "example"
    settings: Mapping[str, Any] = Field(default_factory=dict)
    faults: tuple[str, ...] = ()
    load: Load = Load()
    steps: Annotated[tuple[Step, ...], BeforeValidator(lambda said: tuple(step(each) for each in said))]
    promise: Promised = Promised()

    def with_load(self, name: str) -> Scenario:
        """Return it with one of the :data:`LOADS`, of which its name tells. Raises :class:`UsageError`."""
        if name not in LOADS:
            raise UsageError(f"there is no load {name}", hint=f"it is {' or '.join(LOADS)}")
        load = LOADS[name].model_copy(update={"careless": self.load.careless})
        title = f"{self.title}, {'with little' if name == 'idle' else 'with much'} to do"
        asked = f"{self.asked} --load {name}"
        return self.model_copy(update={"load": load, "name": f"{self.name}-{name}", "title": title, "asked": asked})

    def promised(self, regions: Mapping[str, str]) -> Promise:
        """Return the promise with the regions' names."""
        said = self.promise
        return Promise(
            writer=regions[said.writer] if said.writer else "",
            recovery=said.recovery,
            lossless=said.lossless,
            told=said.told,
            heard=said.heard,
            down=said.down,
            fenced=said.fenced,
        )


def load(name: str) -> Scenario:
    """Return the scenario of that name, or in that file. Raises :class:`UsageError`, which names what is wrong."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else FOLDER / f"{name}.yaml"
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(each.stem for each in FOLDER.glob("*.yaml")))
        raise UsageError(f"there is no scenario {name}", hint=f"one of {known}, or a file's path") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{path} can't be read: {' '.join(str(error).split())}", hint="it is YAML") from error
    if not isinstance(said, dict):
        raise UsageError(f"{path} is no mapping", hint="look at twin/scenarios/region-loss.yaml")
    try:
        return Scenario.model_validate({**said, "name": path.stem, "asked": shlex.quote(name)})
    except ValidationError as error:
        raise UsageError(f"{path}: {_first(error)}", hint="look at twin/scenarios/region-loss.yaml") from error


def every() -> tuple[Scenario, ...]:
    """Return all scenarios that come with the library, by name."""
    return tuple(load(path.stem) for path in sorted(FOLDER.glob("*.yaml")))


def crossed() -> tuple[Scenario, ...]:
    """Return for each of the first faults the scenario that is most about it, with each other load."""
    plain = [each for each in every() if each.load == Load()]
    most = [min((each for each in plain if fault in each.faults), key=lambda e: len(e.faults)) for fault in CROSSED]
    return tuple(each.with_load(load) for each in most for load in LOADS)


def _first(error: ValidationError) -> str:
    found = error.errors()[0]
    place = ".".join(str(part) for part in found["loc"])
    return f"{place}: {found['msg']}" if place else str(found["msg"])


def any_seed() -> int:
    """Return a seed that nobody has chosen."""
    return secrets.randbelow(1_000_000)
