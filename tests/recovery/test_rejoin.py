"""What holds the old region back is lifted in order, and never on hearsay."""

from __future__ import annotations

from dataclasses import replace

from situations import NOW, A, B, C, cluster, healthy, mark, seen, swap, with_view

from recovery.rejoin import ABANDONED_SECONDS, abandoned, decide, orphaned, stranded, unmarked
from recovery.state import Member, Snapshot


def taken_over() -> Snapshot:
    return healthy(
        cluster=cluster(writer=B),
        views=(seen(B, B), seen(A, A, "unknown", ago=900)),
        fences=(mark(A),),
        markers=(mark(A),),
    )


def test_a_member_that_replicates_is_let_go_and_stays_marked_until_it_speaks_for_itself() -> None:
    found = decide(taken_over(), A, NOW)
    assert found.lift_fence and not found.lift_marker


def test_a_confirmed_replica_is_let_go_wholly() -> None:
    found = decide(with_view(taken_over(), seen(A, A, "replica", lag_seconds=1.0)), A, NOW)
    assert found.lift_fence and found.lift_marker and found.reason == f"{A} is a confirmed replica"


def test_a_zombie_that_says_it_is_the_writer_stays_marked() -> None:
    found = decide(with_view(taken_over(), seen(A, A)), A, NOW)
    assert not found.lift_marker and "says writer" in found.reason


def test_a_word_from_before_the_marker_does_not_count() -> None:
    early = replace(taken_over(), markers=(mark(A, ago=100),))
    old_word = seen(A, A, "replica", ago=101, valid_until_ms=NOW + 1000)
    assert not decide(with_view(early, old_word), A, NOW).lift_marker


def test_a_volume_that_is_still_being_rebuilt_is_waited_for() -> None:
    members = (Member("arn-b", B, True), Member("arn-a", A, False, "pending-resync"))
    rebuilding = replace(taken_over(), cluster=replace(cluster(), members=members))
    found = decide(rebuilding, A, NOW)
    assert not found.lift_fence and "pending-resync" in found.reason
    untold = replace(rebuilding, cluster=replace(cluster(), members=(members[0], Member("arn-a", A, False))))
    assert not decide(untold, A, NOW).lift_fence


def test_nothing_is_lifted_while_a_promotion_runs_or_nobody_is_the_writer() -> None:
    assert not decide(replace(taken_over(), cluster=cluster(writer=B, swap=swap(A))), A, NOW).lift_fence
    assert not decide(replace(taken_over(), cluster=cluster(writer="nowhere")), A, NOW).lift_fence
    assert not decide(replace(taken_over(), cluster=cluster(writer=B, regions=(B, C))), A, NOW).lift_fence


def test_nothing_is_lifted_while_this_region_does_not_prove_to_be_the_writer() -> None:
    assert not decide(with_view(taken_over(), seen(B, B, ago=600)), A, NOW).lift_fence


def test_what_was_held_back_is_let_go_too_when_the_writer_has_moved_on() -> None:
    moved = replace(taken_over(), cluster=cluster(writer=C, regions=(A, B, C)), data_regions=(A, B, C))
    assert not decide(moved, A, NOW).lift_fence, "nobody has heard from the new writer"
    heard = with_view(moved, seen(C, C))
    assert decide(heard, A, NOW).lift_fence and not decide(heard, A, NOW).lift_marker
    assert decide(with_view(heard, seen(A, A, "replica")), A, NOW).lift_marker


def test_an_old_region_that_is_the_writer_again_is_let_go_once_this_one_is_a_replica() -> None:
    back = replace(taken_over(), cluster=cluster(writer=A), views=(seen(A, A), seen(B, B, "replica")))
    assert decide(back, A, NOW).lift_marker
    zombie = with_view(back, seen(B, B))
    assert not decide(zombie, A, NOW).lift_marker, "a description that lags does not let a zombie in"
    assert not decide(with_view(back, seen(A, A, ago=600)), A, NOW).lift_marker


def test_a_description_right_after_the_takeover_is_not_believed() -> None:
    fresh = replace(taken_over(), markers=(mark(A, ago=10),))
    assert "less than 60 s ago" in decide(fresh, A, NOW).reason


def test_a_fence_that_a_killed_recovery_left_on_the_writer_is_an_orphan() -> None:
    left = healthy(fences=(mark(A),))
    assert orphaned(left, A, NOW)
    found = decide(left, A, NOW)
    assert found.lift_fence and not found.lift_marker and found.abandoned
    assert not orphaned(replace(left, holder="running"), A, NOW)
    assert not orphaned(replace(left, markers=(mark(A),)), A, NOW)
    assert not orphaned(replace(left, cluster=cluster(swap=swap())), A, NOW)
    assert not orphaned(replace(left, fences=(mark(A, ago=30),)), A, NOW), "a description may lag behind the call"
    assert not orphaned(taken_over(), A, NOW)


LONG_AGO = ABANDONED_SECONDS + 10


def given_up() -> Snapshot:
    """Return B's facts after its failover from A, which the service took, came to nothing: A is fenced, so silent."""
    return healthy(
        views=(seen(B, B, "replica", lag_seconds=700.0), seen(A, A, ago=700), seen(B, A, "unknown")),
        fences=(mark(A, ago=LONG_AGO),),
        markers=(mark(A, ago=LONG_AGO),),
    )


def test_a_failover_that_was_given_up_is_undone_wholly_though_the_fenced_writer_can_prove_nothing() -> None:
    found = decide(given_up(), A, NOW)
    assert found.lift_fence and found.lift_marker and found.abandoned
    assert "given up" in found.reason


def test_nothing_is_undone_while_anything_says_that_the_failover_may_have_been_carried_out() -> None:
    kept = {
        "a recovery runs": replace(given_up(), holder="execution"),
        "the service is at it": replace(given_up(), cluster=cluster(swap=swap())),
        "the service shows this region": replace(given_up(), cluster=cluster(writer=B)),
        "the service shows nobody": replace(given_up(), cluster=cluster(writer="nowhere")),
        "this region takes writes": with_view(given_up(), seen(B, B)),
        "this region is silent": with_view(given_up(), seen(B, B, "replica", ago=600)),
        "this region can't say": with_view(given_up(), seen(B, B, "unknown")),
        "this region has no proof": replace(given_up(), views=()),
        "another region proves it": with_view(replace(given_up(), data_regions=(A, B, C)), seen(C, C)),
        "it was a moment ago": replace(given_up(), markers=(mark(A, ago=30),)),
        "the fence is newer": replace(given_up(), fences=(mark(A, ago=ABANDONED_SECONDS - 10),)),
        "nothing was recorded": replace(given_up(), fences=(), markers=()),
    }
    assert [why for why, facts in kept.items() if abandoned(facts, A, NOW)] == []
    assert [why for why, facts in kept.items() if decide(facts, A, NOW).abandoned] == []


def test_a_region_never_lets_itself_go() -> None:
    assert not abandoned(replace(given_up(), region=A), A, NOW)


def behind_its_own_fence() -> Snapshot:
    """Return B's facts after A took over again from behind B's fence, and fenced B in turn: neither can speak."""
    silent = (seen(A, A, "unknown"), seen(B, B, "unknown"), seen(B, A, "unknown"))
    return replace(given_up(), views=silent)


def test_a_writer_behind_this_regions_fence_is_let_out_and_stays_marked_until_both_have_spoken() -> None:
    found = decide(behind_its_own_fence(), A, NOW)
    assert found.lift_fence and not found.lift_marker and not found.abandoned
    out = replace(behind_its_own_fence(), fences=(), views=(seen(A, A), seen(B, B, "unknown")))
    assert not decide(out, A, NOW).lift_marker
    assert decide(with_view(out, seen(B, B, "replica")), A, NOW).lift_marker


def test_no_fence_goes_for_being_old_while_anything_says_that_the_takeover_stands() -> None:
    kept = {
        "this region takes writes": with_view(behind_its_own_fence(), seen(B, B)),
        "another region proves it": with_view(replace(behind_its_own_fence(), data_regions=(A, B, C)), seen(C, C)),
        "the service shows this region": replace(behind_its_own_fence(), cluster=cluster(writer=B)),
        "the service shows nobody": replace(behind_its_own_fence(), cluster=cluster(writer="nowhere")),
        "the service is at it": replace(behind_its_own_fence(), cluster=cluster(swap=swap())),
        "a recovery runs": replace(behind_its_own_fence(), holder="execution"),
        "the fence is newer": replace(behind_its_own_fence(), fences=(mark(A, ago=ABANDONED_SECONDS - 10),)),
        "there is no fence": replace(behind_its_own_fence(), fences=()),
    }
    assert [why for why, facts in kept.items() if stranded(facts, A, NOW)] == []


def killed_after_its_promotion() -> Snapshot:
    return replace(taken_over(), markers=())


def test_the_marker_that_a_killed_recovery_owes_is_the_one_about_whom_it_fenced() -> None:
    assert unmarked(killed_after_its_promotion(), NOW) == (mark(A),)


def test_nothing_is_owed_unless_this_region_proves_to_be_the_writer_and_nobody_is_at_it() -> None:
    owes = killed_after_its_promotion()
    none = {
        "it stands": taken_over(),
        "nobody was fenced": replace(owes, fences=()),
        "another region is the writer": replace(owes, cluster=cluster(writer=A)),
        "no proof": with_view(owes, seen(B, B, ago=600)),
        "a recovery runs, and writes it": replace(owes, holder="execution"),
        "the service is at it": replace(owes, cluster=cluster(writer=B, swap=swap(A))),
        "the old region says that it is a replica": with_view(owes, seen(A, A, "replica", lag_seconds=1.0)),
    }
    assert [why for why, facts in none.items() if unmarked(facts, NOW)] == []
