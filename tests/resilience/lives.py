"""Deployments in processes of their own, that die by SIGKILL at a chosen call, and tell nobody but the test.

The processes are forked from a server that has imported everything and runs no thread, so each is cheap, and what
they were doing when they died is cut off as it would be for a user: no handler, no ``finally``, no goodbye.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import tempfile
import threading
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from generator.aws.deploy import Options, deploy
from generator.aws.events import Event, WaveBegan
from generator.config import Environment
from tests.resilience.world import Warm, clouds_at

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.resilience.warm"])
_READING = ("Get", "List", "Describe", "Head", "Validate", "Assume")


@dataclass(frozen=True)
class Doom:
    """When a deployment dies: at its ``call``-th call that counts, since it began a wave that is not ``spared``.

    changing: whether only calls that change something count. answered: whether the cloud did what was called, and
    only its answer never arrives. waves: whether to wait for a wave at all. spared: works that are let through.
    """

    call: int = 1
    changing: bool = True
    answered: bool = False
    waves: bool = True
    spared: frozenset[str] = frozenset()

    @classmethod
    def drawn(cls, chance: random.Random) -> Doom:
        """Return one by chance: most of them in the middle of the work, a few while it only looks."""
        looking, changing = chance.random() < 0.1, chance.random() < 0.7
        call = chance.randint(1, 40) if looking else chance.randint(1, 12 if changing else 30)
        return cls(call, changing and not looking, chance.random() < 0.5, not looking)


@dataclass(frozen=True)
class End:
    """How a life ended. killed: whether by its doom. works: of the wave it was in. said: the error, if it had one."""

    killed: bool
    works: tuple[str, ...] = ()
    said: str = ""
    changed: tuple[str, ...] = ()


@dataclass
class _Reaper:
    """Counts calls and waves in the doomed process, and kills it."""

    doom: Doom
    told: Connection
    works: tuple[str, ...] = ()
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def adorn(self, client: Any) -> None:
        event = "response-received" if self.doom.answered else "before-send"
        client.meta.events.register(event, self._called)

    def _called(self, event_name: str = "", **_: object) -> None:
        operation = event_name.rsplit(".", 1)[-1]
        if self.doom.changing and operation.startswith(_READING):
            return
        with self.lock:
            if self.doom.waves and not set(self.works) - self.doom.spared:
                return
            self.count += 1
            if self.count >= self.doom.call:
                self.told.send(End(True, self.works, operation))
                os.kill(os.getpid(), signal.SIGKILL)

    def heard(self, event: Event) -> None:
        if isinstance(event, WaveBegan):
            with self.lock:
                self.works = event.works


def live(url: str, wanted: Environment, doom: Doom, folder: str, *, wait: bool = False, seconds: float = 90.0) -> End:
    """Deploy in a process of its own until it is done, or dies; ``folder`` is for what it leaves lying about."""
    told, tells = _PROCESSES.Pipe(duplex=False)
    process = _PROCESSES.Process(target=_lived, args=(url, wanted, doom, folder, wait, tells), daemon=True)
    process.start()
    tells.close()
    try:
        end: End = told.recv() if told.poll(seconds) else End(False, said=f"nothing within {seconds} s")
    except EOFError:
        end = End(False, said="it died without a word")
    finally:
        process.join(5.0)
        if process.is_alive():
            process.kill()
            process.join(5.0)
        told.close()
    assert not end.killed or process.exitcode == -signal.SIGKILL, (end, process.exitcode)
    return end


def _lived(url: str, wanted: Environment, doom: Doom, folder: str, wait: bool, tells: Connection) -> None:
    tempfile.tempdir = folder
    reaper = _Reaper(doom, tells)
    clouds: Warm = clouds_at(url, wanted, adorn=reaper.adorn)
    try:
        result = deploy(wanted, clouds, reaper.heard, Options(wait=wait))
    except Exception as error:
        tells.send(End(False, said=f"{type(error).__name__}: {error}"))
    else:
        tells.send(End(False, changed=result.changed))
