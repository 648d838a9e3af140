"""What the tests of recoveries share: functions that answer as the real ones do, and proofs in the state tables."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from generator import naming
from generator.aws.clients import Clouds
from recovery import signals
from recovery.signals import FAILOVER
from recovery.steps import failover_steps, switchover_steps
from twin.cloud.knobs import Knobs

A, B = "eu-west-1", "eu-central-1"
OTHER = {A: B, B: A}


def decision(verb: str, target: str, **changes: Any) -> dict[str, Any]:
    """Return what assess answers to a recovery that may run."""
    old, at_ms = OTHER[target], int(time.time() * 1000)
    steps = failover_steps(target, old) if verb == FAILOVER else switchover_steps(target, old)
    found = {
        "outcome": "proceed",
        "accepted": True,
        "reason": f"{target} takes over from {old}",
        "hint": "",
        "verb": verb,
        "active": old,
        "old": old if verb == FAILOVER else "",
        "target_arn": f"arn:aws:rds:{target}:111122223333:cluster:dr",
        "loss_seconds": 3.0 if verb == FAILOVER else 0.0,
        "lag_seconds": 1.0,
        "lost_at_most": "3 s" if verb == FAILOVER else "0 s",
        "acceptable": False,
        "steps": [asdict(step) for step in steps],
        "mode": "manual",
        "at_ms": at_ms,
        "at_ms_text": str(at_ms),
    }
    return found | changes


def refusal(verb: str, target: str, **changes: Any) -> dict[str, Any]:
    """Return what assess answers to a failover whose loss would have to be accepted."""
    told = {
        "outcome": "refused",
        "accepted": False,
        "reason": f"{target} was 300 s behind",
        "hint": "accept the loss of up to 300 s",
        "acceptable": True,
        "steps": [],
        "lost_at_most": "330 s",
    }
    return decision(verb, target, **(told | changes))


class Answers:
    """What the functions of one environment's target answer."""

    def __init__(self, knobs: Knobs, suffix: str, target: str) -> None:
        self._knobs, self._suffix, self._target = knobs, suffix, target

    def say(self, function: str, answer: Any) -> None:
        """Have one function answer so."""
        name = naming.function(function).of(suffix=self._suffix, region=self._target)
        self._knobs.answer(name, answer)

    def well(self, verb: str, **changes: Any) -> None:
        """Have a recovery go well, with another assessment in parts."""
        now, old = int(time.time() * 1000), OTHER[self._target]
        self.say("assess", decision(verb, self._target, **changes))
        self.say("fence", {"outcome": "fenced", "region": old, "reason": f"{old} is fenced"})
        self.say("promote", {"outcome": "accepted", "reason": "the service took it", "asked_at_ms": now})
        self.prove(True)

    def prove(self, confirmed: bool) -> None:
        """Have the target prove to be the writer, or not yet."""
        reason = f"{self._target} took a write and read it back" if confirmed else "it is a replica"
        at_ms = int(time.time() * 1000) if confirmed else 0
        self.say("confirm_writer", {"confirmed": confirmed, "reason": reason, "confirmed_at_ms": at_ms})


def prove(clouds: Clouds, active: str, *, ago: float = 0.0) -> None:
    """Put the views of both regions, so many seconds old, into both state tables."""
    at_ms = int((time.time() - ago) * 1000)
    for region in (A, B):
        for about in (A, B):
            role = "writer" if about == active else "replica"
            item: dict[str, Any] = {
                signals.KEY_KIND: {"S": signals.VIEW},
                signals.KEY_NAME: {"S": signals.view_name(about, about)},
                "voter": {"S": about},
                "about": {"S": about},
                "role": {"S": role},
                "writer": {"BOOL": role == "writer"},
                "reached": {"BOOL": True},
                "reason": {"S": f"{about} is {role}"},
                "at_ms": {"N": str(at_ms)},
                "valid_until_ms": {"N": str(at_ms + 33_000)},
                "supersedes": {"L": []},
            }
            if role == "replica":
                item["lag_seconds"] = {"N": "1.0"}
            table = naming.STATE_TABLE.of(suffix=clouds.environment.suffix, region=region)
            clouds.client("dynamodb", region).put_item(TableName=table, Item=item)


def hold_lease(clouds: Clouds, region: str, execution: str) -> None:
    """Write the lease of an execution into a region's table."""
    item = {
        signals.KEY_KIND: signals.LEASE, signals.KEY_NAME: signals.LEASE_NAME, "holder": execution,
        "verb": "failover", "requested_by": "Ada", "since": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    table = naming.STATE_TABLE.of(suffix=clouds.environment.suffix, region=region)
    clouds.client("dynamodb", region).put_item(TableName=table, Item={key: {"S": value} for key, value in item.items()})


def executions(clouds: Clouds, region: str) -> list[str]:
    """Return the statuses of the executions in a region, the newest first."""
    client = clouds.client("stepfunctions", region)
    name = naming.STATE_MACHINE.of(suffix=clouds.environment.suffix, region=region)
    machine = f"arn:aws:states:{region}:{clouds.environment.accounts.workload}:stateMachine:{name}"
    return [each["status"] for each in client.list_executions(stateMachineArn=machine)["executions"]]


def swap(clouds: Clouds, origin: str, target: str) -> None:
    """Have the service switch over, as it would for anybody."""
    suffix = clouds.environment.suffix
    cluster = naming.CLUSTER.of(suffix=suffix, region=target)
    clouds.client("rds", origin).switchover_global_cluster(
        GlobalClusterIdentifier=naming.GLOBAL_CLUSTER.of(suffix=suffix),
        TargetDbClusterIdentifier=f"arn:aws:rds:{target}:{clouds.environment.accounts.workload}:cluster:{cluster}",
    )
