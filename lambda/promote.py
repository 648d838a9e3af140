"""Asks the service to promote this region, once, in the right place.

The verb decides the region of the call (trap 2) and the target is an ARN (trap 3). botocore's retries are
off for the call: whether it took effect is read from ``DescribeGlobalClusters`` before it is ever made
again. The answer's ``outcome`` is one of

=============== ==============================================================================
``accepted``    the service took the call
``in progress`` it was at it before, or is seen to be at it after a call that got no answer
``done``        the target already is the writer
``unclear``     the call got no answer and nothing shows yet; the proof will tell
``refused``     nothing was started, and why
=============== ==============================================================================
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import facts
import settings
from clients import ClientFactory, Clients, Limits, error_code

from recovery import promotion
from recovery.promotion import Promotion
from recovery.signals import FAILOVER, SWITCHOVER
from recovery.state import Snapshot

CALLS: tuple[str, ...] = (
    "rds:DescribeGlobalClusters",
    "rds:FailoverGlobalCluster",
    "rds:SwitchoverGlobalCluster",
)

ONCE = Limits(connect=3, read=15, attempts=1)
"""For the promotion itself: it is never sent twice without looking in between."""

LOOKS = 3
PAUSE_SECONDS = 3.0
"""How often, and how far apart, the service is looked at after a call without an answer.

With a look before it and the call itself this stays within a minute, the function's own limit.
"""

ACCEPTED = "accepted"
UNCLEAR = "unclear"

PASSING = frozenset(
    {"InternalFailure", "RequestLimitExceeded", "ServiceUnavailable", "Throttling", "ThrottlingException"}
)
"""Codes of a refusal that passes (RDS API, "Common errors"): nothing was started."""

WRONG_STATE = frozenset({"InvalidDBClusterStateFault", "InvalidGlobalClusterStateFault"})
"""Codes that a promotion also gets while one is in progress (RDS API, ``FailoverGlobalCluster``)."""


@dataclass(frozen=True)
class Settings(settings.Settings):
    """What this function is told."""

    global_cluster: str


@dataclass(frozen=True)
class Promote:
    """The function and what it is connected to. ``once`` makes clients that never repeat a call."""

    settings: Settings
    clients: Clients
    once: Clients
    now_ms: Callable[[], int]
    pause: Callable[[float], None]


@dataclass(frozen=True)
class Asked:
    """One promotion: what was asked for, what is to be called, and since when (milliseconds since 1970)."""

    verb: str
    target: str
    found: Promotion
    at_ms: int


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Promote ``event["target"]`` by ``event["verb"]`` in place of ``event["old"]``; return what came of it.

    Raises :class:`facts.UnavailableError` when this region's RDS throttles or can't be asked: calling again is
    safe, because every call begins by looking.
    """
    return run(_configured(), event)


def run(promote: Promote, event: Mapping[str, Any]) -> dict[str, Any]:
    """Do what :func:`handler` says."""
    asked_at_ms = promote.now_ms()
    if facts.is_witness(promote.settings):
        said = facts.WITNESS_REASON
        return facts.dry_answer([], said) if event.get("dry_run") else _outcome(promotion.REFUSED, said, asked_at_ms)
    if event.get("dry_run"):
        return _dry(promote)
    verb, target = str(event.get("verb", "")), str(event.get("target", ""))
    if verb not in (FAILOVER, SWITCHOVER) or target != promote.settings.region:
        return _outcome(promotion.REFUSED, f"{verb or 'no verb'} to {target or 'nowhere'} is not for here", asked_at_ms)
    try:
        found = promotion.next_call(_look(promote), verb, target, str(event.get("old", "")))
    except facts.DeniedError as error:
        return _outcome(promotion.REFUSED, str(error), asked_at_ms)
    if found.action != promotion.CALL:
        return _outcome(found.action, found.reason, asked_at_ms, found)
    return _call(promote, Asked(verb, target, found, asked_at_ms))


def _call(promote: Promote, asked: Asked) -> dict[str, Any]:
    from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

    found = asked.found
    rds = promote.once("rds", found.region)
    where = {
        "GlobalClusterIdentifier": promote.settings.global_cluster,
        "TargetDbClusterIdentifier": found.target_arn,
    }
    try:
        if asked.verb == FAILOVER:
            rds.failover_global_cluster(**where, AllowDataLoss=True)
        else:
            rds.switchover_global_cluster(**where)
    except ClientError as error:
        return _refused(promote, asked, error)
    except (ConnectTimeoutError, EndpointConnectionError) as error:
        # Nothing was sent. Elsewhere the region is not reachable; here it is worth another try.
        if found.region == asked.target:
            raise facts.UnavailableError(f"RDS in {asked.target} can't be reached: {error}") from error
        said = f"RDS in {found.region} can't be reached, where a switchover is asked for: {error}"
        return _outcome(promotion.REFUSED, said, asked.at_ms, found)
    except BotoCoreError as error:
        return _seen(promote, asked, str(error)) or _unclear(asked, str(error))
    return _outcome(ACCEPTED, found.reason, asked.at_ms, found)


def _refused(promote: Promote, asked: Asked, error: Any) -> dict[str, Any]:
    """Return the outcome of a refused call: it may be refused because one before it took effect."""
    code = error_code(error)
    said = f"{code}: {error}"
    if code in PASSING:
        raise facts.UnavailableError(said) from error
    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return _seen(promote, asked, said) or _unclear(asked, said)
    found = asked.found
    seen = _seen(promote, asked, said) if code in WRONG_STATE else None
    return seen or _outcome(promotion.REFUSED, f"RDS in {found.region} refused: {said}", asked.at_ms, found)


def _seen(promote: Promote, asked: Asked, said: str) -> dict[str, Any] | None:
    """Look, a few times, whether the service is at it although the call said otherwise."""
    for look in range(LOOKS):
        if look:
            promote.pause(PAUSE_SECONDS)
        try:
            after = promotion.next_call(_look(promote), asked.verb, asked.target)
        except (facts.DeniedError, facts.UnavailableError):
            continue
        if after.action in (promotion.IN_PROGRESS, promotion.DONE):
            reason = f"{after.reason}, though the call said: {said}"
            return _outcome(after.action, reason, asked.at_ms, asked.found)
    return None


def _unclear(asked: Asked, said: str) -> dict[str, Any]:
    reason = f"the call got no answer and nothing shows yet: {said}"
    return _outcome(UNCLEAR, reason, asked.at_ms, asked.found)


def _look(promote: Promote) -> Snapshot:
    told = promote.settings
    cluster = facts.read_global_cluster(promote.clients("rds", told.region), told.global_cluster)
    return Snapshot(told.region, told.data_regions, cluster=cluster)


def _dry(promote: Promote) -> dict[str, Any]:
    here = promote.settings.region
    try:
        snapshot = _look(promote)
    except (facts.DeniedError, facts.UnavailableError) as error:
        said = str(error)
        return facts.dry_answer([facts.finding("promote", said, "look at the function's role")], said)
    found = []
    if snapshot.cluster is None or snapshot.cluster.member(here) is None:
        found.append(facts.finding(here, "it is not a member of the global cluster", "deploy database"))
    return facts.dry_answer(found, "RDS has no dry run of a promotion; the membership was read")


def _outcome(outcome: str, reason: str, asked_at_ms: int, found: Promotion | None = None) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "reason": reason,
        "asked_at_ms": asked_at_ms,
        "called_in": found.region if found else "",
        "target_arn": found.target_arn if found else "",
        "old": found.old if found else "",
    }


@functools.cache
def _configured() -> Promote:
    return Promote(
        settings.read(Settings, os.environ),
        ClientFactory(facts.QUICK),
        ClientFactory(ONCE),
        lambda: int(time.time() * 1000),
        time.sleep,
    )
