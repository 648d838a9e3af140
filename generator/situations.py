"""The built DNS stacks of two or more regions put together, and asked what a resolver would hear.

A :class:`Situation` says what each region's probe proves, who has declared whom superseded, who is home and
which checks are fresh; :func:`answer` evaluates it on the templates as they are built, by Route 53's
documented rules (:mod:`generator.routing`). ``docs/dns.md`` and the truth table's test are made of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any, Literal

from generator import document, intrinsics
from generator.intrinsics import Stack
from generator.routing import Metric, Observed, Routing, answers, gather, statuses
from generator.shape import ProbeKind, Shape
from generator.stacks import health, marker, records_failover, records_weighted
from recovery import signals

SUFFIX = "example"
DOMAIN = "db.example.com"
WRITER_NAME = f"writer.{DOMAIN}"
CHECKERS = ("192.0.2.0/24",)
"""Where Route 53 asks from; any will do here."""

Proof = Literal["yes", "no", "silent"]
Marker = Literal["set", "clear", "silent, last set", "silent, last clear"]
Pair = tuple[str, str]
"""Who says it, and about whom."""


@dataclass(frozen=True)
class Situation:
    """What Route 53 is told.

    proofs: each region's own word; silent is no data at all.
    markers: what (survivor, other) says of "superseded"; clear where nothing is given.
    home: the region that answers when none is healthy.
    fresh: checks made so lately that there is no data: ``REGION`` for a proof, ``REGION about REGION`` for a
    marker, ``REGION in all`` for a calculated check.
    seen: share of Route 53's checkers that can reach each region's endpoint; all where nothing is given.
    """

    proofs: Mapping[str, Proof]
    home: str
    markers: Mapping[Pair, Marker] = field(default_factory=dict)
    fresh: frozenset[str] = frozenset()
    seen: Mapping[str, float] = field(default_factory=dict)


def answer(situation: Situation, kind: ProbeKind = "metric") -> frozenset[str]:
    """Return the regions that a query for the writer's name can get; more than one: one of them by chance."""
    routing = assembled(tuple(situation.proofs), situation.home, kind)
    healthy = statuses(routing, observe(situation))
    return answers(routing.of(WRITER_NAME), healthy)


def observe(situation: Situation) -> Observed:
    """Return what Route 53 sees in the situation."""
    said: dict[Proof, tuple[float | None, ...]] = {"yes": (1.0,), "no": (0.0,), "silent": (None,)}
    streams: dict[Metric, tuple[float | None, ...]] = {}
    shares: dict[str, float] = {}
    last: dict[str, bool] = {}
    for region, proof in situation.proofs.items():
        streams[_metric(region, signals.WRITER_PROOF, region)] = said[proof]
        shares[_proof_check(region)] = situation.seen.get(region, 1.0) if proof == "yes" else 0.0
        for other in situation.proofs:
            if other != region:
                word = situation.markers.get((region, other), "clear")
                silent = word.startswith("silent")
                value = 1.0 if word == "set" else 0.0
                streams[_metric(region, signals.SUPERSEDED, other)] = (None if silent else value,)
                last[_marker_check(region, other)] = not word.endswith("last set")
    return Observed(streams, shares, frozenset(map(_check_id, situation.fresh)), last)


@cache
def assembled(regions: tuple[str, ...], home: str, kind: ProbeKind = "metric") -> Routing:
    """Return alarms, checks and records of an environment of these data regions, from the built templates."""
    shape = Shape(probe=kind, checker_ranges=CHECKERS if kind == "endpoint" else ())
    stacks: list[Stack] = []
    for region in regions:
        markers = []
        for other in regions:
            if other != region:
                about = _deploy(marker, shape, other, f"marker-{region}", SupersededRegion=region)
                markers.append(about.outputs["MarkerCheckId"])
                stacks.append(about)
        own = _deploy(
            health,
            shape,
            region,
            MarkerChecks=",".join(markers),
            HealthThreshold=len(markers) + 1,
        )
        stacks.append(own)
    checks = {each.region: each.outputs["HealthCheckId"] for each in stacks if "HealthCheckId" in each.outputs}
    return gather([*stacks, *_records(shape, regions, home, checks)])


def _records(shape: Shape, regions: tuple[str, ...], home: str, checks: Mapping[str, str]) -> list[Stack]:
    if len(regions) > 2:
        return [_deploy(records_weighted, shape, region, Home=home, HealthCheckId=checks[region]) for region in regions]
    first, second = regions
    sides = {"FirstRegion": first, "SecondRegion": second}
    ids = {"FirstHealthCheckId": checks[first], "SecondHealthCheckId": checks[second]}
    return [_deploy(records_failover, shape, second, Home=home, **sides, **ids)]


def _deploy(module: ModuleType, shape: Shape, region: str, stack: str = "", **given: Any) -> Stack:
    """Deploy a built template; parameters that say nothing about health get any value that fits."""
    template = _built(module, shape)
    name = stack or module.__name__.rsplit(".", 1)[-1]
    values = {"Suffix": SUFFIX, "Domain": DOMAIN} | given
    declared = template["Parameters"]
    parameters = {key: values.get(key, _filler(body)) for key, body in declared.items()}
    return intrinsics.deploy(template, parameters, stack=name, region=region)


@cache
def _built(module: ModuleType, shape: Shape) -> dict[str, Any]:
    """Return the module's template as it is written to ``templates/``, read back."""
    return intrinsics.read(document.text(module.build(shape).to_dict()))


def _filler(parameter: Mapping[str, Any]) -> str:
    allowed = parameter.get("AllowedValues")
    if "Default" in parameter or allowed:
        return str(parameter.get("Default", allowed[0] if allowed else ""))
    if parameter["Type"] == "Number":
        return str(parameter.get("MinValue", 1))
    return ",".join(["any.cluster-ro-any"] * 12) if "List" in parameter["Type"] else "any.cluster-ro-any"


def _metric(region: str, name: str, about: str) -> Metric:
    dimensions = frozenset({(signals.DIMENSION_REGION, about)})
    return Metric(region, signals.namespace(SUFFIX), name, dimensions)


def _proof_check(region: str) -> str:
    return f"health/{region}/ProofCheck"


def _marker_check(survivor: str, other: str) -> str:
    return f"marker-{other}/{survivor}/MarkerCheck"


def _check_id(fresh: str) -> str:
    if " about " in fresh:
        return _marker_check(*fresh.split(" about "))
    region, _, whole = fresh.partition(" in ")
    return f"health/{region}/HealthCheck" if whole else _proof_check(region)
