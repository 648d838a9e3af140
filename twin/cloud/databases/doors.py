"""Front doors by origin: who comes from which region reaches a database by a way of its own, that breaks alone.

Each door has, where the system allows it, an address of its own in 127/8 with the port that RDS says (Linux: all of
127/8 is the machine itself), else a free port of 127.0.0.1.
"""

from __future__ import annotations

import errno
import random
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from twin.authority import Authority, Certificate
from twin.cloud.databases.records import Cluster
from twin.front_door import Door, Faults, FrontDoor
from twin.passage import LOOPBACK, Hall
from twin.tokens import Credentials

WHO = ("functions", "application")
ADDRESS_GUESSES = 5

Key = tuple[str, str, str]
Way = tuple[str, str, str]
"""The origin region, who comes from there, and the region of the database."""


@dataclass(frozen=True)
class Entrance:
    """Where a database is reached: from ``origin``, by ``who``, in ``region``, under these host names, now."""

    origin: str
    who: str
    account: str
    region: str
    hosts: tuple[str, ...]
    ip: str
    port: int


@dataclass(frozen=True)
class SignIn:
    """What is asked of those who sign in by a token.

    known: the credentials behind an access key. allowed: whether who holds that key may be that user of a cluster.
    """

    known: Callable[[str], Credentials | None]
    allowed: Callable[[Cluster, str, str], bool] = lambda _cluster, _key, _user: True


class Doors:
    """All front doors of a local cloud, in one thread. Any thread may call."""

    def __init__(self, hall: Hall, authority: Authority, sign_in: SignIn) -> None:
        self._hall, self._authority, self._sign_in = hall, authority, sign_in
        self._certificates: dict[Key, Certificate] = {}
        self._doors: dict[tuple[str, str, Key], FrontDoor] = {}
        self._faults: dict[tuple[Way, str], Faults] = {}
        self._hosts: dict[Key, tuple[str, ...]] = {}
        self._lock = threading.RLock()

    def fit(self, clusters: Mapping[Key, tuple[Cluster, int, bool]], origins: Iterable[str]) -> None:
        """Have a door for each origin before each cluster, given with its server's port and whether it is a writer.

        The name of a writer's endpoint leads nowhere while the cluster is none (trap 70).
        """
        with self._lock:
            for place in [place for place in self._doors if place[2] not in clusters]:
                self._doors.pop(place).stop()
                self._certificates.pop(place[2], None)  # one that is made anew under the name has other hosts
            self._hosts = {}
            for key, (cluster, port, writes) in clusters.items():
                self._hosts[key] = (cluster.writer_host, cluster.reader_host) if writes else (cluster.reader_host,)
                for origin in origins:
                    for who in WHO:
                        if (origin, who, key) not in self._doors:
                            self._doors[origin, who, key] = self._opened(origin, who, cluster, port)

    def entrances(self) -> list[Entrance]:
        """Return every door, with the names that lead to it now."""
        with self._lock:
            return [
                Entrance(origin, who, key[0], key[1], self._hosts[key], str(door.address[0]), int(door.address[1]))
                for (origin, who, key), door in self._doors.items()
            ]

    def seen(self, who: str) -> dict[str, dict[str, tuple[str, int]]]:
        """Return for each origin where each name leads."""
        found: dict[str, dict[str, tuple[str, int]]] = {}
        for each in self.entrances():
            if each.who == who:
                found.setdefault(each.origin, {}).update(
                    dict.fromkeys(map(str.lower, each.hosts), (each.ip, each.port))
                )
        return found

    def break_(self, origin: str, who: str, region: str, faults: Faults, cause: str) -> None:
        """Break, or heal, a way; what different causes say of it adds up. Doors that are yet to come are broken too.

        An empty ``origin`` or ``who`` stands for all that there are and will be.
        """
        if who and who not in WHO:
            raise ValueError(f"who is {who}: it is one of {', '.join(WHO)}")
        with self._lock:
            self._faults.pop(((origin, who, region), cause), None)  # the newest word comes last
            self._faults[(origin, who, region), cause] = faults
            for (start, comer, key), door in self._doors.items():
                if key[1] == region and origin in ("", start) and who in ("", comer):
                    door.break_(faults, cause)

    def close(self) -> None:
        """Stop them all."""
        with self._lock:
            for door in self._doors.values():
                door.stop()
            self._doors.clear()

    def _opened(self, origin: str, who: str, cluster: Cluster, port: int) -> FrontDoor:
        names = (cluster.writer_host, cluster.reader_host)
        if cluster.key not in self._certificates:
            self._certificates[cluster.key] = self._authority.issue(names)
        door = Door(
            server=(LOOPBACK, port),
            names=names,
            region=cluster.region,
            certificate=self._certificates[cluster.key],
            known=self._sign_in.known,
            allowed=partial(self._sign_in.allowed, cluster),
            port=cluster.port,
        )
        opened = _listening(door, self._hall)
        for ((start, comer, region), cause), faults in self._faults.items():
            if region == cluster.region and start in ("", origin) and comer in ("", who):
                opened.break_(faults, cause)
        return opened


def _listening(door: Door, hall: Hall) -> FrontDoor:
    """Return the door, open at an address of its own if there is one."""
    for _ in range(ADDRESS_GUESSES):
        address = ".".join(["127", *(str(random.randrange(1, 255)) for _ in range(3))])
        try:
            return FrontDoor(door, (address, door.port), hall).start()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                break
    return FrontDoor(door, hall=hall).start()
