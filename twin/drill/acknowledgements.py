"""What the application's own record says: when nothing was acknowledged, by how many regions at once, what was lost.

An acknowledgement is the moment at which the application was told that its row is committed. Nothing here reads the
journal: the clients' record and the rows that PostgreSQL gave back are enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from twin.drill.record import History, Lost, Row, Write

TAIL_SECONDS = 5.0
"""Writes that stop for longer than this before the end of the history never came back."""

PAUSE_SECONDS = 2.0
"""A region that acknowledges again within this was acknowledging all the time: longer than one attempt may take."""


@dataclass(frozen=True)
class Silence:
    """A time without an acknowledged write. before, after: the regions that acknowledged last and next.

    ended_ms is None, and after empty, when no write was acknowledged any more.
    """

    began_ms: int
    ended_ms: int | None
    before: str
    after: str

    @property
    def seconds(self) -> float | None:
        """Return its length, None when it did not end."""
        return None if self.ended_ms is None else (self.ended_ms - self.began_ms) / 1000


@dataclass(frozen=True)
class Connection:
    """One connection of the application. longest_seconds: without an acknowledgement; None: it got none again."""

    worker: str
    acknowledged: int
    refused: int
    unknown: int
    longest_seconds: float | None


def acknowledged(writes: Iterable[Write]) -> list[Write]:
    """Return the acknowledged attempts by the time of their acknowledgement."""
    return sorted((each for each in writes if each.outcome == "acknowledged"), key=lambda each: each.ended_ms)


def longest_silence(history: History) -> Silence:
    """Return the longest time without an acknowledged write that begins at or after the disaster.

    One that has not ended when the history does counts before all others (:data:`TAIL_SECONDS`).
    """
    since = history.began_ms if history.disaster_ms is None else history.disaster_ms
    before, at, longest = history.origin, since, Silence(since, since, history.origin, history.origin)
    for write in acknowledged(history.writes):
        if write.ended_ms >= since:
            found = Silence(at, write.ended_ms, before, write.region)
            if (found.seconds or 0) > (longest.seconds or 0):
                longest = found
            at = write.ended_ms
        before = write.region
    return Silence(at, None, before, "") if history.ended_ms - at > TAIL_SECONDS * 1000 else longest


def connections(history: History) -> tuple[Connection, ...]:
    """Return what each connection went through since the disaster, by name.

    One that has no attempt within the last seconds was taken away with its region, and has no longest time.
    """
    by_worker: dict[str, list[Write]] = {}
    for write in history.writes:
        by_worker.setdefault(write.worker, []).append(write)
    return tuple(_connection(history, worker, writes) for worker, writes in sorted(by_worker.items()))


def _connection(history: History, worker: str, writes: list[Write]) -> Connection:
    since = history.began_ms if history.disaster_ms is None else history.disaster_ms
    times = [each.ended_ms for each in acknowledged(writes) if each.ended_ms >= since]
    stops = [max(since, min(each.began_ms for each in writes)), *times]
    ended = bool(times) and history.ended_ms - times[-1] <= TAIL_SECONDS * 1000
    count = {
        outcome: sum(each.outcome == outcome for each in writes) for outcome in ("acknowledged", "refused", "unknown")
    }
    gaps = [later - earlier for earlier, later in pairwise(stops)]
    return Connection(
        worker,
        count["acknowledged"],
        count["refused"],
        count["unknown"],
        max(gaps, default=0) / 1000 if ended else None,
    )


def runs(writes: Iterable[Write]) -> dict[str, list[tuple[int, int]]]:
    """Return the times in which each region acknowledged: from one acknowledgement to the last in close order."""
    found: dict[str, list[tuple[int, int]]] = {}
    for write in acknowledged(writes):
        known = found.setdefault(write.region, [])
        if known and write.ended_ms - known[-1][1] <= PAUSE_SECONDS * 1000:
            known[-1] = (known[-1][0], write.ended_ms)
        else:
            known.append((write.ended_ms, write.ended_ms))
    return found


def overlap_seconds(writes: Iterable[Write], after_ms: int = 0) -> float:
    """Return for how long two regions or more acknowledged at the same time, from ``after_ms`` on."""
    turns = sorted(
        turn
        for spans in runs(writes).values()
        for began, ended in spans
        for turn in ((max(began, after_ms), 1), (max(ended, after_ms), -1))
    )
    total, depth, since = 0, 0, 0
    for at, step in turns:
        total += at - since if depth > 1 else 0
        depth, since = depth + step, at
    return total / 1000


def doubled(writes: tuple[Write, ...], after_ms: int) -> list[Write]:
    """Return the writes, begun at ``after_ms`` or later, that a region acknowledged while another one did."""
    spans = runs(writes)
    return [
        each
        for each in acknowledged(writes)
        if each.began_ms >= after_ms
        and any(
            began < each.ended_ms < ended
            for region, times in spans.items()
            if region != each.region
            for began, ended in times
        )
    ]


def final_writer(history: History) -> str:
    """Return the region whose rows count: the writer at the end, of several the one that DNS answers.

    Where nothing takes writes at the end it is the region that acknowledged last.
    """
    last = history.samples[-1] if history.samples else None
    writers = [region for region, seen in last.regions.items() if seen.role == "writer"] if last else []
    answered = [region for region in writers if last and region in last.answers]
    writes = acknowledged(history.writes)
    choices = writers if len(writers) == 1 else answered or ([writes[-1].region] if writes else [history.origin])
    return choices[0]


def unread(history: History) -> bool:
    """Tell whether no rows could be read back, as a scenario that ends with nothing up may leave it."""
    return history.promise.down and not history.rows


def lost(history: History) -> tuple[Lost, ...]:
    """Return the acknowledged rows that the final writer has not got, the oldest first.

    A row that is there but was committed by a later attempt (its LSN is another one) was lost and written again. One
    that somebody's statement destroyed was not lost by a recovery.
    """
    if unread(history):
        return ()
    writer = final_writer(history)
    rows = {row.key: row for row in history.rows if row.region == writer}
    newest: dict[str, int] = {}
    for write in history.writes:
        newest[write.key] = max(newest.get(write.key, 0), write.attempt)
    gone = destroyed(history)
    return tuple(each for each in _lost(acknowledged(history.writes), rows, newest) if each.key not in gone)


def destroyed(history: History) -> frozenset[str]:
    """Return the keys of the rows that statements of people destroyed."""
    return frozenset(key for event in history.events for key in event.detail.get("destroyed", ()))


def _lost(writes: list[Write], rows: Mapping[str, Row], newest: Mapping[str, int]) -> Iterator[Lost]:
    for write in writes:
        row, again = rows.get(write.key), newest[write.key] > write.attempt
        known = row is not None and bool(row.lsn) and bool(write.lsn)
        if row is None or (again and known and row.lsn != write.lsn):
            yield Lost(write.key, write.ended_ms, write.region, write.lsn, rewritten=row is not None)


def lost_seconds(rows: tuple[Lost, ...], disaster_ms: int) -> float:
    """Return the RPO in seconds: the age of the oldest lost row at the disaster.

    Where rows were lost that were acknowledged after it, up to the newest of them.
    """
    if not rows:
        return 0.0
    times = [row.acknowledged_ms for row in rows]
    return (max(disaster_ms, *times) - min(times)) / 1000


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``no rows``, ``1 row``, ``2 rows``."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
