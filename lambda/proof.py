"""What one look at a database means: observations in, a verdict with its reason out. No effects.

The question is not "does it answer" but "can an application write there, through the endpoint that it
uses" (design: DNS follows the writer). A database that answers that it is not the writer, and one that
does not answer in time, both give an explicit 0: silence is for probes that do not run.
"""

from __future__ import annotations

from dataclasses import dataclass

PROVED = "proved"
REPLICA = "replica"
NAME = "name"

ROLE_WRITER = "writer"
ROLE_REPLICA = "replica"
ROLE_UNKNOWN = "unknown"

SKEW_SECONDS = 5.0
"""Clocks further apart than this are mentioned: an age made from two of them is no better than they are."""


@dataclass(frozen=True)
class Observation:
    """What one attempt at one endpoint saw.

    failed: the word of the step that failed (see :mod:`postgres`), empty when none did.
    detail: what the server or the system said about it.
    in_recovery: what ``pg_is_in_recovery()`` said; ``None`` when it was not answered.
    written: the row was written, committed and read back.
    age: of the newest replicated heartbeat, on a replica, when there is one: seconds from the writer's clock when
    it wrote to the replica's clock now; negative when the two disagree.
    skew: seconds that the database's clock is ahead of the function's, where it was asked.
    """

    failed: str = ""
    detail: str = ""
    in_recovery: bool | None = None
    written: bool = False
    age: float | None = None
    skew: float = 0.0


@dataclass(frozen=True)
class Proof:
    """The verdict on one region.

    value: 1 when the region's database can be written to (in a look from outside: says that it is the
    writer), else 0. reached: it answered a question. word: for machines; reason: for people, and starts
    with the word.
    """

    value: int
    role: str
    reached: bool
    word: str
    reason: str
    lag_seconds: float | None = None


def judge(writer: Observation, reader: Observation | None = None) -> Proof:
    """Return the verdict on the function's own region.

    writer: the attempt through the writer endpoint; ``reader``: the one through the reader endpoint, made
    only when the writer's name does not exist.
    """
    if writer.written:
        return Proof(1, ROLE_WRITER, True, PROVED, PROVED + _off(writer, "its times"))
    if writer.in_recovery:
        return _replica(writer, "")
    if writer.failed == NAME and reader is not None:
        return _without_writer_endpoint(writer, reader)
    role = ROLE_WRITER if writer.in_recovery is False else ROLE_UNKNOWN
    return Proof(0, role, writer.in_recovery is not None, writer.failed, _said(writer))


def judge_partner(writer: Observation, reader: Observation | None = None) -> Proof:
    """Return the verdict on another region's database, which is only asked and never written to."""
    seen = reader if writer.failed == NAME and reader is not None else writer
    if seen.in_recovery is None:
        return Proof(0, ROLE_UNKNOWN, False, seen.failed, _said(seen))
    if seen.in_recovery:
        return Proof(0, ROLE_REPLICA, True, REPLICA, "replica: says that it is in recovery")
    if seen is reader:
        return Proof(0, ROLE_WRITER, True, NAME, "name: is a writer, but its writer endpoint does not exist")
    return Proof(1, ROLE_WRITER, True, ROLE_WRITER, "writer: says that it is not in recovery")


def _without_writer_endpoint(writer: Observation, reader: Observation) -> Proof:
    if reader.in_recovery:
        return _replica(reader, "; no writer endpoint")
    if reader.in_recovery is False:
        reason = "name: the writer endpoint does not exist, though the database is a writer"
        return Proof(0, ROLE_WRITER, True, NAME, reason)
    reason = f"{_said(writer)}; through the reader endpoint: {_said(reader)}"
    return Proof(0, ROLE_UNKNOWN, False, reader.failed, reason)


def _replica(seen: Observation, note: str) -> Proof:
    reason = "replica: not the writer" + note
    if seen.age is None:
        missing = f"{seen.failed}: {seen.detail}" if seen.failed else "none was ever written"
        return Proof(0, ROLE_REPLICA, True, REPLICA, f"{reason}; no heartbeat to read ({missing})")
    if seen.age < 0:
        reason += f"; the heartbeat is {-seen.age:.1f} s in the future: clocks differ"
    reason += _off(seen, "the lag")
    return Proof(0, ROLE_REPLICA, True, REPLICA, reason, round(seen.age, 3))


def _off(seen: Observation, what: str) -> str:
    """Return what to say of a database's clock that is not this function's; nothing when they agree."""
    if abs(seen.skew) <= SKEW_SECONDS:
        return ""
    return f"; its clock is {seen.skew:+.1f} s off this function's: {what} may be wrong by that"


def _said(seen: Observation) -> str:
    return f"{seen.failed}: {seen.detail}"
