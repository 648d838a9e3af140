"""The probe: proves, every few seconds, whether this region's database can be written to.

One round proves the own region (in a witness there is none), looks at each partner's database over the
peering, reads which regions this one has superseded, and says all of it: metrics to this region's
CloudWatch, views to this region's state table. A partner that is dead costs its own thread time and holds
up nothing of this region: what is not known after a second goes in a second call. Failing to say one thing
does not stop the other.

It needs nothing but its own region: no secret, no key, no other region's service (trap 71). It signs in
by IAM database authentication, as the role may ``rds-db:connect`` as the probe's user (Aurora User Guide,
"Creating and using an IAM policy for IAM database access").

A round's view is good for three intervals and a step: two rounds may be lost before a proof goes stale.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import metrics
import postgres
import settings
from clients import PUBLISHING, ClientFactory, Clients, error_code
from metrics import HIGH, Metric
from observer import Observer, Sign
from proof import ROLE_REPLICA, Proof
from rounds import Clock, Rhythm, repeat
from signing import connect_token
from state import StateTable
from wire import Deadline

from recovery import signals
from recovery.state import View

CALLS: tuple[str, ...] = (
    "cloudwatch:PutMetricData",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "rds-db:connect",
)
PUBLISHING_SECONDS = 8
"""What saying it takes at worst: two attempts of three seconds, and the pause between them."""

PATIENCE_SECONDS = 1.0
"""How long a finished proof waits for the markers and the partners before it is said without news of them."""

Verdict = tuple[Proof, dict[str, float]]


@dataclass(frozen=True)
class Settings(settings.Settings):
    """What the probe is told. ``reader_host`` is ``None`` in a witness; durations in seconds."""

    reader_host: str | None
    port: int
    database: str
    partner_reader_hosts: Mapping[str, str]
    interval_seconds: float
    window_seconds: float
    step_seconds: int

    @property
    def attempt_seconds(self) -> float:
        """Return the limit of all steps together: a round leaves a step's time to say what it saw."""
        return max(self.interval_seconds - self.step_seconds, self.step_seconds)

    @property
    def valid_ms(self) -> int:
        """Return how long a view holds, in milliseconds."""
        return round((3 * self.interval_seconds + self.step_seconds) * 1000)


@dataclass
class Probe:
    """The probe and what it is connected to; ``say`` takes the structured log line."""

    settings: Settings
    clients: Clients
    network: postgres.Network
    sign: Sign
    clock: Clock = field(default_factory=Clock)
    say: Callable[[str], None] = print
    markers: tuple[str, ...] | None = None  # as last read, for rounds in which the table does not answer

    @property
    def observer(self) -> Observer:
        """Return what looks at the databases."""
        told = self.settings
        return Observer(told.region, told.port, told.database, told.step_seconds, self.network, self.sign, self.clock)

    @property
    def table(self) -> StateTable:
        """Return this region's state table."""
        return StateTable(self.clients("dynamodb", self.settings.region), self.settings.table)


@dataclass(frozen=True)
class Seen:
    """What one round saw. ``own`` is ``None`` in a witness, ``markers`` when they could not be read."""

    at_ms: int
    own: Verdict | None
    partners: Mapping[str, Verdict]
    markers: tuple[str, ...] | None


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Prove for a minute; with ``dry_run`` once, publishing nothing. Return the newest round's line.

    Raises :class:`settings.SettingsError`.
    """
    return run(_configured(), event, lambda: context.get_remaining_time_in_millis() / 1000)


def run(probe: Probe, event: Mapping[str, Any], remaining: Callable[[], float]) -> dict[str, Any]:
    """Do what :func:`handler` says; ``remaining`` returns the seconds that are left."""
    publishing = not event.get("dry_run", False)
    newest: dict[str, Any] = {}

    def act() -> None:
        newest.clear()
        newest.update(do_round(probe, publishing))
        probe.say(json.dumps(newest, default=str))

    if not publishing:
        act()
        return newest | {"rounds": 1}
    told = probe.settings
    longest = told.attempt_seconds + PUBLISHING_SECONDS
    rhythm = Rhythm(told.interval_seconds, told.window_seconds, longest)
    rounds = repeat(act, rhythm, clock=probe.clock, remaining=remaining)
    return newest | {"rounds": rounds}


def do_round(probe: Probe, publishing: bool) -> dict[str, Any]:
    """Look around once, say what was seen unless told not to, and return the log line."""
    told, observer = probe.settings, probe.observer
    limit = Deadline.after(told.attempt_seconds)
    at_ms = probe.clock.now_ms()
    failed: dict[str, str] = {}
    with ThreadPoolExecutor(max_workers=len(told.partner_reader_hosts) + 3) as pool:
        looks = {
            region: pool.submit(observer.look_over, region, host, limit)
            for region, host in told.partner_reader_hosts.items()
        }
        reading = pool.submit(_read_markers, probe, failed)
        own = None if told.reader_host is None else observer.prove(told.reader_host, limit)
        writing = pool.submit(_write_own, probe, own, at_ms, reading, failed) if publishing and own else None
        everything: list[Future[Any]] = [reading, *looks.values()]
        wait(everything, timeout=PATIENCE_SECONDS)
        early = Seen(
            at_ms,
            own,
            {region: look.result() for region, look in looks.items() if look.done()},
            reading.result() if reading.done() else None,
        )
        saying = pool.submit(_publish, probe, early, failed) if publishing else None
        seen = Seen(at_ms, own, {region: look.result() for region, look in looks.items()}, reading.result())
        if publishing:
            views = pool.submit(_write_partners, probe, seen, failed)
            _publish(probe, seen, failed, said=early)
            views.result()
        for begun in filter(None, (saying, writing)):
            begun.result()
    return _line(told, seen, failed, publishing)


def measured(told: Settings, seen: Seen) -> list[Metric]:
    """Return the metrics of one round: an explicit 1 or 0 for everything that was looked at."""
    found = [Metric(signals.PROBED, told.region, 1)]
    if seen.own is not None:
        proof, _ = seen.own
        found.append(Metric(signals.WRITER_PROOF, told.region, proof.value))
        found.append(Metric(signals.WRITER_PROOF_FAST, told.region, proof.value, HIGH))
        if proof.role == ROLE_REPLICA and proof.lag_seconds is not None:
            found.append(Metric(signals.HEARTBEAT_AGE, told.region, proof.lag_seconds, seconds=True))
    for region, (proof, _) in seen.partners.items():
        found.append(Metric(signals.PARTNER_WRITER, region, proof.value))
        found.append(Metric(signals.PARTNER_REACHED, region, int(proof.reached)))
    if seen.own is not None and seen.markers is not None:
        for region in told.other_data_regions:
            found.append(Metric(signals.SUPERSEDED, region, int(region in seen.markers)))
    return found


def view(told: Settings, about: str, proof: Proof, at_ms: int, supersedes: tuple[str, ...] = ()) -> View:
    """Return ``proof`` as the view that this region keeps of ``about``."""
    return View(
        voter=told.region,
        about=about,
        role=proof.role,
        writer=bool(proof.value),
        reached=proof.reached,
        reason=proof.reason,
        at_ms=at_ms,
        valid_until_ms=at_ms + told.valid_ms,
        lag_seconds=proof.lag_seconds,
        supersedes=supersedes,
    )


@functools.cache
def _configured() -> Probe:
    told = settings.read(Settings, os.environ)
    factory = ClientFactory(PUBLISHING)

    def sign(region: str, host: str) -> str:
        return connect_token(factory.credentials(), region, host, told.port, signals.PROBE_USER)

    return Probe(told, factory, postgres.Network(), sign)


def _read_markers(probe: Probe, failed: dict[str, str]) -> tuple[str, ...] | None:
    """Return the superseded regions, or ``None`` when the table does not answer.

    Nothing is published then: Route 53 keeps the last known status, and a guess of 0 would let a zombie
    in (trap 34).
    """
    if probe.settings.reader_host is None:
        return None
    read: list[tuple[str, ...]] = []
    _attempt(failed, "markers", lambda: read.append(probe.table.superseded()))
    if not read:
        return None
    probe.markers = read[0]
    return read[0]


def _write_own(
    probe: Probe,
    own: Verdict,
    at_ms: int,
    reading: Future[tuple[str, ...] | None],
    failed: dict[str, str],
) -> None:
    """Write the region's own view; markers that are not read in time are taken as they last were."""
    wait([reading], timeout=PATIENCE_SECONDS)
    mine = view(probe.settings, probe.settings.region, own[0], at_ms, probe.markers or ())
    _attempt(failed, "own view", lambda: probe.table.put_view(mine))


def _write_partners(probe: Probe, seen: Seen, failed: dict[str, str]) -> None:
    for region, (proof, _) in seen.partners.items():
        one = view(probe.settings, region, proof, seen.at_ms)
        if not _attempt(failed, "partners' views", functools.partial(probe.table.put_view, one)):
            return  # a table that does not answer would take its whole limit for each of them


def _publish(probe: Probe, seen: Seen, failed: dict[str, str], said: Seen | None = None) -> None:
    """Publish what was seen, but for what of it was said before."""
    told = probe.settings
    before = measured(told, said) if said else []
    news = [each for each in measured(told, seen) if each not in before]
    if not news:
        return
    client = probe.clients("cloudwatch", told.region)
    _attempt(failed, "metrics", lambda: metrics.publish(client, told.suffix, news, seen.at_ms))


def _attempt(failed: dict[str, str], what: str, act: Callable[[], object]) -> bool:
    """Call ``act``; note in ``failed`` that AWS refused or did not answer, and go on."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        act()
    except (BotoCoreError, ClientError) as error:
        failed[what] = f"{error_code(error)}: {error}"
        return False
    return True


def _line(told: Settings, seen: Seen, failed: Mapping[str, str], published: bool) -> dict[str, Any]:
    def said(verdict: Verdict) -> dict[str, Any]:
        proof, seconds = verdict
        return {
            "value": proof.value,
            "role": proof.role,
            "reached": proof.reached,
            "word": proof.word,
            "reason": proof.reason,
            "lag_seconds": proof.lag_seconds,
            "seconds": seconds,
        }

    return {
        "event": "proof",
        "region": told.region,
        "at_ms": seen.at_ms,
        "own": None if seen.own is None else said(seen.own),
        "partners": {region: said(verdict) for region, verdict in seen.partners.items()},
        "superseded": None if seen.markers is None else list(seen.markers),
        "published": published,
        "failed": dict(failed),
    }
