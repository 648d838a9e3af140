"""Environments with accounts of their own, clients that load their models once, deployments in threads."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from functools import cache
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, TypeVar

from generator.aws.clients import CHANGING, LOOKING, Clouds, Keys, Patience
from generator.aws.deploy import Options, Result, deploy
from generator.aws.events import Event
from generator.aws.paces import Halt
from generator.config import Environment, load
from generator.config.parts import Accounts
from generator.errors import DisasterRecoveryError
from tests.aws.deploy_world import Heard

ROOT = Path(__file__).parents[2]
SOAK = max(1, int(os.environ.get("SOAK", "1")))
"""How many times as long the seeded tests are."""

REGIONS = (
    "eu-west-1", "eu-central-1", "eu-west-2", "eu-west-3", "eu-north-1",
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1",
)  # fmt: skip
HOME = REGIONS[1]
"""Where the StackSets of an example live: its DNS home region."""

SUFFIX = "calm"

Some = TypeVar("Some", bound=Event)


def account() -> str:
    """Return an account in which nothing is there yet."""
    return f"{random.SystemRandom().randrange(10**11, 10**12)}"


@cache
def shipped(name: str) -> Environment:
    """Return an environment file of the library."""
    return load(ROOT / "stacksets" / f"{name}.yaml")


def environment(suffix: str = SUFFIX, regions: int = 2, **updates: Any) -> Environment:
    """Return the example in so many data regions, in an account of its own unless ``accounts`` are given."""
    start = shipped("example")
    made = {}
    for index, name in enumerate(REGIONS[:regions]):
        born = start.origin if index == 0 else start.standbys[0]
        made[name] = born.model_copy(update={"name": name, "range": IPv4Network(f"10.{index}.0.0/16"), "zones": ()})
    dns = start.dns.model_copy(update={"region": HOME})
    given = {"suffix": suffix, "regions": made, "dns": dns, "accounts": Accounts(workload=account()), **updates}
    return start.model_copy(update=given)


class Warm(Clouds):
    """Clients whose sessions share what they read from disk. ``adorn`` is given every new client.

    looking: the patience of all clients that have another than the first ones, so that silence costs a test little.
    """

    def __init__(
        self, wanted: Environment, local: Keys, *, patience: Patience = CHANGING, looking: Patience = LOOKING,
        adorn: Callable[[Any], None] = lambda client: None,
    ) -> None:  # fmt: skip
        super().__init__(wanted, patience=patience, local=local)
        self._at, self._looking, self._adorn, self._adorned = local, looking, adorn, set[int]()
        self._hasty: Warm | None = None

    def having(self, patience: Patience) -> Clouds:
        with self._lock:
            if self._hasty is None:
                self._hasty = Warm(self.environment, self._at, patience=self._looking, adorn=self._adorn)
                self._hasty._hasty = self._hasty
            return self._hasty

    def client(self, service: str, region: str, account: str = "") -> Any:
        with self._lock:
            made = super().client(service, region, account)
            if id(made) not in self._adorned:
                self._adorned.add(id(made))
                self._adorn(made)
            return made


def clouds_at(url: str, wanted: Environment, **given: Any) -> Warm:
    """Return the clients of a local cloud, or of a proxy before it."""
    return Warm(wanted, Keys(url), **given)


class Deploying:
    """A deployment in a thread of its own."""

    def __init__(self, clouds: Clouds, options: Options | None = None) -> None:
        self.clouds, self.options = clouds, options
        self.heard, self.halt = Heard(), Halt()
        self.result: Result | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = deploy(self.clouds.environment, self.clouds, self.heard, self.options, halt=self.halt)
        except BaseException as error:
            self.error = error

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def end(self, seconds: float = 120.0) -> Deploying:
        self._thread.join(seconds)
        assert not self.running, f"the deployment has not ended within {seconds} s"
        return self

    def fine(self) -> Result:
        """Return the result of a deployment that has to be good."""
        self.end()
        if self.error is not None:
            raise self.error
        assert self.result is not None
        return self.result


def deployed(clouds: Clouds, options: Options | None = None) -> Result:
    """Deploy here and now, and return the result."""
    return deploy(clouds.environment, clouds, Heard(), options)


def eventually(question: Callable[[], Any], seconds: float = 40.0) -> Any:
    """Return the first answer that is true, asked until the deadline."""
    last = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < last, f"not within {seconds} s: {question}"
        threading.Event().wait(0.02)
    return answer


def stackset(wanted: Environment, name: str) -> str:
    """Return the name of the environment's StackSet."""
    return f"dr-{wanted.suffix}-{name}"


def spoken(error: BaseException | None) -> str:
    """Return all that a person would read of an error, which is one of ours and not one of a library."""
    assert isinstance(error, DisasterRecoveryError), repr(error)
    assert str(error)
    assert "Traceback" not in str(error)
    return f"{error}\n{error.hint}"
