"""A member that has left the writer's history comes back to it: rewound, or copied anew where that is impossible.

On Aurora the old primary's volume is rebuilt from the new one's, and what only the old one had is kept as a snapshot
(Aurora User Guide, "Recovering an Amazon Aurora global database from an unplanned outage"); here it is kept as a
server aside, which can be asked.
"""

from __future__ import annotations

import logging
import time

from twin import replication
from twin.cloud.databases.standing import Look, Standing
from twin.cloud.journal import JOURNAL
from twin.postgres import PostgresError
from twin.replication import Fork, position

SOURCE = "database"
FENCE_SECONDS = 5.0
STREAM_SECONDS = 20.0

logger = logging.getLogger("databases")


def fork_of(member: Look, writer: Standing) -> Fork | None:
    """Return where the writer's history left the member's timeline; None where that is the writer's own, or unknown."""
    return replication.forks(writer.server).get(member.timeline)


def has_strayed(member: Look, of_writer: Look, writer: Standing) -> bool:
    """Tell whether a replica has what the writer does not have, so that it can't go on by itself."""
    if not (member.answers and of_writer.answers) or member.timeline == of_writer.timeline:
        return False
    fork = fork_of(member, writer)
    return fork is None or position(member.received) > position(fork.lsn)


def rebuild(member: Standing, writer: Standing) -> str:
    """Make a member a replica of the writer whose relay leads there already; return ``rewound`` or ``copied``.

    Raises :class:`twin.postgres.PostgresError`, and pg8000's errors; it can be tried again.
    """
    if member.server.running:
        _set_aside(member, writer)
    member.unfinished = True
    how = _brought_back(member, writer)
    member.fenced = member.leads = False
    member.reached = 0
    member.start()
    member.unfinished, member.came_back, member.alone_since = False, None, None
    replication.release(member.server)
    _await_stream(member)
    member.strayed = ""
    JOURNAL.note(SOURCE, member.region, f"is a replica of {writer.region}", f"it was {how}", how=how)
    return how


def _set_aside(member: Standing, writer: Standing) -> None:
    """Stop the server, and keep a copy of it when it has what the writer does not have."""
    if not member.look().recovering:
        member.fence(FENCE_SECONDS)
    last = member.look()
    member.let_go()
    member.server.stop()
    fork = fork_of(last, writer)
    if fork is None or position(last.received) <= position(fork.lsn):
        return
    member.diverged = {"timeline": fork.timeline, "lsn": fork.lsn, "end": last.received}
    if member.kept is not None:
        member.kept.remove()
    member.kept = member.server.yard.aside(member.server, f"{member.server.name}-before-{fork.timeline + 1}")
    said = f"what it has from {fork.lsn} to {last.received} on timeline {fork.timeline} is not in {writer.region}"
    JOURNAL.note(SOURCE, member.region, "had left the writer's history", said, **member.diverged)


def _brought_back(member: Standing, writer: Standing) -> str:
    """Bring a stopped server's files to the writer's history; it streams through its relay afterwards."""
    try:
        replication.rewind(member.server, writer.server, member.relay.address)
        return "rewound"
    except PostgresError as error:
        logger.info("%s can't be rewound: %s", member.server.name, error)
    replication.copy(member.server, writer.server, member.relay.address)
    return "copied"


def _await_stream(member: Standing) -> None:
    deadline = time.monotonic() + STREAM_SECONDS
    while not member.look().streaming:
        if not member.server.running or time.monotonic() > deadline:
            raise PostgresError(f"{member.server.name} does not stream")
        time.sleep(0.02)
