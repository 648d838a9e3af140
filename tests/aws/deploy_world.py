"""What the tests that deploy share: environments by name, events as they come, and a deployment in a thread."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from generator.aws.clients import Clouds, Keys
from generator.aws.deploy import Options, Result, deploy
from generator.aws.events import Event
from generator.aws.paces import Halt
from generator.config import Environment, load
from generator.config.parts import Accounts
from twin.cloud.knobs import Knobs
from twin.cloud.process import Running

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "stacksets" / "example.yaml"
READING = ("Get", "List", "Describe", "Head", "Validate", "Assume")
"""How the names of calls begin that change nothing."""

Some = TypeVar("Some", bound=Event)


def environment(suffix: str) -> Environment:
    """Return the example under another name and in an account of its own, in which nothing is there yet."""
    account = "".join(random.choices("123456789", k=12))
    return load(EXAMPLE).model_copy(update={"suffix": suffix, "accounts": Accounts(workload=account)})


def clouds_of(running: Running, wanted: Environment) -> Clouds:
    """Return the clients of a local cloud."""
    return Clouds(wanted, local=Keys(running.url))


@dataclass
class Heard:
    """A sink that keeps what it heard."""

    events: list[Event] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, event: Event) -> None:
        with self.lock:
            self.events.append(event)

    def of(self, kind: type[Some]) -> list[Some]:
        """Return the events of a kind."""
        with self.lock:
            return [each for each in self.events if isinstance(each, kind)]


def changing(knobs: Knobs, account: str) -> dict[str, int]:
    """Return the calls of an account that change something, with their numbers."""
    return {name: count for name, count in knobs.calls(account=account).items() if not name.startswith(READING)}


def eventually(question: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Return the first answer that is true, asked until the deadline."""
    last = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < last, f"not within {seconds} s: {question}"
        threading.Event().wait(0.02)
    return answer


class Deploying:
    """A deployment in a thread of its own."""

    def __init__(self, wanted: Environment, clouds: Clouds, options: Options | None = None) -> None:
        self.heard, self.halt = Heard(), Halt()
        self.result: Result | None = None
        self.error: BaseException | None = None
        self._given = (wanted, clouds, self.heard, options)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = deploy(*self._given, halt=self.halt)
        except BaseException as error:
            self.error = error

    def end(self, seconds: float = 90.0) -> Deploying:
        """Return itself when it has ended."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"the deployment has not ended within {seconds} s"
        return self
