"""Looks at databases: signs in through an endpoint, asks, writes, and says what it saw.

Nothing here decides: :mod:`proof` does. An attempt makes a connection of its own, as an application that
has just lost one would, and each of its steps has a limit (:mod:`postgres`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import postgres
import proof
from rounds import Clock
from wire import Deadline

from recovery import signals

TABLE = f"{signals.SCHEMA}.{signals.HEARTBEAT_TABLE}"
ROLE = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only')"
WRITE = f"""
INSERT INTO {TABLE} AS kept (region, token, beat) VALUES (:region, CAST(:token AS uuid), clock_timestamp())
ON CONFLICT (region) DO UPDATE SET token = excluded.token, beat = excluded.beat
RETURNING CAST(kept.beat AS text), extract(epoch FROM kept.beat)"""
READ_BACK = f"""
SELECT token = CAST(:token AS uuid) OR beat > CAST(:beat AS timestamptz) FROM {TABLE} WHERE region = :region"""
"""A newer row than ours is as good: the next invocation's probe may write while this one still reads."""
HEARTBEAT = f"""
SELECT extract(epoch FROM clock_timestamp()), extract(epoch FROM max(beat)) FROM {TABLE} WHERE region <> :region"""

Sign = Callable[[str, str], str]
"""``sign(region, host)`` returns the token for ``host`` in ``region``."""


@dataclass
class Attempt:
    """What one attempt saw, and how long each step took, in seconds."""

    seen: proof.Observation
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Observer:
    """How this function looks at databases, its own and the partners'.

    region: the function's own. step_seconds: the limit of one step.
    """

    region: str
    port: int
    database: str
    step_seconds: float
    network: postgres.Network
    sign: Sign
    clock: Clock

    def prove(self, reader_host: str, limit: Deadline) -> tuple[proof.Proof, dict[str, float]]:
        """Return the verdict on the function's own region, and the seconds that each step took."""
        writer = self._attempt(signals.writer_host(reader_host), self.region, limit, self._write)
        if writer.seen.failed != proof.NAME:
            return proof.judge(writer.seen), writer.seconds
        reader = self._attempt(reader_host, self.region, limit, self._read)
        seconds = writer.seconds | {f"reader {step}": took for step, took in reader.seconds.items()}
        return proof.judge(writer.seen, reader.seen), seconds

    def look_over(self, region: str, reader_host: str, limit: Deadline) -> tuple[proof.Proof, dict[str, float]]:
        """Return the verdict on a partner's database, which is asked and not written to."""
        writer = self._attempt(signals.writer_host(reader_host), region, limit, _ask)
        if writer.seen.failed != proof.NAME:
            return proof.judge_partner(writer.seen), writer.seconds
        reader = self._attempt(reader_host, region, limit, _ask)
        seconds = writer.seconds | {f"reader {step}": took for step, took in reader.seconds.items()}
        return proof.judge_partner(writer.seen, reader.seen), seconds

    def _attempt(
        self,
        host: str,
        region: str,
        limit: Deadline,
        act: Callable[[postgres.Session], proof.Observation],
    ) -> Attempt:
        steps = postgres.Stopwatch(limit, self.step_seconds)
        milliseconds = str(int(self.step_seconds * 1000))
        target = postgres.Target(
            host=host,
            port=self.port,
            database=self.database,
            user=signals.PROBE_USER,
            password=lambda: self.sign(region, host),
            settings={"statement_timeout": milliseconds, "lock_timeout": milliseconds},
        )
        try:
            with postgres.sign_in(target, self.network, steps) as session:
                seen = act(session)
        except postgres.StepError as failure:
            seen = proof.Observation(failed=failure.word, detail=failure.detail)
        return Attempt(seen, steps.seconds)

    def _write(self, session: postgres.Session) -> proof.Observation:
        """Write the heartbeat and read it back, but only where the database says that it is a writer."""
        ((in_recovery, read_only),) = session.ask("role", ROLE)
        if in_recovery:
            return self._replicated(session)
        if read_only == "on":
            return proof.Observation("read-only", "transaction_read_only is on", in_recovery=False)
        token, before = str(uuid.uuid4()), self.clock.now()
        try:
            ((beat, at),) = session.ask("write", WRITE, region=self.region, token=token)
            skew = self._skew(before, float(at))
            rows = session.ask("read-back", READ_BACK, region=self.region, token=token, beat=beat)
        except postgres.StepError as failure:
            return proof.Observation(failure.word, failure.detail, in_recovery=False)
        if rows != [[True]]:
            return proof.Observation("read-back", "the row that was written is not there", in_recovery=False)
        return proof.Observation(in_recovery=False, written=True, skew=skew)

    def _read(self, session: postgres.Session) -> proof.Observation:
        seen = _ask(session)
        return self._replicated(session) if seen.in_recovery else seen

    def _replicated(self, session: postgres.Session) -> proof.Observation:
        before = self.clock.now()
        try:
            ((now, beat),) = session.ask("heartbeat", HEARTBEAT, region=self.region)
        except postgres.StepError as failure:
            return proof.Observation(failure.word, failure.detail, in_recovery=True)
        if beat is None:
            return proof.Observation(in_recovery=True)
        return proof.Observation(in_recovery=True, age=float(now - beat), skew=self._skew(before, float(now)))

    def _skew(self, before: float, at: float) -> float:
        """Return how far what the database's clock said lies outside the time that its answer took, in seconds."""
        return min(at - before, 0.0) or max(at - self.clock.now(), 0.0)


def _ask(session: postgres.Session) -> proof.Observation:
    ((in_recovery, _),) = session.ask("role", ROLE)
    return proof.Observation(in_recovery=bool(in_recovery))
