"""The databases' control endpoints, under ``/_twin/``; :mod:`twin.cloud.databases.knobs_client` is a client of them.

- GET ``databases``: region → what PostgreSQL says of itself: :func:`told`
- PUT ``databases``: ``{"region", "act", "seconds"}``: :mod:`twin.cloud.databases.acts`
- GET, PUT ``databases/timing``: ``{"zombie": 5, …}``: :class:`twin.cloud.databases.fleet.Timing`
- POST ``databases/query``: ``{"region", "database", "sql", "seconds", "lost"}`` → rows, as the superuser
- PUT ``paths``: ``{"from", "to", "who", "how", "delay", "loss"}``: a way from a region to a database
- PUT ``replication``: ``{"from", "to", "how", "delay"}``: the line that storage is replicated over
- PUT, DELETE ``clocks``: ``{"region", "seconds"}``: how far its functions' clock is ahead

A region with clusters of several accounts needs ``"account"`` besides. Each answers with an error as long as no
databases run (``functions`` is ``answers``). What takes time is done in threads: the emulator goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import decimal
import uuid
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from twin.cloud.journal import JOURNAL

if TYPE_CHECKING:
    from twin.cloud.databases.attach import Databases
    from twin.cloud.databases.standing import Look, Standing

Said = Mapping[str, Any]

QUERY_SECONDS = 10.0
WAYS = ("open", "silent", "closed", "drop", "refuse")
LINES = ("streaming", "cut")
_ATTACHED: list[Databases] = []


def attach(databases: Databases | None) -> None:
    """Have the knobs turn these databases, or none."""
    _ATTACHED[:] = [databases] if databases is not None else []


def attached() -> Databases:
    """Return the databases of this process. Raises ValueError when there are none."""
    if not _ATTACHED:
        raise ValueError("this local cloud has no databases: its functions are answered, not run")
    return _ATTACHED[0]


def told(said: Said) -> dict[str, dict[str, Any]]:
    """Return for each region what its database is, asked of PostgreSQL just now.

    role: ``writer``, ``replica``, or ``none``, which takes no writes and replays nothing. process: ``running``,
    ``suspended``, ``ended``. received_lsn, replayed_lsn, timeline. streaming: whether it follows its writer.
    lag_seconds: of a replica, 0 when it has all that its writer has, else how much older what it has is. leads: its
    writer endpoint resolves. strayed: why it has to be rebuilt. diverged: the timeline and LSN at which the new
    writer's history left its own, and how far it had come (``end``, None until it is seen again). doors:
    ``origin/who`` → address.
    """
    databases = attached()
    found: dict[str, dict[str, Any]] = {}
    for standing in databases.fleet.standing():
        if said.get("account", standing.cluster.account) == standing.cluster.account:
            place = standing.region if standing.region not in found else f"{standing.region}/{standing.cluster.name}"
            found[place] = _told(databases, standing)
    return found


def _told(databases: Databases, standing: Standing) -> dict[str, Any]:
    look = standing.look()
    doors = [each for each in databases.doors() if (each.account, each.region) == standing.cluster.key[:2]]
    writer = next((each for each in databases.fleet.others(standing) if each.cluster.writer), None)
    ahead = writer.look() if writer is not None and look.role == "replica" else None
    same = ahead is None or not ahead.answers or look.timeline == ahead.timeline
    return {
        "cluster": standing.cluster.name,
        "account": standing.cluster.account,
        "role": look.role,
        "process": look.process,
        "received_lsn": look.received,
        "replayed_lsn": look.replayed,
        "lag_seconds": _lag(writer, ahead, look) if writer is not None and ahead is not None else None,
        "timeline": look.timeline,
        "streaming": look.streaming and same,
        "leads": standing.leads,
        "strayed": standing.strayed,
        "diverged": standing.diverged,
        "doors": {f"{each.origin}/{each.who}": f"{each.ip}:{each.port}" for each in doors},
    }


def _lag(writer: Standing, ahead: Look, look: Look) -> float | None:
    if ahead.answers and look.has(ahead.received):
        return 0.0
    return writer.behind(look)


def _act(said: Said) -> dict[str, Any]:
    from twin.cloud.databases.acts import do

    databases, standing = attached(), _chosen(said)
    done = do(standing, str(said["act"]), databases.fleet.doors, float(said.get("seconds", 0)))
    return {"region": standing.region, "act": said["act"], "done": done}


def _timing(said: Said) -> dict[str, float]:
    fleet = attached().fleet
    fleet.timing = replace(fleet.timing, **{name: float(value) for name, value in said.items()})
    return asdict(fleet.timing)


def _query(said: Said) -> list[list[Any]]:
    standing, seconds = _chosen(said), float(said.get("seconds", QUERY_SECONDS))
    server = standing.server
    if said.get("lost"):
        if standing.kept is None:
            raise ValueError(f"nothing is kept of {standing.region}: it had nothing that its writer has not")
        server = standing.kept
        with standing.lock:
            if not server.running:
                server.start()
    elif server.state != "running":
        raise ValueError(f"the database of {standing.region} is {server.state}")
    try:
        rows = server.execute(str(said["sql"]), database=str(said.get("database", "postgres")), seconds=seconds)
    except Exception as error:  # pg8000's, the socket's
        raise ValueError(
            f"the database of {standing.region} did not answer: {error or type(error).__name__}"
        ) from error
    return [[_plain(value) for value in row] for row in rows]


def _break_path(said: Said) -> dict[str, Any]:
    from twin.front_door import Faults

    how, origin, region = str(said.get("how", "open")), str(said["from"]), str(said["to"])
    if how not in WAYS:
        raise ValueError(f"how is {how}: it is one of {', '.join(WAYS)}")
    wrong = {} if how == "open" else {how: True}
    faults = Faults(delay=float(said.get("delay", 0)), loss=float(said.get("loss", 0)), **wrong)
    attached().break_("" if origin == "*" else origin, str(said.get("who", "")), region, faults, "paths")
    told = {name: value for name, value in asdict(faults).items() if value}
    JOURNAL.note("twin", region, f"the way from {origin} is {how}", "it was asked for", **told)
    return {"from": origin, "to": region, **asdict(faults)}


def _break_line(said: Said) -> dict[str, Any]:
    from twin.cloud.databases.lines import ANY, CUT
    from twin.passage import Faults

    how, start, end = str(said.get("how", "streaming")), str(said.get("from", ANY)), str(said["to"])
    if how not in LINES:
        raise ValueError(f"how is {how}: it is one of {', '.join(LINES)}")
    start = ANY if start == end else start
    faults = CUT if how == "cut" else Faults(delay=float(said.get("delay", 0)))
    fleet = attached().fleet
    fleet.lines.set(start, end, faults)
    fleet.mend()
    JOURNAL.note(
        "twin", end if end != ANY else start, f"replication from {start} to {end} is {how}", "it was asked for"
    )
    return {"from": start, "to": end, **asdict(faults)}


def _shift(said: Said) -> dict[str, Any]:
    region, seconds = str(said["region"]), float(said["seconds"])
    attached().shift(region, seconds)
    JOURNAL.note("twin", region, f"the clock of the functions in {region} is {seconds:+g} s off", "it was asked for")
    return {"region": region, "seconds": seconds}


def _right(_said: Said) -> dict[str, Any]:
    attached().right()
    return {}


def _chosen(said: Said) -> Standing:
    fleet, region = attached().fleet, str(said["region"])
    names = {"account": said.get("account"), "name": said.get("cluster")}
    found = [
        each
        for each in fleet.standing()
        if each.region == region and all(value in (None, getattr(each.cluster, name)) for name, value in names.items())
    ]
    if len(found) != 1:
        which = ", ".join(f"{each.region} ({each.cluster.account})" for each in fleet.standing()) or "none"
        raise ValueError(f"{len(found)} databases fit {region}; there is {which}")
    return found[0]


def _plain(value: Any) -> Any:
    """Return a value as JSON can show it."""
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta, uuid.UUID)):
        return str(value)
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(bytes(value)).decode()
    return value


def _aside(function: Callable[[Said], Any]) -> Callable[[Any], Coroutine[Any, Any, Any]]:
    """Return the endpoint that does it in a thread of its own."""

    async def answer(said: Any) -> Any:
        try:
            return await asyncio.to_thread(function, said)
        except KeyError as error:
            raise ValueError(f"{error.args[0]} is missing") from error

    return answer


ENDPOINTS: Mapping[tuple[str, str], Callable[[Any], Any]] = {
    ("databases", "GET"): _aside(told),
    ("databases", "PUT"): _aside(_act),
    ("databases/timing", "GET"): _aside(_timing),
    ("databases/timing", "PUT"): _aside(_timing),
    ("databases/query", "POST"): _aside(_query),
    ("paths", "PUT"): _aside(_break_path),
    ("replication", "PUT"): _aside(_break_line),
    ("clocks", "PUT"): _aside(_shift),
    ("clocks", "DELETE"): _aside(_right),
}
