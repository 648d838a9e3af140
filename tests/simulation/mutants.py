"""Systems that are broken on purpose, each by one change, as somebody might build them. The judge must find each.

The sound system is :data:`SOUND`; a mutant differs from it in what it overrides.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import promote
from proof import PROVED, ROLE_WRITER, Proof

from generator.routing import Routing
from recovery import promotion
from recovery.signals import FAILOVER

if TYPE_CHECKING:
    from .world import World


class Mutant:
    """The sound system: what is there, unchanged."""

    rehomes = True
    fence_is_a_rule = False

    def proof(self, found: Proof) -> Proof:
        """Return what the probe makes of what it found."""
        return found

    def markers(self, found: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """Return the regions that are published as superseded."""
        return found

    def routing(self, built: Routing) -> Routing:
        """Return the checks and records as they are deployed."""
        return built

    def definition(self, built: dict[str, Any]) -> dict[str, Any]:
        """Return the state machine's definition."""
        return built

    def promote(self, wired: promote.Promote, event: dict[str, Any]) -> dict[str, Any]:
        """Promote, as the function does."""
        return promote.run(wired, event)

    def answered(self, name: str, answer: dict[str, Any]) -> dict[str, Any]:
        """Return what a function answers."""
        return answer

    def begun(self, world: World, state: str, target: str) -> None:
        """Do something as an execution enters a state."""


class AlwaysHealthy(Mutant):
    """The writer proof says healthy without looking (trap B2)."""

    def proof(self, found: Proof) -> Proof:
        return Proof(1, ROLE_WRITER, True, PROVED, PROVED)


class WithoutDataLoss(Mutant):
    """``AllowDataLoss`` is left out, so a failover is a switchover (trap 1)."""

    def promote(self, wired: promote.Promote, event: dict[str, Any]) -> dict[str, Any]:
        def once(service: str, region: str) -> Any:
            return _Without(wired.once(service, region))

        return promote.run(replace(wired, once=once), event)


class _Without:
    def __init__(self, client: Any) -> None:
        self._client = client

    def failover_global_cluster(self, AllowDataLoss: bool, **where: Any) -> Any:
        return self._client.failover_global_cluster(**where)

    def switchover_global_cluster(self, **where: Any) -> Any:
        return self._client.switchover_global_cluster(**where)


class ToTheLostRegion(Mutant):
    """The promotion is sent to the region that writes, whatever the verb (trap 2)."""

    def promote(self, wired: promote.Promote, event: dict[str, Any]) -> dict[str, Any]:
        writer = promote._look(wired).active or event["target"]
        return promote.run(replace(wired, once=lambda service, region: wired.once(service, writer)), event)


class MovesEarly(Mutant):
    """The target is made home as soon as its recovery begins, before it is promoted (trap 22)."""

    def begun(self, world: World, state: str, target: str) -> None:
        if state == "RecordFence":
            world.people.set_home(target)


class SilenceIsHealthy(Mutant):
    """``InsufficientDataHealthStatus`` is left at its default, the last known status (trap 27)."""

    def routing(self, built: Routing) -> Routing:
        return replace(
            built, checks={name: replace(check, silence="LastKnownStatus") for name, check in built.checks.items()}
        )


class WithoutMarker(Mutant):
    """The survivor declares nobody superseded (trap 34)."""

    def markers(self, found: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if found is None else ()


class WithoutRehoming(Mutant):
    """Nobody makes the new writer home (trap 32)."""

    rehomes = False


class LeaseWithoutCondition(Mutant):
    """The lease is written whoever holds it."""

    def definition(self, built: dict[str, Any]) -> dict[str, Any]:
        changed = copy.deepcopy(built)
        for key in ("ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"):
            changed["States"]["TakeLease"]["Parameters"].pop(key, None)
        return changed


class Repeats(Mutant):
    """A promoting call without an answer is made again, and its refusal believed: nothing is read in between."""

    def promote(self, wired: promote.Promote, event: dict[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        asked_at_ms, verb, target = wired.now_ms(), event["verb"], event["target"]
        found = promotion.next_call(promote._look(wired), verb, target)
        if found.action != promotion.CALL:
            return promote._outcome(found.action, found.reason, asked_at_ms, found)
        where = {
            "GlobalClusterIdentifier": wired.settings.global_cluster,
            "TargetDbClusterIdentifier": found.target_arn,
        }
        rds = wired.once("rds", found.region)
        for _ in range(3):
            try:
                if verb == FAILOVER:
                    rds.failover_global_cluster(**where, AllowDataLoss=True)
                else:
                    rds.switchover_global_cluster(**where)
                return promote._outcome(promote.ACCEPTED, found.reason, asked_at_ms, found)
            except ClientError as error:
                return promote._outcome(promotion.REFUSED, str(error), asked_at_ms, found)
            except BotoCoreError:
                continue
        return promote._outcome(promotion.REFUSED, "no answer", asked_at_ms, found)


class ShowsNoLoss(Mutant):
    """The assessment says that nothing is lost, whatever the replica lacks."""

    def answered(self, name: str, answer: dict[str, Any]) -> dict[str, Any]:
        return answer | ({"loss_seconds": 0} if name == "assess" else {})


class FenceIsARule(Mutant):
    """The fence revokes a security group's rule: open connections stay (trap 49b)."""

    fence_is_a_rule = True


SOUND = Mutant()
