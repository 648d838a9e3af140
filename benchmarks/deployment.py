"""What a deployment costs: planning, calls to AWS against the fewest that there could be, time against the cloud's own.

The deployments go to the local cloud, over HTTP; their seconds say nothing about AWS's, their calls do.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import python, turns
from benchmarks.scenarios import Goal, Result, environment
from generator.aws.clients import Clouds, Keys
from generator.aws.deploy import Options, deploy
from generator.aws.deploy import Result as Deployed
from generator.config import Environment, load
from generator.plan.model import Kind
from generator.values import two_passes
from twin.cloud.knobs import Knobs
from twin.cloud.process import Options as CloudOptions
from twin.cloud.process import local_cloud

REGIONS, FEW, MANY = 10, 10, 100
CHANGING = ("Create", "Update", "Delete", "Put", "Set")
"""How actions begin that change something. A second deployment asks the bootstrap only what it would do."""


def results(times: int) -> Iterator[Result]:
    """Return the tables of deployments, in the page's order, each as soon as it is measured."""
    with tempfile.TemporaryDirectory() as made:
        yield planning(Path(made), max(3, times // 3))
        yield from deploying(Path(made))


def planning(place: Path, times: int) -> Result:
    """Measure one process that loads and plans environments of ten regions."""
    commands = {}
    for count in (1, FEW, MANY):
        folder = place / f"plans-{count}"
        folder.mkdir()
        for index in range(count):
            (folder / f"{index:03}.yaml").write_text(environment(REGIONS, f"bench{index}"))
        commands[str(count)] = python("-m", "benchmarks.plans", str(folder))
    measured = turns(commands, times)
    few, many = measured[str(FEW)], measured[str(MANY)]
    return Result(
        "Plans",
        f"One process that loads that many environments of {REGIONS} regions and plans the first deployment of each.",
        tuple((name, each) for name, each in measured.items()),
        (Goal(f"{MANY} plans against {FEW}, over linear growth", many.seconds / few.seconds / (MANY / FEW), 1.0),),
    )


@dataclass(frozen=True)
class _Run:
    """One deployment: what came of it, the calls that it made by action, its seconds, and the cloud's own."""

    deployed: Deployed
    calls: Mapping[str, int]
    seconds: float
    work: float

    @property
    def count(self) -> int:
        return sum(self.calls.values())

    @property
    def changing(self) -> int:
        return sum(count for action, count in self.calls.items() if action.startswith(CHANGING))


def deploying(place: Path) -> Iterator[Result]:
    """Measure a first deployment in two regions, and a second one that finds nothing to do."""
    path = place / "deployed.yaml"
    path.write_text(environment(2, "bench"))
    chosen = load(path)
    with local_cloud(CloudOptions(functions="answers")) as cloud:
        knobs = Knobs(cloud.url)
        clouds = Clouds(chosen, local=Keys(cloud.url))
        first, second = _run(chosen, clouds, knobs), _run(chosen, clouds, knobs)
    fewest = lowest(first.deployed, first.calls["SetStackPolicy"], first.calls["PutObject"] - 1)
    yield Result(
        "Calls to AWS",
        "A first deployment of two regions to the local cloud, and a second one that finds nothing to do. The fewest"
        " that a first one could make: every StackSet, plain stack, package and stack policy made once; one operation"
        " for each group of regions with the same parameters, and one for each second pass; each operation asked about"
        " once and its stacks read once; the lease taken and given back; the database prepared.",
        (
            ("the fewest for a first deployment", (str(fewest), "")),
            ("a first deployment", (str(first.count), str(first.changing))),
            ("a second deployment", (str(second.count), str(second.changing))),
        ),
        (
            Goal("calls of a first deployment against the fewest", first.count / fewest, 1.25),
            Goal("calls that change something in a second deployment", float(second.changing), 0.0),
        ),
        headings=("calls", "that change something"),
    )
    yield Result(
        "Local deployment",
        "The same first deployment by the clock, against what the local cloud itself worked at meanwhile.",
        (
            ("the cloud's own work", (f"{first.work:.3f}",)),
            ("the whole deployment", (f"{first.seconds:.3f}",)),
            ("the second deployment", (f"{second.seconds:.3f}",)),
        ),
        (Goal("a local deployment against the cloud's own work", first.seconds / first.work, 3.0),),
        headings=("seconds",),
    )


def lowest(deployed: Deployed, policies: int, packages: int) -> int:
    """Return the fewest calls with which this could have been deployed, in the order of the page's sentence."""
    environment, seen = deployed.environment, deployed.seen
    works = [work for wave in deployed.plan.waves for work in wave]
    groups = {
        stackset.name: len({tuple(sorted(each.stack.parameters.items())) for each in stackset.instances if each.stack})
        for stackset in seen.stacksets.values()
    }
    twice = {each.name for each in works if each.kind is Kind.STACKSET and two_passes(environment, each.places[0])}
    operations = sum(groups.values()) + sum(groups[name] for name in twice)
    made = len(groups) + len(seen.plain) + packages + policies
    identity, body, lease, database = 1, 1, 2, 1
    return identity + body + lease + database + made + operations * 3 + len(seen.plain)


def _run(chosen: Environment, clouds: Clouds, knobs: Knobs) -> _Run:
    knobs.forget_calls()
    start = time.perf_counter()
    deployed = deploy(chosen, clouds, lambda _: None, Options())
    seconds = time.perf_counter() - start
    return _Run(deployed, knobs.calls(), seconds, sum(knobs.work().values()))
