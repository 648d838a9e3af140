"""What can be done to a region's database, by the name of the act.

- ``kill``: all of its processes are killed, and stay so until ``start``
- ``suspend``: its processes stop in their tracks: connections are accepted and never answered
- ``resume``: they go on
- ``start``: it starts, if it does not run, as what it was: a writer that was replaced meanwhile does not know
- ``restart``: a clean stop and a start
- ``read-only``: every transaction is read-only, as on a full disk; open sessions' too
- ``writable``: the opposite
- ``slow``: each statement takes ``seconds`` longer (5)
- ``fast``: the opposite
- ``fill``: all connections that are not reserved are used up
- ``free``: the opposite
- ``pause``: a replica receives and does not replay
- ``unpause``: the opposite
- ``long-transaction``: a transaction is begun that has an identity, and stays idle
- ``end-transaction``: it is committed, which fails if it was ended meanwhile
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from twin.cloud.databases.doors import Doors
from twin.cloud.databases.standing import Standing
from twin.cloud.journal import JOURNAL
from twin.front_door import Faults
from twin.postgres import PostgresError

SOURCE = "database"
SLOW_SECONDS = 5.0
WAIT_SECONDS = 30.0
MOST_SESSIONS = 500
_TRANSACTION = "long-transaction"

Act = Callable[[Standing, Doors, float], str]


def do(standing: Standing, act: str, doors: Doors, seconds: float) -> str:
    """Do it and return what came of it. Raises ValueError for an act that there is not, or that did not work."""
    if act not in ACTS:
        raise ValueError(f"no act {act}: there is {', '.join(ACTS)}")
    try:
        said = ACTS[act](standing, doors, seconds)
    except Exception as error:  # of pg8000, of the socket, of the server: for who asked they are one
        raise ValueError(f"{act} of the database of {standing.region} did not work: {error}") from error
    JOURNAL.note(SOURCE, standing.region, said, f"{act} was asked for", act=act)
    return said


def _kill(standing: Standing, _doors: Doors, _seconds: float) -> str:
    standing.down = True
    standing.server.kill()
    return "was killed"


def _suspend(standing: Standing, _doors: Doors, _seconds: float) -> str:
    standing.server.suspend()
    return "is suspended"


def _resume(standing: Standing, _doors: Doors, _seconds: float) -> str:
    standing.server.resume()
    return "goes on"


def _start(standing: Standing, _doors: Doors, _seconds: float) -> str:
    with _alone(standing):
        standing.down = False
        if standing.server.running:
            return "runs"
        if not standing.unfinished:
            standing.server.start()
    return "was started"


def _restart(standing: Standing, _doors: Doors, _seconds: float) -> str:
    with _alone(standing):
        standing.down = False
        standing.server.stop()
        standing.server.start()
    return "was restarted"


def _set(standing: Standing, *, read_only: bool) -> None:
    standing.server.execute(f"ALTER SYSTEM SET default_transaction_read_only = {'on' if read_only else 'off'}")
    standing.server.reload()


def _make_read_only(standing: Standing, _doors: Doors, _seconds: float) -> str:
    _set(standing, read_only=True)
    return "is read-only"


def _make_writable(standing: Standing, _doors: Doors, _seconds: float) -> str:
    _set(standing, read_only=False)
    return "is not read-only any more"


def _slow(standing: Standing, doors: Doors, seconds: float) -> str:
    doors.break_("", "", standing.region, Faults(delay=seconds or SLOW_SECONDS), "slow")
    return f"takes {seconds or SLOW_SECONDS:g} s longer for each statement"


def _fast(standing: Standing, doors: Doors, _seconds: float) -> str:
    doors.break_("", "", standing.region, Faults(), "slow")
    return "is as fast as before"


def _fill(standing: Standing, _doors: Doors, _seconds: float) -> str:
    held = standing.sessions.setdefault("fill", [])
    user = str(
        standing.server.execute("SELECT rolname FROM pg_roles WHERE rolcreaterole AND NOT rolsuper LIMIT 1")[0][0]
    )
    with contextlib.suppress(Exception):  # the refusal of the first one too many is what is wanted
        while len(held) < MOST_SESSIONS:
            held.append(standing.server.session(user=user))
    return f"has no connection left: {len(held)} are held"


def _free(standing: Standing, _doors: Doors, _seconds: float) -> str:
    return f"has connections again: {standing.let_go('fill')} were let go"


def _pause(standing: Standing, _doors: Doors, _seconds: float) -> str:
    standing.server.execute("SELECT pg_wal_replay_pause()")
    return "receives and does not replay"


def _unpause(standing: Standing, _doors: Doors, _seconds: float) -> str:
    standing.server.execute("SELECT pg_wal_replay_resume()")
    return "replays again"


def _begin(standing: Standing, _doors: Doors, _seconds: float) -> str:
    session = standing.server.session()
    session.run("BEGIN")
    session.run("SELECT pg_current_xact_id()")
    standing.sessions.setdefault(_TRANSACTION, []).append(session)
    return "has a transaction that stays open"


def _end(standing: Standing, _doors: Doors, _seconds: float) -> str:
    for session in standing.sessions.get(_TRANSACTION, ()):
        session.run("COMMIT")
    standing.let_go(_TRANSACTION)
    return "has no transaction open any more"


@contextlib.contextmanager
def _alone(standing: Standing) -> Any:
    """Wait until nobody rebuilds or promotes the database, and keep others from beginning to."""
    if not standing.lock.acquire(timeout=WAIT_SECONDS):
        raise PostgresError("it is being rebuilt")
    try:
        yield
    finally:
        standing.lock.release()


ACTS: Mapping[str, Act] = {
    "kill": _kill,
    "suspend": _suspend,
    "resume": _resume,
    "start": _start,
    "restart": _restart,
    "read-only": _make_read_only,
    "writable": _make_writable,
    "slow": _slow,
    "fast": _fast,
    "fill": _fill,
    "free": _free,
    "pause": _pause,
    "unpause": _unpause,
    _TRANSACTION: _begin,
    "end-transaction": _end,
}
