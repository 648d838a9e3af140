"""What goes wrong in a run, drawn from its seed: a few faults that overlap, and people who do things of their own.

The names are those of :mod:`.disasters`, which makes them so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from recovery.signals import FAILOVER, SWITCHOVER

from . import calls
from .network import API, KINDS, PEERING, REPLICATION
from .service import Habits
from .shape import Shape

CHAOS_SECONDS = 1300
"""How long things go wrong before they settle."""


@dataclass(frozen=True)
class Fault:
    """Something that begins at ``at`` seconds, and ends ``lasts`` seconds later if it is of the kind that ends."""

    at: float
    name: str
    what: dict[str, Any]
    lasts: float = 0


METHODS = (
    ("rds", "describe_global_clusters"), ("rds", "describe_db_clusters"), ("rds", "failover_global_cluster"),
    ("rds", "switchover_global_cluster"), ("dynamodb", "put_item"), ("dynamodb", "get_item"),
    ("dynamodb", "delete_item"), ("dynamodb", "query"), ("sns", "publish"), ("sts", "assume_role"),
    ("ec2", "create_network_acl_entry"), ("ec2", "delete_network_acl_entry"), ("lambda", "invoke"),
    ("stepfunctions", "start_execution"), ("stepfunctions", "describe_execution"), ("cloudwatch", "put_metric_data"),
)  # fmt: skip
"""Every call in the path of a recovery."""

PROMOTING = METHODS[2:4]

STATES = (
    "TakeLease", "Assess", "RecordFence", "Fence", "Promote", "Mark", "Confirm", "Tell", "Release", "AskApproval",
    "Unfence", "TellFailure", "ReleaseAfterFailure", "TakeOver",
)  # fmt: skip
"""States of the machine at which an execution may be killed."""


def draw(random: Random, shape: Shape) -> tuple[Habits, list[Fault]]:
    """Return the service's habits and the faults of one run, in order."""
    habits = Habits(
        takes=random.choice((10, 30, 60, 120)),
        early=random.choice((0, 0, 8, -8, -25)),
        rejoins=random.choice((30, 90, 300, 900)),
        gives_up=int(random.random() < 0.1),
        ignores=int(random.random() < 0.05),
        fences=random.random() < 0.7,
    )
    found = [_disaster(random, shape)]
    for _ in range(random.randint(0, 5)):
        found.append(random.choice(_OTHERS)(random, shape))
    if random.random() < 0.7:
        found += _people(random, shape)
    return habits, sorted(found, key=lambda fault: fault.at)


def _when(random: Random) -> float:
    return round(random.uniform(90, CHAOS_SECONDS - 450), 1)


def _region(random: Random, shape: Shape) -> str:
    """Return a region: mostly the origin, which writes at first."""
    return random.choice((shape.data_regions[0], shape.data_regions[0], random.choice(shape.data_regions)))


def _lasts(random: Random) -> float:
    return round(random.choice((20, 120, 300, 500, 900, 1200)) * random.uniform(0.7, 1.3), 1)


def _disaster(random: Random, shape: Shape) -> Fault:
    """Return what makes a recovery necessary, or look so."""
    name = random.choice(
        ("lost", "lost", "lost", "killed", "hung", "hung", "cut off", "isolated", "read-only", "slow", "full", "cut")
    )
    if name == "cut":
        return _cut(random, shape)
    region = _region(random, shape) if random.random() < 0.3 else shape.data_regions[0]
    lasts = round(random.choice((45, 300, 500, 700, 1000)) * random.uniform(0.8, 1.2), 1)
    return Fault(round(random.uniform(60, 400), 1), name, {"region": region}, lasts)


def _cut(random: Random, shape: Shape) -> Fault:
    one, other = random.sample((*shape.data_regions, *shape.witnesses), 2)
    kinds = random.choice((KINDS, KINDS, (PEERING,), (REPLICATION,), (API,)))
    return Fault(_when(random), "cut", {"links": _links(kinds, one, other, random.random() < 0.6)}, _lasts(random))


def _links(kinds: tuple[str, ...], one: str, other: str, both: bool) -> list[tuple[str, str, str]]:
    ways = ((one, other), (other, one)) if both else ((one, other),)
    return [(kind, *way) for kind in kinds for way in ways]


def _flapping(random: Random, shape: Shape) -> Fault:
    times = random.randint(2, 8)
    return Fault(_when(random), "flapping", {"region": _region(random, shape), "times": times}, times * 60)


def _behind(random: Random, shape: Shape) -> Fault:
    what = {"region": _region(random, shape), "seconds": random.choice((5, 30, 100, 400))}
    return Fault(_when(random), "behind", what, _lasts(random))


def _of_region(name: str) -> Callable[[Random, Shape], Fault]:
    return lambda random, shape: Fault(_when(random), name, {"region": _region(random, shape)}, _lasts(random))


def _trouble(random: Random, shape: Shape) -> Fault:
    service, method = random.choice(METHODS if random.random() < 0.7 else PROMOTING)
    what = {
        "service": service,
        "method": method,
        "region": random.choice(shape.data_regions),
        "kind": random.choice(calls.KINDS),
        "left": random.choice((1, 2, 3, 8)),
    }
    return Fault(_when(random), "trouble", what, 600)


def _dark(random: Random, shape: Shape) -> Fault:
    service = random.choice(
        ("sns", "rds", "dynamodb", "cloudwatch", "lambda", "stepfunctions", "sts", "ec2", "endpoint")
    )
    what = {"region": random.choice(shape.data_regions), "service": service}
    return Fault(_when(random), "dark", what, _lasts(random) / 2)


def _late(random: Random, shape: Shape) -> Fault:
    what = {"region": _region(random, shape), "seconds": random.choice((45, 150, 300))}
    return Fault(_when(random), "metrics late", what, _lasts(random))


def _stale(random: Random, shape: Shape) -> Fault:
    what = {"region": random.choice(shape.data_regions), "seconds": random.choice((10, 45, 120))}
    return Fault(_when(random), "stale", what, _lasts(random))


def _skewed(random: Random, shape: Shape) -> Fault:
    what = {"region": random.choice(shape.data_regions), "seconds": random.choice((-120, -20, -3, 3, 20, 120))}
    return Fault(_when(random), "clock", what, _lasts(random))


def _unfit(random: Random, shape: Shape) -> Fault:
    what = {"region": random.choice(shape.data_regions[1:]), "why": random.choice(("no instance", "version"))}
    return Fault(_when(random), "unfit", what, _lasts(random))


def _kill(random: Random, shape: Shape) -> Fault:
    moment = random.choice(("before", "during", "after"))
    return Fault(0, "kill", {"state": random.choice(STATES), "moment": moment})


def _stop(random: Random, shape: Shape) -> Fault:
    return Fault(_when(random), "stop executions", {"region": random.choice(shape.data_regions)})


def _control_planes(random: Random, shape: Shape) -> Fault:
    return Fault(_when(random), "control planes", {}, _lasts(random))


_OTHERS: tuple[Callable[[Random, Shape], Fault], ...] = (
    _cut, _flapping, _behind, _behind, _trouble, _trouble, _trouble, _dark, _dark, _late, _stale, _skewed, _unfit,
    _kill, _kill, _stop, _control_planes, _of_region("replication broken"), _of_region("probe silent"),
    _of_region("metrics dropped"), _of_region("lost"), _of_region("hung"), _of_region("alarm"),
)  # fmt: skip


def _people(random: Random, shape: Shape) -> list[Fault]:
    """Return requests of people who were not told to: one, or two at once, or one after the other."""
    at = _when(random)
    times = random.choice((1, 2, 2, 3))
    towards = random.choice((*shape.data_regions[1:], None))
    found = []
    for number in range(times):
        what = {
            "verb": random.choice((FAILOVER, FAILOVER, SWITCHOVER)),
            "target": towards if towards and random.random() < 0.7 else random.choice(shape.data_regions),
            "accept": random.random() < 0.5,
            "approval": random.random() < 0.1,
            "by": f"person {number + 1}",
        }
        found.append(Fault(at, "asked", what))
        at = round(at + random.choice((0.0, 0.4, 3.0, 30.0, 200.0)), 1)
    return found
