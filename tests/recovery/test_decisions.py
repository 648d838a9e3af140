"""May it run: every refusal has its reason, and nothing else is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from situations import NOW, A, B, C, W, arn, cluster, healthy, lost, mark, seen, swap, with_view

from recovery import failback, failover, switchover
from recovery.decision import NOTHING, PROCEED, RESUME, Decision
from recovery.state import Database, Snapshot

RPO = 60


def fail(snapshot: Snapshot, target: str = B, *, accept: bool = False) -> Decision:
    return failover.decide(snapshot, target, failover.Terms(RPO, accept), NOW)


def test_a_switchover_is_not_told_a_lag_that_only_a_silent_probe_makes() -> None:
    views = (seen(B, B, "replica", lag_seconds=150.0), seen(B, A), seen(A, A, ago=150), seen(W, A))
    found = switchover.decide(healthy(views=views), B, rpo_seconds=RPO, now_ms=NOW)
    assert not found.accepted
    assert found.reason == f"the probe of {A} is silent, so no heartbeat says how far {B} is behind"
    behind = with_view(healthy(views=views), seen(A, A))
    assert "150 s behind" in switchover.decide(behind, B, rpo_seconds=RPO, now_ms=NOW).reason


def test_a_failover_for_a_loss_is_refused_once_another_region_is_the_active_one() -> None:
    terms = failover.Terms(RPO, accept_data_loss=True, lost=C)
    found = failover.decide(lost(data_regions=(A, B, C)), B, terms, NOW)
    assert not found.accepted and not found.acceptable
    assert found.reason == f"it was asked for because {C} is lost, and the active region is {A}"
    assert failover.decide(lost(), B, failover.Terms(RPO, lost=A), NOW).outcome == "proceed"
    moved = lost(cluster=cluster(writer=B))
    assert failover.decide(with_view(moved, seen(B, B)), B, failover.Terms(RPO, lost=A), NOW).outcome == "nothing"


def switch(snapshot: Snapshot, target: str = B) -> Decision:
    return switchover.decide(snapshot, target, rpo_seconds=RPO, now_ms=NOW)


def test_a_failover_from_a_lost_region_says_what_may_be_lost_and_in_what_order_it_goes() -> None:
    decision = fail(lost(for_seconds=90, behind=2))
    assert decision.outcome == PROCEED
    assert decision.active == decision.old == A and decision.target_arn == arn(B)
    assert decision.lag_seconds == pytest.approx(2)
    assert decision.loss_seconds == pytest.approx(92)
    names = [step.name for step in decision.steps]
    assert names == ["lease", "fence", "promote", "mark", "prove", "tell", "release"]
    assert all(step.reason for step in decision.steps)


def test_a_region_that_has_been_dead_for_long_needs_no_acceptance_when_the_standby_had_caught_up() -> None:
    assert fail(lost(for_seconds=3600, behind=1)).outcome == PROCEED


def test_a_lag_above_the_objective_needs_its_loss_accepted_and_the_number_is_said() -> None:
    refused = fail(lost(behind=240))
    assert not refused.accepted and refused.acceptable
    assert "240 s behind" in refused.reason and "240 s" in refused.hint
    accepted = fail(lost(behind=240), accept=True)
    assert accepted.outcome == PROCEED and "accepted:" in accepted.reason


def test_a_region_that_a_witness_still_sees_writing_counts_as_writing_until_now() -> None:
    cut_off = with_view(lost(for_seconds=300), seen(W, A))
    refused = fail(cut_off)
    assert not refused.accepted and "300 s behind" in refused.reason


def test_an_unknown_lag_needs_its_loss_accepted() -> None:
    silent = with_view(lost(), seen(B, B, "replica", ago=600, lag_seconds=1.0))
    refused = fail(silent)
    assert not refused.accepted and refused.acceptable and "silent for 600 s" in refused.reason
    assert fail(silent, accept=True).outcome == PROCEED


def test_a_heartbeat_from_the_future_is_not_taken_for_a_small_lag() -> None:
    refused = fail(with_view(lost(), seen(B, B, "replica", lag_seconds=-120.0)))
    assert not refused.accepted and "clocks disagree" in refused.reason


@pytest.mark.parametrize("decide", [fail, switch])
def test_only_the_target_itself_decides(decide: Callable[[Snapshot, str], Decision]) -> None:
    refused = decide(healthy(), A)
    assert not refused.accepted and refused.hint == f"start it in {A}"


def test_a_region_without_data_or_membership_is_refused_and_the_choices_are_named() -> None:
    witness = fail(replace(lost(), region=W), W)
    assert not witness.accepted and A in witness.hint and B in witness.hint
    stranger = fail(lost(cluster=cluster(regions=(A, C)), data_regions=(A, B, C)))
    assert "not a member" in stranger.reason and C in stranger.hint


def test_a_target_without_an_instance_is_refused_by_both_verbs() -> None:
    for decision in (fail(lost(database=Database(arn(B), "available", "16.8", 0)), accept=True),
                     switch(healthy(database=Database(arn(B), "available", "16.8", 0)))):  # fmt: skip
        assert not decision.accepted and "no instance" in decision.reason


def test_a_target_at_another_version_is_refused_by_both_verbs() -> None:
    older = Database(arn(B), "available", "16.6", 1)
    assert "16.6" in fail(lost(database=older), accept=True).reason
    assert "16.6" in switch(healthy(database=older)).reason


def test_a_target_whose_own_database_does_not_answer_is_refused_and_others_are_offered() -> None:
    dead = with_view(
        lost(cluster=cluster(regions=(A, B, C)), data_regions=(A, B, C)),
        seen(B, B, "unknown", reason="no answer"),
    )
    refused = fail(dead, accept=True)
    assert not refused.accepted and f"other standbys: {C}" in refused.hint


@pytest.mark.parametrize("status", ["stopped", "creating", "upgrading"])
def test_a_target_that_can_not_be_promoted_as_it_is_is_refused(status: str) -> None:
    assert status in fail(lost(database=Database(arn(B), status, "16.8", 1)), accept=True).reason


def test_a_backup_that_runs_does_not_stop_a_failover_but_does_stop_a_switchover() -> None:
    busy = Database(arn(B), "backing-up", "16.8", 1)
    assert fail(lost(database=busy)).outcome == PROCEED
    assert "backing-up" in switch(healthy(database=busy)).reason


def test_a_target_that_is_the_writer_and_proves_it_has_nothing_to_do() -> None:
    after = healthy(cluster=cluster(writer=B), views=(seen(B, B),))
    for decision in (fail(after), switch(after)):
        assert decision.outcome == NOTHING and decision.accepted and decision.steps == ()


def test_a_failover_killed_before_its_marker_is_resumed_with_the_marker() -> None:
    after = healthy(cluster=cluster(writer=B), views=(seen(B, B),), fences=(mark(A),))
    decision = fail(after)
    assert decision.outcome == RESUME and decision.old == A
    assert [step.name for step in decision.steps] == ["lease", "mark", "prove", "tell", "release"]


def test_a_promoted_region_without_a_proof_is_resumed_until_it_proves() -> None:
    decision = switch(healthy(cluster=cluster(writer=B), views=(seen(B, B, "replica"),)))
    assert decision.outcome == RESUME and "proof is missing" in decision.reason


def test_the_same_promotion_in_progress_is_followed_and_not_asked_for_again() -> None:
    decision = fail(lost(cluster=cluster(swap=swap())))
    assert decision.outcome == RESUME and decision.old == A
    assert "promote" not in [step.name for step in decision.steps]
    planned = switch(healthy(cluster=cluster(swap=swap(data_loss=False))))
    assert planned.outcome == RESUME and planned.old == ""


def test_another_promotion_in_progress_is_waited_for() -> None:
    elsewhere = lost(cluster=cluster(regions=(A, B, C), swap=swap(C)), data_regions=(A, B, C))
    assert f"from {A} to {C}" in fail(elsewhere, accept=True).reason
    assert "switchover" in fail(lost(cluster=cluster(swap=swap(data_loss=False))), accept=True).reason
    assert "failover" in switch(healthy(cluster=cluster(swap=swap()))).reason
    assert "cancelling" in fail(lost(cluster=cluster(swap=swap(status="cancelling"))), accept=True).reason


def test_a_target_that_the_active_region_still_marks_superseded_is_refused() -> None:
    marked = with_view(healthy(), seen(A, A, supersedes=(B,)))
    refused = switch(marked)
    assert not refused.accepted and "superseded" in refused.reason and not refused.acceptable
    gone = with_view(lost(), seen(A, A, ago=90, supersedes=(B,)))
    assert fail(gone).acceptable and not fail(gone).accepted
    assert fail(gone, accept=True).outcome == PROCEED


def test_a_global_cluster_without_a_writer_is_refused() -> None:
    assert "no member" in fail(lost(cluster=cluster(writer="nowhere")), accept=True).reason
    assert "no member" in switch(healthy(cluster=cluster(writer="nowhere"))).reason
    assert "does not exist" in fail(lost(cluster=None)).reason


def test_a_switchover_between_healthy_regions_loses_nothing() -> None:
    decision = switch(healthy())
    assert decision.outcome == PROCEED and decision.loss_seconds == 0 and decision.old == ""
    assert [step.name for step in decision.steps] == ["lease", "promote", "prove", "tell", "release"]
    assert A in decision.steps[1].reason


def test_a_switchover_from_a_region_that_nobody_sees_writing_is_refused_and_failover_named() -> None:
    refused = switch(lost())
    assert not refused.accepted and not refused.acceptable and "use failover" in refused.hint


def test_a_switchover_is_refused_while_the_target_lags_or_is_unknown() -> None:
    assert "writes would wait" in switch(with_view(healthy(), seen(B, B, "replica", lag_seconds=200.0))).reason
    assert "not known" in switch(with_view(healthy(), seen(B, B, "replica", ago=600))).reason


def test_a_switchover_listens_to_the_active_regions_own_account() -> None:
    busy = replace(healthy(), active_database=Database(arn(A), "maintenance", "16.8", 2))
    assert "maintenance" in switch(busy).reason
    newer = replace(healthy(), active_database=Database(arn(A), "available", "17.4", 2))
    assert "17.4" in switch(newer).reason


def test_a_failback_is_a_switchover_to_the_origin_and_is_decided_there() -> None:
    there = replace(
        healthy(cluster=cluster(writer=B)),
        region=A,
        database=Database(arn(A), "available", "16.8", 1),
        views=(seen(A, A, "replica", lag_seconds=1.0), seen(B, B), seen(A, B)),
    )
    decision = failback.decide(there, A, rpo_seconds=RPO, now_ms=NOW)
    assert decision.outcome == PROCEED and decision.steps[1].name == "promote"
    wrong = failback.decide(healthy(), A, rpo_seconds=RPO, now_ms=NOW)
    assert wrong.hint == f"start it in {A}"


def test_every_refusal_has_a_reason_and_a_hint() -> None:
    for decision in (fail(lost(behind=500)), fail(lost(), C), switch(lost()), fail(lost(cluster=None))):
        assert not decision.accepted and decision.reason and decision.hint
