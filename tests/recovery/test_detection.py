"""Is the active region lost: both signs here, most of the voters for acting alone, silence told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from situations import NOW, A, B, C, W, healthy, lost, seen, with_view

from recovery.detection import Observation, acts_here, observe, target_order
from recovery.state import Snapshot

NOTICE = 60


def look(snapshot: Snapshot) -> Observation:
    return observe(snapshot, A, NOTICE, NOW)


def test_a_healthy_region_is_not_lost() -> None:
    seen_now = look(healthy())
    assert not seen_now.lost and not seen_now.agreed and seen_now.own.says == "writes"


def test_a_region_that_neither_answers_nor_sends_heartbeats_is_lost_and_the_witness_agrees() -> None:
    found = look(lost())
    assert found.lost and found.agreed
    assert "2 of 3 voters" in found.reason and "no answer within 3 s" in found.reason


def test_a_broken_peering_alone_is_no_loss() -> None:
    found = look(with_view(healthy(), seen(B, A, "unknown", reason="no route")))
    assert not found.lost and found.own.says == "unreachable"


def test_broken_replication_alone_is_no_loss() -> None:
    found = look(with_view(healthy(), seen(B, B, "replica", lag_seconds=900.0)))
    assert not found.lost and found.own.says == "replication broken"


def test_a_missing_probe_here_is_silence_and_no_vote() -> None:
    found = look(with_view(lost(), seen(B, B, "replica", ago=600, lag_seconds=1.0)))
    assert not found.lost and found.own.says == "silent" and "its own probe is missing" in found.reason


def test_two_regions_alone_are_never_agreed() -> None:
    alone = replace(lost(), witness_regions=())
    found = look(alone)
    assert found.lost and not found.agreed and "1 of 2 voters" in found.reason


def test_a_witness_that_sees_the_region_writing_outvotes_this_one() -> None:
    found = look(with_view(lost(), seen(W, A)))
    assert found.lost and not found.agreed


def test_a_stale_witness_is_no_vote() -> None:
    assert not look(with_view(lost(), seen(W, A, "unknown", ago=600))).agreed


def test_the_active_regions_own_word_counts_while_it_is_fresh() -> None:
    writes = with_view(with_view(lost(), seen(W, A, "unknown", ago=600)), seen(A, A))
    assert not look(writes).agreed
    says_no = with_view(writes, seen(A, A, "unknown", reason="the disk is full"))
    assert look(says_no).agreed


@pytest.mark.parametrize("role", ["replica", "writer"])
def test_a_region_that_answers_and_is_not_the_writer_yet_is_neither_lost_nor_well(role: str) -> None:
    """Right after a switchover only old heartbeats are here, and the new writer was last seen as a replica.

    Or it is the writer, and its writer endpoint does not exist yet.
    """
    found = look(with_view(lost(), seen(B, A, role, writer=False, reason=f"says {role}")))
    assert not found.lost and not found.agreed and found.own.says == "no writer"
    assert "so it is not lost" in found.reason


def test_a_voter_that_saw_a_replica_does_not_say_lost() -> None:
    witness = with_view(lost(), seen(W, A, "replica"))
    assert not look(witness).agreed and "eu-north-1 says no writer" in look(witness).reason
    assert not look(with_view(witness, seen(A, A, "replica"))).agreed


def test_a_region_that_says_itself_that_its_writer_takes_no_writes_is_lost_by_its_own_word() -> None:
    own = seen(A, A, "writer", writer=False, reason="read-only: transaction_read_only is on")
    assert look(with_view(with_view(lost(), seen(W, A, "unknown", ago=600)), own)).agreed


def test_four_voters_need_three() -> None:
    four = replace(lost(), data_regions=(A, B, C))
    assert not look(four).agreed
    assert look(with_view(four, seen(C, A, "unknown"))).agreed


@pytest.mark.parametrize(("active", "order"), [(A, (B, C)), (B, (C, A)), (C, (A, B)), ("elsewhere", ())])
def test_targets_go_round_from_the_active_region(active: str, order: tuple[str, ...]) -> None:
    assert target_order((A, B, C), active) == order


def test_the_second_target_acts_only_after_the_first_has_been_silent_for_twice_as_long() -> None:
    third = replace(lost(), region=C, data_regions=(A, B, C))
    assert acts_here(replace(third, region=B), A, NOTICE, NOW)[0]
    assert not acts_here(third, A, NOTICE, NOW)[0]
    valid = 33
    assert not acts_here(with_view(third, seen(B, B, "replica", ago=valid + 119)), A, NOTICE, NOW)[0]
    assert acts_here(with_view(third, seen(B, B, "replica", ago=valid + 121)), A, NOTICE, NOW)[0]
    never = replace(third, views=tuple(view for view in third.views if view.voter != B))
    assert not acts_here(never, A, NOTICE, NOW)[0]


def test_the_active_region_and_a_witness_are_no_targets() -> None:
    assert not acts_here(replace(lost(), region=A), A, NOTICE, NOW)[0]
    assert not acts_here(replace(lost(), region=W), A, NOTICE, NOW)[0]
