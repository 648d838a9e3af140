"""What the facts say, and which of them must never be."""

from __future__ import annotations

from dataclasses import replace

from situations import NOW, A, B, C, cluster, healthy, lost, mark, seen, swap, with_view

from recovery.state import GlobalCluster, Member, arn_region, violations


def test_a_healthy_pair_a_loss_and_a_takeover_break_nothing() -> None:
    assert violations(healthy(), NOW) == ()
    assert violations(lost(), NOW) == ()
    taken = healthy(cluster=cluster(writer=B), views=(seen(B, B), seen(A, A)), markers=(mark(A),))
    assert violations(taken, NOW) == (), "the zombie is superseded"


def test_two_writers_that_nobody_superseded_are_a_violation() -> None:
    assert "takes" not in "".join(violations(healthy(), NOW))
    found = violations(with_view(healthy(), seen(B, B)), NOW)
    assert any("none is superseded" in one for one in found)


def test_two_writers_of_one_global_cluster_are_a_violation() -> None:
    both = GlobalCluster("g", "16.8", (Member("a", A, True), Member("b", B, True)))
    assert any("more than one writer" in one for one in violations(healthy(cluster=both), NOW))


def test_a_region_that_superseded_itself_or_the_writer_is_a_violation() -> None:
    assert any("itself" in one for one in violations(healthy(markers=(mark(B),)), NOW))
    assert any("nobody is answered" in one for one in violations(healthy(markers=(mark(A),)), NOW))


def test_a_forgotten_fence_is_a_violation_unless_a_recovery_is_at_it() -> None:
    fenced = healthy(fences=(mark(A),))
    assert any("no recovery runs" in one for one in violations(fenced, NOW))
    assert violations(replace(fenced, holder="an-execution"), NOW) == ()
    assert violations(replace(fenced, cluster=cluster(swap=swap())), NOW) == ()


def test_an_arn_says_its_region_and_nonsense_says_none() -> None:
    assert arn_region("arn:aws:rds:eu-west-1:1:cluster:x") == "eu-west-1"
    assert arn_region("nonsense") == ""
    assert cluster(regions=(A, B)).region_of(f"arn:aws:rds:{C}:1:cluster:x") == C
