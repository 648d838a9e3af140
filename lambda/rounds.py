"""Rounds inside one invocation: schedules run once a minute at the most, proofs are wanted oftener.

EventBridge Scheduler's shortest rate is one minute (EventBridge Scheduler User Guide, "Schedule types"),
so a function that is started every minute loops until the next one takes over.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

WINDOW_SECONDS = 60
"""How often the schedule starts the function."""


@dataclass(frozen=True)
class Clock:
    """The time: ``now`` in seconds since 1970, ``monotonic`` for durations, ``sleep`` to wait."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def now_ms(self) -> int:
        """Return the milliseconds since 1970."""
        return int(self.now() * 1000)


def repeat(
    act: Callable[[], None],
    *,
    interval: float,
    longest: float,
    clock: Clock,
    remaining: Callable[[], float],
) -> int:
    """Call ``act`` at 0, ``interval``, 2 × ``interval`` … seconds of the minute; return how often.

    A round that took longer than the interval skips the rounds it covered. None is begun that might not
    end before the function is killed: ``longest`` is what a round takes at worst, ``remaining`` returns
    what is left of the invocation, both in seconds. The first is always begun.
    """
    begun = clock.monotonic()
    count = 0
    while True:
        act()
        count += 1
        passed = clock.monotonic() - begun
        following = (math.floor(passed / interval) + 1) * interval
        if following > WINDOW_SECONDS - interval or remaining() < following - passed + longest:
            return count
        clock.sleep(following - passed)
