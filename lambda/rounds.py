"""Rounds inside one invocation: schedules run once a minute at the most, proofs are wanted oftener.

EventBridge Scheduler's shortest rate is one minute (EventBridge Scheduler User Guide, "Schedule types"),
so a function that is started every minute loops until the next one takes over.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

_NEARLY_ONE = 1 - 1e-6
"""Six times a sixth of a minute may come out a hair longer than a minute."""


@dataclass(frozen=True)
class Clock:
    """The time: ``now`` in seconds since 1970, ``monotonic`` for durations, ``sleep`` to wait."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def now_ms(self) -> int:
        """Return the milliseconds since 1970."""
        return int(self.now() * 1000)


@dataclass(frozen=True)
class Rhythm:
    """How rounds follow each other, in seconds.

    interval: from the beginning of one to that of the next. window: how often the schedule starts the function; the
    next start does the round at its end. longest: what a round takes at worst.
    """

    interval: float
    window: float
    longest: float


def repeat(act: Callable[[], None], rhythm: Rhythm, *, clock: Clock, remaining: Callable[[], float]) -> int:
    """Call ``act`` at 0, ``interval``, 2 × ``interval`` … seconds of the window; return how often.

    A round that took longer than the interval skips the rounds it covered. None is begun that might not end before
    the function is killed: ``remaining`` returns the seconds that are left of the invocation. The first always is.
    """
    interval = rhythm.interval
    begun = clock.monotonic()
    count = 0
    while True:
        act()
        count += 1
        passed = clock.monotonic() - begun
        following = (math.floor(passed / interval) + 1) * interval
        late = following > rhythm.window - interval * _NEARLY_ONE
        if late or remaining() < following - passed + rhythm.longest:
            return count
        clock.sleep(following - passed)
