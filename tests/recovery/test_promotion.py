"""Where the call goes, when it is not made, and what confirms it."""

from __future__ import annotations

from situations import NOW, A, B, C, W, arn, cluster, healthy, lost, seen, swap, with_view

from recovery.promotion import CALL, DONE, IN_PROGRESS, REFUSED, confirm, next_call


def test_a_switchover_is_called_where_the_writer_is_and_a_failover_where_the_target_is() -> None:
    planned = next_call(healthy(), "switchover", B)
    assert (planned.action, planned.region, planned.target_arn) == (CALL, A, arn(B))
    unplanned = next_call(lost(), "failover", B)
    assert (unplanned.action, unplanned.region, unplanned.target_arn, unplanned.old) == (CALL, B, arn(B), A)


def test_a_promotion_that_runs_or_has_ended_is_not_called_again() -> None:
    assert next_call(lost(cluster=cluster(swap=swap())), "failover", B).action == IN_PROGRESS
    assert next_call(lost(cluster=cluster(writer=B)), "failover", B).action == DONE


def test_another_promotion_a_stranger_and_a_missing_writer_are_refused() -> None:
    assert next_call(lost(cluster=cluster(swap=swap(C))), "failover", B).action == REFUSED
    assert next_call(lost(cluster=cluster(swap=swap(data_loss=False))), "failover", B).action == REFUSED
    assert next_call(lost(), "failover", W).action == REFUSED
    assert next_call(lost(cluster=None), "failover", B).action == REFUSED
    assert next_call(healthy(cluster=cluster(writer="gone")), "switchover", B).action == REFUSED


def test_a_writer_that_came_after_the_assessment_is_not_taken_over_from() -> None:
    moved = lost(cluster=cluster(writer=C, regions=(A, B, C)))
    refused = next_call(moved, "failover", B, assessed=A)
    assert refused.action == REFUSED
    assert refused.reason == f"{B} was to take over from {A}, and the writer now is {C}"
    assert next_call(moved, "failover", B).action == CALL
    assert next_call(lost(), "failover", B, assessed=A).action == CALL
    assert next_call(lost(cluster=cluster(writer=B)), "failover", B, assessed=A).action == DONE
    assert next_call(lost(cluster=cluster(writer="gone")), "failover", B, assessed=A).action == CALL


def test_the_proof_confirms_even_when_the_service_lags() -> None:
    found = confirm(with_view(lost(), seen(B, B)), B, NOW - 5_000, NOW)
    assert found.confirmed and found.at_ms == NOW - 1000 and f"shows {A}" in found.reason


def test_the_service_alone_confirms_nothing() -> None:
    found = confirm(lost(cluster=cluster(writer=B)), B, NOW - 5_000, NOW)
    assert not found.confirmed and "the service says so too" in found.reason


def test_an_old_a_stale_and_a_missing_proof_confirm_nothing() -> None:
    proved = with_view(lost(), seen(B, B))
    assert "before the promotion" in confirm(proved, B, NOW, NOW).reason
    assert "silent" in confirm(with_view(lost(), seen(B, B, ago=60)), B, 0, NOW).reason
    assert "never reported" in confirm(healthy(views=()), B, 0, NOW).reason
