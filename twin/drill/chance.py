"""Random scenarios: faults one after the other, some of them together, drawn from a seed and so repeatable.

Whatever is drawn, a person acts as the runbook says: told of a loss, they start a failover, and accept the loss. The
invariants must hold; nothing else is promised.
"""

from __future__ import annotations

import random
from typing import Any

from twin.drill.scenario import Scenario

DISTURBANCES: tuple[tuple[dict[str, Any], dict[str, Any] | None], ...] = (
    ({"path": "origin", "origin": "standby", "delay": 0.3, "loss": 0.1}, {"path": "origin", "origin": "standby"}),
    ({"path": "origin", "origin": "standby", "how": "silent"}, {"path": "origin", "origin": "standby"}),
    ({"replication": "standby", "delay": 0.5}, {"replication": "standby"}),
    ({"replication": "standby", "how": "cut"}, {"replication": "standby"}),
    ({"database": "standby", "act": "restart"}, None),
    ({"database": "origin", "act": "restart"}, None),
    ({"database": "origin", "act": "slow", "seconds": 1}, {"database": "origin", "act": "fast"}),
    ({"functions": "standby", "name": "prove-writer", "how": "crash", "times": 2}, None),
    ({"functions": "standby", "name": "notice", "how": "throttled", "times": 2}, None),
    ({"service": "sns", "regions": ["standby"], "how": "errors", "times": 3}, None),
    ({"service": "dynamodb", "regions": ["standby"], "how": "throttles", "times": 5}, None),
    ({"service": "rds", "regions": ["standby"], "how": "throttles", "times": 5}, None),
    ({"service": "iam|route53|cloudformation", "how": "hangs"}, None),
)
"""What can be wrong before the disaster, and what makes it good again where that does not come by itself."""

DISASTERS: tuple[dict[str, Any], ...] = (
    {"lose": "origin"},
    {"lose": "origin", "how": "silent"},
    {"database": "origin", "act": "kill"},
    {"database": "origin", "act": "suspend"},
)


def drawn(seed: int) -> Scenario:
    """Return the scenario of a seed: the same one each time."""
    chance = random.Random(seed)
    steps: list[dict[str, Any]] = []
    for fault, cure in chance.sample(DISTURBANCES, chance.randint(1, 3)):
        steps.append(fault)
        steps.append({"wait": chance.randint(0, 60)})
        if cure is not None and chance.random() < 0.6:
            steps.append(cure)
    lost = chance.random() < 0.75
    if lost:
        steps += _disaster(chance)
    else:
        steps += [{"wait": 120}, {"switchover": "standby", "wait": True}, {"wait": 300}, {"until": "writing"}]
    steps += [{"wait": 60}]
    return Scenario.model_validate(
        {
            "name": f"random-{seed}",
            "asked": "--random",
            "title": f"a random combination of faults, number {seed}",
            "why": "what nobody thought of",
            "kind": "failover" if lost else "switchover",
            "load": {"connections": chance.choice([1, 2, 8]), "per_second": chance.choice([1, 5, 20])},
            "steps": steps,
        }
    )


def _disaster(chance: random.Random) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = [chance.choice(DISASTERS), {"wait": 180}]
    people = chance.choice([1, 1, 2])
    steps += [{"failover": "standby", "accept_data_loss": True, "people": people, "wait": True}]
    steps += [{"until": "recovered", "within": 1800}]
    if chance.random() < 0.4:
        steps += [{"heal": "everything"}, {"wait": 60}]
    return steps
