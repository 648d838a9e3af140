"""Any order of faults, requests and waiting, chosen by Hypothesis, which shrinks what breaks an invariant."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from recovery.signals import FAILOVER, SWITCHOVER

from .calls import KINDS as TROUBLES
from .disasters import Disasters
from .faults import METHODS, STATES, Fault
from .invariants import judge
from .names import A, B, C, W
from .network import API, KINDS, PEERING, REPLICATION
from .run import WARM_SECONDS, exercise, settle
from .service import Habits
from .shape import Shape
from .world import World

MOST_SECONDS = 2400
"""How long a story may get before it has to settle."""

REGIONS = st.sampled_from((A, A, B, C))
LASTING = st.sampled_from(
    ("lost", "killed", "hung", "read-only", "slow", "full", "cut off", "isolated", "replication broken", "probe silent",
     "metrics dropped")
)  # fmt: skip


class Stories(RuleBasedStateMachine):
    """One environment; what is left of it is settled, exercised and judged at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    @initialize(
        three=st.booleans(),
        mode=st.sampled_from(("manual", "approval", "automatic")),
        probe=st.sampled_from(("metric", "endpoint")),
        habits=st.builds(
            Habits,
            takes=st.sampled_from((10, 60)),
            early=st.sampled_from((0, 8, -25)),
            rejoins=st.sampled_from((30, 300)),
            gives_up=st.sampled_from((0, 0, 1)),
            fences=st.booleans(),
        ),
        seed=st.integers(0, 99),
    )
    def an_environment(self, three: bool, mode: Any, probe: Any, habits: Habits, seed: int) -> None:
        shape = Shape(
            data_regions=(A, B, C) if three else (A, B),
            witnesses=(W,) if mode == "automatic" else (),
            mode=mode,
            probe=probe,
            interval=15,
            rpo_seconds=70,
            notice_seconds=70,
            approval_seconds=120,
        )
        self.world = World(shape, seed, habits=habits)
        self.disasters = Disasters(self.world)
        self.world.clock.run(WARM_SECONDS)

    def _begin(self, name: str, lasts: float = 0, **what: Any) -> None:
        if what.get("region", what.get("target", A)) in self.world.data_regions:
            self.disasters.begin(Fault(0, name, what, lasts))

    @precondition(lambda self: self.seconds < MOST_SECONDS)
    @rule(seconds=st.sampled_from((1.0, 7.0, 30.0, 120.0, 400.0)))
    def time_passes(self, seconds: float) -> None:
        self.seconds += seconds
        self.world.clock.run(seconds)

    @rule(name=LASTING, region=REGIONS, lasts=st.sampled_from((20.0, 200.0, 900.0)))
    def a_region_is_in_trouble(self, name: str, region: str, lasts: float) -> None:
        self._begin(name, lasts, region=region)

    @rule(region=REGIONS, seconds=st.sampled_from((5, 100)))
    def a_replica_is_behind(self, region: str, seconds: int) -> None:
        self._begin("behind", 300, region=region, seconds=seconds)

    @rule(
        one=REGIONS,
        other=st.sampled_from((A, B, C, W)),
        kinds=st.sampled_from((KINDS, (PEERING,), (REPLICATION,), (API,))),
        both=st.booleans(),
    )
    def a_line_is_cut(self, one: str, other: str, kinds: tuple[str, ...], both: bool) -> None:
        present = (*self.world.data_regions, *self.world.witnesses)
        if one != other and one in present and other in present:
            ways = ((one, other), (other, one)) if both else ((one, other),)
            self._begin("cut", 300, links=[(kind, *way) for kind in kinds for way in ways])

    @rule(
        call=st.sampled_from(METHODS),
        region=REGIONS,
        kind=st.sampled_from(TROUBLES),
        left=st.sampled_from((1, 3, 8)),
    )
    def calls_fail(self, call: tuple[str, str], region: str, kind: str, left: int) -> None:
        self._begin("trouble", 600, service=call[0], method=call[1], region=region, kind=kind, left=left)

    @rule(state=st.sampled_from(STATES), moment=st.sampled_from(("before", "during", "after")))
    def the_next_execution_will_be_killed(self, state: str, moment: str) -> None:
        self._begin("kill", state=state, moment=moment)

    @rule(region=REGIONS)
    def executions_are_stopped(self, region: str) -> None:
        self._begin("stop executions", region=region)

    @rule(verb=st.sampled_from((FAILOVER, FAILOVER, SWITCHOVER)), to=REGIONS, accept=st.booleans())
    def somebody_asks(self, verb: str, to: str, accept: bool) -> None:
        self._begin("asked", verb=verb, target=to, accept=accept, approval=False, by="somebody")

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            settle(self.world, self.disasters)
            exercise(self.world)
            broken = judge(self.world)
            assert not broken, "\n".join([*map(str, broken), str(self.world.story)])
        finally:
            self.world.clock.close()


TestStories = Stories.TestCase
TestStories.settings = settings(
    max_examples=20, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
