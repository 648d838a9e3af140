"""Random stories of three regions: whatever is lost, cut, killed and asked for again, the invariants hold."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from model import REGIONS, RPO, Model

from recovery.signals import FAILOVER, SWITCHOVER
from recovery.state import violations

region = st.sampled_from(REGIONS)


class Stories(RuleBasedStateMachine):
    """Regions fail and come back, people ask, executions die."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        for _ in range(3):
            self.model.tick(10)

    @rule(seconds=st.integers(1, 200))
    def time_passes(self, seconds: int) -> None:
        for _ in range(1 + seconds // 10):
            self.model.tick(min(10, seconds))
            for each in REGIONS:
                self.model.notice(each)

    @rule(region=region)
    def a_region_is_lost(self, region: str) -> None:
        self.model.up[region] = False

    @rule(region=region)
    def a_region_comes_back(self, region: str) -> None:
        self.model.up[region] = True
        self.model.tick()

    @rule(region=region, cut=st.booleans())
    def a_region_is_cut_off_or_reached_again(self, region: str, cut: bool) -> None:
        self.model.cut[region] = cut
        self.model.tick()

    @rule(
        verb=st.sampled_from([FAILOVER, SWITCHOVER]),
        to=region,
        accept=st.booleans(),
        stop_after=st.integers(0, 8),
    )
    def somebody_asks(self, verb: str, to: str, accept: bool, stop_after: int) -> None:
        model, target = self.model, to
        if not model.up[target]:
            return
        before = len(model.promotions)
        old, lag_seconds = model.writer, self._lag(target)
        decision = model.recover(verb, target, accept=accept, stop_after=stop_after)
        made = model.promotions[before:]
        assert len(made) <= 1
        assert decision.reason
        if not decision.accepted:
            assert decision.hint or "service" in decision.reason
        if made and verb == FAILOVER and not accept:
            assert decision.lag_seconds is not None and decision.lag_seconds <= RPO
        if made and verb == FAILOVER and decision.loss_seconds is not None:
            assert lag_seconds <= decision.loss_seconds + 1, "more was lost than was shown"
        if made and verb == SWITCHOVER:
            assert old != target

    @rule(to=region)
    def the_same_request_twice_changes_nothing(self, to: str) -> None:
        model, target = self.model, to
        if not model.up[target]:
            return
        model.recover(FAILOVER, target, accept=True)
        first = (model.writer, dict(model.tables[target].markers), len(model.promotions))
        if model.writer != target:
            return
        again = model.recover(FAILOVER, target, accept=True)
        second = (model.writer, dict(model.tables[target].markers), len(model.promotions))
        assert again.outcome != "proceed", again
        assert first == second

    def _lag(self, target: str) -> float:
        model = self.model
        return (model.now - model.heartbeat.get(target, model.now)) / 1000

    @invariant()
    def one_writer_is_answered_and_nobody_supersedes_itself(self) -> None:
        model = self.model
        for each in REGIONS:
            unfinished = any(table.holder for table in model.tables.values())
            found = violations(model.facts(each), model.now)
            allowed = ("is the writer and is marked", "is fenced, and no recovery runs", "says that it is a replica")
            hard = [one for one in found if not any(text in one for text in allowed)]
            if unfinished:
                hard = [one for one in hard if "none is superseded" not in one]
            assert hard == [], (hard, model)

    def teardown(self) -> None:
        """However it stands, with all regions back it ends: one request makes any region the writer."""
        model = self.model
        for each in REGIONS:
            model.up[each], model.cut[each] = True, False
        for _ in range(40):
            model.tick(10)
            for each in REGIONS:
                model.notice(each)
        target = next(one for one in REGIONS if one != model.writer)
        decision = model.recover(FAILOVER, target, accept=True)
        for _ in range(40):
            model.tick(10)
            for each in REGIONS:
                model.notice(each)
        assert model.writer == target, decision
        assert model.tables[target].markers == {} and model.fenced == set(), "what was lifted stays lifted"
        assert model.tables[target].holder == ""


TestStories = Stories.TestCase
TestStories.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
