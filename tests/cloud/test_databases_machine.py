"""Any order of faults, swaps and waiting, chosen by Hypothesis and played on real servers of a local cloud.

A new global database for each story: its regions lose servers, lines and swaps in the middle, while an application
writes to whatever lets it. What holds is asked of PostgreSQL, of RDS's descriptions and of the application's own record
after each step; in the end all is mended and has to be well again. ``SOAK=10`` plays ten times as many, drawn anew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.cloud.databases_cloud import ACCOUNT
from tests.cloud.databases_story import SPEED, Interrupt, Stage
from tests.cloud.databases_world import FRANKFURT, IRELAND, MILAN
from twin.cloud.process import Options, Running, local_cloud

SOAK = max(1, int(os.environ.get("SOAK") or 1))

HARD = ("kill", "suspend", "cut")
REGION = st.runner().flatmap(lambda story: st.sampled_from(story.stage.regions))
STANDBY = st.integers(0, 1)
INTERRUPT = st.none() | st.tuples(
    st.sampled_from(("the old writer", "the target")),
    st.sampled_from(HARD),
    st.sampled_from((0.0, 0.03, 0.1, 0.2, 0.4)),
)


class Story(RuleBasedStateMachine):
    """What happens to one global database.

    hurt, quiet: whether anything may be broken, or may have begun to move since time passed. broken: what did not hold.
    """

    def __init__(self, running: Running, regions: tuple[str, ...]) -> None:
        super().__init__()
        self.stage = Stage(running, regions)
        self.hurt, self.quiet = False, True
        self.broken: Exception | None = None

    @initialize(zombie=st.sampled_from((0.0, 0.8)), lag=st.sampled_from((0.1, 0.0)))
    def a_global_database_is_made(self, zombie: float, lag: float) -> None:
        self._play(partial(self.stage.make, zombie, lag))

    @rule(region=REGION, how=st.sampled_from(HARD))
    def a_region_is_lost(self, region: str, how: str) -> None:
        self.hurt, self.quiet = True, False
        self._play(partial(self.stage.strike, region, how))

    @rule(region=REGION, how=st.sampled_from(("slow line", "restart", "read-only", "pause", "long-transaction")))
    def a_region_is_troubled(self, region: str, how: str) -> None:
        self.hurt, self.quiet = True, False
        self._play(partial(self.stage.strike, region, how))

    @precondition(lambda self: self.hurt)
    @rule(region=REGION, what=st.sampled_from(("all", "server", "line")))
    def a_region_is_mended(self, region: str, what: str) -> None:
        self._play(partial(self.stage.mend, region, what))

    @rule(standby=STANDBY, interrupt=INTERRUPT)
    def a_failover_is_asked_for(self, standby: int, interrupt: Interrupt | None) -> None:
        self.hurt, self.quiet = self.hurt or interrupt is not None, False
        self._play(partial(self.stage.swap, "failover", standby, interrupt))

    @rule(standby=STANDBY, interrupt=INTERRUPT)
    def a_switchover_is_asked_for(self, standby: int, interrupt: Interrupt | None) -> None:
        self.hurt, self.quiet = self.hurt or interrupt is not None, False
        self._play(partial(self.stage.swap, "switchover", standby, interrupt))

    @precondition(lambda self: not self.quiet)
    @rule(long=st.sampled_from(("a moment", "a while", "until the swap is over")))
    def time_passes(self, long: str) -> None:
        self.quiet = True
        self._play(partial(self.stage.wait, long))

    @invariant()
    def all_is_as_it_is_shown(self) -> None:
        if self.stage.done:
            self._play(self.stage.check)

    def teardown(self) -> None:
        try:
            if self.stage.done and sys.exc_info()[0] is None:
                self._play(self.stage.end_well)
            if self.broken is not None:
                self.stage.tell(self.broken)
                raise self.broken
        finally:
            self.stage.close()

    def _play(self, act: Callable[[], None]) -> None:
        """Do it, unless something has gone wrong before.

        That is told at the end of the story: what Hypothesis draws may not depend on when it went wrong, which time
        decides here, or it can't shrink the story.
        """
        if self.broken is None:
            try:
                act()
            except Exception as error:
                self.broken = error


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with local_cloud(Options(account=ACCOUNT, speed=SPEED, policies=False)) as found:
        yield found


def play(running: Running, regions: tuple[str, ...], examples: int) -> None:
    """Play so many stories, always the same ones unless they are to be more."""
    run_state_machine_as_test(
        partial(Story, running, regions),  # type: ignore[arg-type]  # whatever makes one will do, its documentation says
        settings=settings(
            max_examples=examples * SOAK,
            stateful_step_count=10,
            deadline=None,
            derandomize=SOAK == 1,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_global_database_of_two_regions_is_what_it_is_shown_to_be_whatever_happens(running: Running) -> None:
    play(running, (IRELAND, FRANKFURT), 5)


def test_a_global_database_of_three_regions_is_what_it_is_shown_to_be_whatever_happens(running: Running) -> None:
    play(running, (IRELAND, FRANKFURT, MILAN), 2)
