"""Has this region proved, since its promotion was asked for, that it takes writes.

The proof decides: the probe's own view in this region's table. What ``DescribeGlobalClusters`` says is
told beside it, and neither its delay nor its silence holds the confirmation up.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import facts
import settings
from clients import ClientFactory, Clients

from recovery import promotion

CALLS: tuple[str, ...] = ("dynamodb:GetItem", "dynamodb:Query", "rds:DescribeGlobalClusters")


@dataclass(frozen=True)
class Settings(settings.Settings):
    """What this function is told."""

    global_cluster: str


@dataclass(frozen=True)
class Confirm:
    """The function and what it is connected to."""

    settings: Settings
    clients: Clients
    now_ms: Callable[[], int]


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Return whether this region took a write after ``event["asked_at_ms"]``, with the reason.

    Raises :class:`facts.UnavailableError` or :class:`facts.DeniedError` when the state table can't be read.
    """
    return run(_configured(), event)


def run(confirm: Confirm, event: Mapping[str, Any]) -> dict[str, Any]:
    """Do what :func:`handler` says."""
    told = confirm.settings
    if facts.is_witness(told):
        said = facts.WITNESS_REASON
        if event.get("dry_run"):
            return facts.dry_answer([], said)
        return {"confirmed": False, "reason": said, "confirmed_at_ms": 0}
    snapshot = facts.local(told, confirm.clients)
    service = ""
    try:
        rds = confirm.clients("rds", told.region)
        snapshot = replace(snapshot, cluster=facts.read_global_cluster(rds, told.global_cluster))
    except (facts.DeniedError, facts.UnavailableError) as error:
        service = str(error)
    if event.get("dry_run"):
        found = [facts.finding("confirm_writer", service, "look at the function's role")] if service else []
        return facts.dry_answer(found, "the state table and the service were read")
    found_out = promotion.confirm(snapshot, told.region, int(event.get("asked_at_ms", 0)), confirm.now_ms())
    return {
        "confirmed": found_out.confirmed,
        "reason": found_out.reason + (f" ({service})" if service else ""),
        "confirmed_at_ms": found_out.at_ms,
    }


@functools.cache
def _configured() -> Confirm:
    told = settings.read(Settings, os.environ)
    return Confirm(told, ClientFactory(facts.QUICK), lambda: int(time.time() * 1000))
