"""The controls: a drill that is spoiled on purpose has to fail, and for the right reason."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from tests.proof import sabotage
from twin.drill.record import Event, Finding, Sample
from twin.drill.run import Options, on
from twin.drill.scenario import Rehome, Scenario, Wait, load
from twin.drill.stage import stage

SPEED = 12.0


@dataclass
class Nobody:
    """Is shown everything, and shows nothing."""

    def event(self, event: Event) -> None:
        del event

    def sample(self, sample: Sample) -> None:
        del sample


def without_rehoming(scenario: Scenario) -> Scenario:
    steps = tuple(each for each in scenario.steps if not isinstance(each, Rehome))
    return scenario.model_copy(update={"steps": steps})


def with_slow_people(scenario: Scenario) -> Scenario:
    first, *rest = scenario.steps
    return scenario.model_copy(update={"steps": (first, Wait(wait=600), *rest)})


ALWAYS = sabotage.code(
    "prove_writer",
    "proof.py",
    "    if writer.written:\n",
    "    if True:\n",
)
"""The writer proof of the review: healthy = true."""

CONTROLS = {
    "a writer proof that always says healthy": ("region-loss", ALWAYS, None, "I5"),
    "a failover without AllowDataLoss": (
        "region-loss", sabotage.code("promote", "promote.py", ", AllowDataLoss=True", ""), None, "recovery",
    ),
    "a promotion that is sent to the lost region": (
        "region-loss",
        sabotage.code("promote", "recovery/promotion.py", "target, member.arn, active)", "active, member.arn, active)"),
        None,
        "recovery",
    ),
    "no right to act in the other region": ("database-hung", sabotage.no_right_to_fence, None, "fenced"),
    "DNS moved before the promotion": ("region-loss", sabotage.standby_is_home, None, "I5"),
    "InsufficientDataHealthStatus at its default": (
        "region-loss", sabotage.last_known_status, with_slow_people, "I4",
    ),
    "no superseded marker": ("zombie-returns", sabotage.no_marker, None, "I3"),
    "no re-homing": ("silence-after-swap", None, without_rehoming, "I5"),
    "a fence that revokes a rule": ("isolated-region", sabotage.fence_by_revoking, None, "fenced"),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTROLS)
def test_a_spoiled_drill_fails_for_the_right_reason(name: str) -> None:
    scenario, spoil, change, wanted = CONTROLS[name]
    played = load(scenario)
    if change is not None:
        played = change(played)
    with stage(played, speed=SPEED, say=lambda _: None) as built:
        result = on(built, Options(speed=SPEED), Nobody(), spoil).result
    broken = {each.name: each for each in result.findings if each.held is False}
    assert wanted in broken, told(result.findings)


def told(findings: tuple[Finding, ...]) -> str:
    return "\n".join(f"{each.name} {each.held}: {each.reason}" for each in findings)


def test_the_same_drill_unspoiled_holds() -> None:
    begun = time.monotonic()
    with stage(load("region-loss"), speed=SPEED, say=lambda _: None) as built:
        result = on(built, Options(speed=SPEED), Nobody()).result
    assert result.held, told(result.findings)
    assert time.monotonic() - begun < 180
