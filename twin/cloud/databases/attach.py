"""The fleet, tied to the emulator: what its records say is made true beside it.

An instance is created, for CloudFormation, when its database answers, as on AWS. All else follows the records
within a fraction of a second.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

from twin.authority import Authority
from twin.cloud.databases.fleet import Fleet, Key
from twin.cloud.databases.names import Names
from twin.cloud.databases.records import clusters
from twin.postgres import PostgresError, Yard
from twin.tokens import Credentials

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
        self._fleet = Fleet(self._yard, authority, self._names, _known)
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._failure = ""
        self._thread = threading.Thread(target=self._keep, name="databases", daemon=True)

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables of a function's process."""
        return self._names.environment

    def start(self) -> None:
        """Begin to follow the records, and make instances wait for their databases."""
        self._thread.start()
        _wait_in(self)

    def stop(self) -> None:
        """Stop every server; nothing is left. Stopping twice is fine."""
        self._ended.set()
        self._thread.join()
        self._fleet.close()
        self._yard.close()

    def wait(self, key: Key) -> None:
        """Return when the cluster's database answers. Raises ValueError, CloudFormation's reason, when not."""
        deadline = time.monotonic() + READY_SECONDS
        with self._changed:
            while not self._fleet.ready(key):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise ValueError(f"the database of {key[2]} in {key[1]} did not start: {self._failure}")
                self._changed.wait(left)

    def _keep(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            try:
                self._fleet.fit(clusters())
                self._failure = ""
            except (PostgresError, OSError) as error:
                self._failure = str(error)
                logger.exception("a database could not be made to fit")
            with self._changed:
                self._changed.notify_all()


def _known(access_key: str) -> Credentials | None:
    """Return what the emulator gives a function's process: the account as the key, and the same secret for all."""
    return Credentials(access_key, "test") if access_key.isdigit() else None


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
