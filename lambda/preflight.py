"""The standing pre-flight: tries, every hour, everything that a recovery would need, without effect.

It calls every function of the path with ``{"dry_run": true}``, which also wakes a function in a VPC that
has gone to sleep (trap 49c), and looks at what only the day would show otherwise: membership, versions,
instances, subscriptions that nobody confirmed, records without a health check, a health check that is
switched off (which counts as healthy, trap 35), replicated secrets out of step. In a witness it looks at
what a witness has: the functions of the probe, and who is told.

What it finds is kept in the state table, published as the metric ``Preflight`` (1 when nothing was
found), and told to people when it is not what it was the day before.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import facts
import inspection
import metrics
import settings
from clients import DECIDING, ClientFactory, Clients, Limits, error_code
from inspection import Finding
from metrics import Metric
from state import StateTable

from recovery import signals

CALLS: tuple[str, ...] = (
    "cloudwatch:PutMetricData",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "lambda:InvokeFunction",
    "rds:DescribeDBClusters",
    "rds:DescribeGlobalClusters",
    "route53:GetHealthCheck",
    "route53:ListResourceRecordSets",
    "secretsmanager:DescribeSecret",
    "sns:ListSubscriptionsByTopic",
    "sns:Publish",
    "ssm:GetParameter",
    "states:DescribeStateMachine",
)

INVOKING = Limits(connect=2, read=70, attempts=1)
"""A dry run may begin with a function that has to wake up."""

NEWEST = "newest"

IN_A_WITNESS = ("prove-writer", "vote")
"""The functions, as their names end, that a witness has a use for: it looks at others and passes that on."""


@dataclass(frozen=True)
class Settings(settings.Settings):
    """What this function is told."""

    global_cluster: str
    state_machine: str
    topic: str
    functions: tuple[str, ...]
    domain: str
    dns_region: str
    zone_parameter: str

    @property
    def secret(self) -> str:
        """Return the name of the database's secret."""
        return f"dr-{self.suffix}-database"

    @property
    def dry_runs(self) -> tuple[str, ...]:
        """Return the names of the functions to try here."""
        if not facts.is_witness(self):
            return self.functions
        wanted = {f"dr-{self.suffix}-{self.region}-{name}" for name in IN_A_WITNESS}
        return tuple(name for name in self.functions if name in wanted)


@dataclass(frozen=True)
class Preflight:
    """The function and what it is connected to; ``invoking`` waits longer for functions.

    pause: waits for so many seconds, between two calls of a function that is waking up.
    """

    settings: Settings
    clients: Clients
    invoking: Clients
    now_ms: Callable[[], int]
    pause: Callable[[float], None]
    say: Callable[[str], None] = print

    @property
    def table(self) -> StateTable:
        """Return this region's state table."""
        return StateTable(self.clients("dynamodb", self.settings.region), self.settings.table)


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Look at everything, keep and publish what was found, and return it.

    With ``dry_run`` it looks at nothing but its own settings. Raises nothing for what it finds.
    """
    return run(_configured(), event)


def run(preflight: Preflight, event: Mapping[str, Any]) -> dict[str, Any]:
    """Do what :func:`handler` says."""
    if event.get("dry_run"):
        return {"dry_run": True, "ok": True, "findings": [], "reason": "its settings are complete"}
    found = tuple(sorted(_inspect(preflight), key=lambda one: (one.subject, one.problem)))
    failed = _publish(preflight, found)
    failed += _keep(preflight, found)
    line = {
        "event": "preflight",
        "region": preflight.settings.region,
        "ok": not found,
        "findings": [asdict(one) for one in found],
        "failed": failed,
    }
    preflight.say(json.dumps(line))
    return line


def _inspect(preflight: Preflight) -> list[Finding]:
    """Return all findings; a look that fails is a finding itself, and does not hold up the others."""
    told, here = preflight.settings, preflight.settings.region
    every: list[Finding] = []
    looks: dict[str, Callable[[], list[Finding]]] = {
        "topic": lambda: inspection.subscriptions(preflight.clients("sns", here), told.topic),
    }
    if not facts.is_witness(told):
        looks |= _data_region_looks(preflight)
    for name in told.dry_runs:
        looks[f"function {name}"] = functools.partial(
            inspection.function, preflight.invoking("lambda", here), name, preflight.pause
        )
    with ThreadPoolExecutor(max_workers=len(looks)) as pool:
        for found in pool.map(lambda subject: inspection.attempt(subject, looks[subject]), looks):
            every += found
    return every


def _data_region_looks(preflight: Preflight) -> dict[str, Callable[[], list[Finding]]]:
    """Return the looks at what only a region with a database has, or may ask about."""
    told, clients = preflight.settings, preflight.clients
    here = told.region
    return {
        "global cluster": lambda: inspection.membership(clients, here, told.global_cluster, told.data_regions),
        "state machine": lambda: inspection.state_machine(clients("stepfunctions", here), told.state_machine),
        "secret": lambda: inspection.secret(clients("secretsmanager", here), told.secret),
        "records": lambda: inspection.records(
            clients("ssm", told.dns_region),
            clients("route53", inspection.ROUTE_53_REGION),
            told.zone_parameter,
            told.domain,
        ),
    }


def _publish(preflight: Preflight, found: tuple[Finding, ...]) -> list[str]:
    from botocore.exceptions import BotoCoreError, ClientError

    told = preflight.settings
    metric = Metric(signals.PREFLIGHT, told.region, 0 if found else 1)
    try:
        client = preflight.clients("cloudwatch", told.region)
        metrics.publish(client, told.suffix, [metric], preflight.now_ms())
    except (BotoCoreError, ClientError) as error:
        return [f"metric: {error_code(error)}: {error}"]
    return []


def _keep(preflight: Preflight, found: tuple[Finding, ...]) -> list[str]:
    """Write what was found, and tell people when it is new; the item is written after they were told."""
    from botocore.exceptions import BotoCoreError, ClientError

    digest = _digest(found)
    try:
        before = preflight.table.get(signals.PREFLIGHT_ITEM, NEWEST)
        # A first pre-flight with nothing to say is no news either.
        if digest != (before.get("digest") if before else _digest(())):
            _tell(preflight, found)
        preflight.table.put(
            signals.PREFLIGHT_ITEM,
            NEWEST,
            {
                "at_ms": preflight.now_ms(),
                "ok": not found,
                "digest": digest,
                "findings": [asdict(one) for one in found],
            },
        )
    except (BotoCoreError, ClientError) as error:
        return [f"{error_code(error)}: {error}"]
    return []


def _tell(preflight: Preflight, found: tuple[Finding, ...]) -> None:
    told = preflight.settings
    subject = f"[{told.suffix}] pre-flight in {told.region}: {len(found) or 'no'} findings"
    lines = [f"- {one.subject}: {one.problem}\n  hint: {one.hint}" for one in found]
    preflight.clients("sns", told.region).publish(
        TopicArn=told.topic,
        Subject=subject[:99],
        Message="\n".join(lines) or "everything that a recovery to here needs was found in order",
    )


def _digest(found: tuple[Finding, ...]) -> str:
    """Return what tells two pre-flights apart: subjects and hints, not the wording of an error of the day."""
    text = json.dumps([(one.subject, one.hint) for one in found])
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def _configured() -> Preflight:
    told = settings.read(Settings, os.environ)
    return Preflight(
        told,
        ClientFactory(DECIDING),
        ClientFactory(INVOKING),
        lambda: int(time.time() * 1000),
        time.sleep,
    )
