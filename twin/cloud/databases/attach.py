"""The fleet, tied to the emulator: what its records say is made true beside it.

An instance is created, for CloudFormation, when its database answers, as on AWS. All else follows the records
within a fraction of a second; the writer of a global database changes by :mod:`twin.cloud.databases.actions`.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

from twin.authority import Authority
from twin.cloud.databases import actions, knobs
from twin.cloud.databases.doors import Entrance, Key, SignIn
from twin.cloud.databases.fleet import Fleet
from twin.cloud.databases.names import Names
from twin.cloud.databases.records import Cluster, clusters, regions, synchronise
from twin.cloud.policies.sessions import credentials
from twin.cloud.policies.signing_in import may_connect
from twin.front_door import Faults
from twin.postgres import Yard

INSTANCE = "AWS::RDS::DBInstance"
LOOK_SECONDS = 0.2
READY_SECONDS = 60.0

logger = logging.getLogger("databases")


class Databases:
    """Keeps the fleet in step in a thread of its own. ``environment`` is what functions' processes are given."""

    def __init__(self, folder: Path) -> None:
        self._yard = Yard()
        authority = Authority()
        self._names = Names(folder, authority.pem)
        self.authority = authority.pem
        self.fleet = Fleet(self._yard, authority, self._names, SignIn(credentials, _allowed), synchronise)
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._failure = ""
        self._thread = threading.Thread(target=self._keep, name="databases", daemon=True)

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables of a function's process."""
        return self._names.environment

    def start(self) -> None:
        """Begin to follow the records, make instances wait for their databases, and take the knobs."""
        self._thread.start()
        _wait_in(self)
        actions.take_over(self.fleet)
        knobs.attach(self)

    def stop(self) -> None:
        """Stop every server; nothing is left. Stopping twice is fine."""
        if self._ended.is_set():
            return
        self._ended.set()
        knobs.attach(None)
        self._thread.join()
        self.fleet.close()
        self._yard.close()

    def doors(self) -> list[Entrance]:
        """Return every front door: who reaches which database from where, under which names, and at which address."""
        return self.fleet.doors.entrances()

    def break_(self, origin: str, who: str, region: str, faults: Faults, cause: str = "network") -> None:
        """Break, or with ``Faults()`` heal, a way to the databases of ``region``; what different causes say adds up.

        who: ``functions`` or ``application``, empty for both. origin: the region they are in, empty for all.
        """
        self.fleet.doors.break_(origin, who, region, faults, cause)

    def shift(self, region: str, seconds: float) -> None:
        """Have the clock of a region's functions be so far ahead of the true one, behind it when negative."""
        self._names.shift(region, seconds)

    def right(self) -> None:
        """Have every clock be right again."""
        self._names.right()

    def wait(self, key: Key) -> None:
        """Return when the cluster's database answers. Raises ValueError, CloudFormation's reason, when not."""
        deadline = time.monotonic() + READY_SECONDS
        with self._changed:
            while not self.fleet.ready(key):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise ValueError(f"the database of {key[2]} in {key[1]} did not start: {self._failure}")
                self._changed.wait(left)

    def _keep(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            try:
                self.fleet.fit(clusters, regions())
                self._failure = ""
            except Exception as error:  # whatever it was, the next look is another try
                self._failure = str(error)
                logger.exception("a database could not be made to fit")
            with self._changed:
                self._changed.notify_all()


def _allowed(cluster: Cluster, access_key: str, user: str) -> bool:
    """Tell whether IAM lets who holds that key be that user of the cluster's database."""
    return may_connect(access_key, cluster.region, cluster.resource_id, user)


def _wait_in(databases: Databases) -> None:
    """Let the creation of an instance wait, on a thread of its own, until its database answers."""
    from ministack.core.responses import get_account_id, get_region
    from ministack.services.cloudformation import provisioners, stacks

    handler: dict[str, Any] = provisioners._RESOURCE_HANDLERS[INSTANCE]
    create, blocks = handler["create"], stacks._runs_on_worker_thread

    def create_and_wait(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        created = create(logical_id, props, stack_name)
        if props.get("Engine") == "aurora-postgresql" and props.get("DBClusterIdentifier"):
            databases.wait((get_account_id(), get_region(), props["DBClusterIdentifier"]))
        return created

    handler["create"] = create_and_wait
    stacks._runs_on_worker_thread = lambda resource_type: resource_type == INSTANCE or blocks(resource_type)
