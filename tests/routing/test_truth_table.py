"""What Route 53 answers, on the templates as they are built, in every situation that there is.

The rows of the design's table first, then the same by exhaustive enumeration as properties.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from generator.shape import ProbeKind
from generator.situations import Marker, Proof, Situation, answer, assembled

A, B, C = "eu-west-1", "eu-central-1", "eu-north-1"
KINDS: tuple[ProbeKind, ...] = ("metric", "endpoint")
PROOFS: tuple[Proof, ...] = ("yes", "no", "silent")
MARKERS: tuple[Marker, ...] = ("clear", "set", "silent, last clear", "silent, last set")
SUPERSEDING = {"set", "silent, last set"}


def pairs(regions: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return every (survivor, other)."""
    return list(itertools.permutations(regions, 2))


def situations(regions: tuple[str, ...], words: tuple[Marker, ...] = MARKERS) -> Iterator[Situation]:
    """Return every situation of these regions, without fresh checks."""
    for proofs in itertools.product(PROOFS, repeat=len(regions)):
        for said in itertools.product(words, repeat=len(pairs(regions))):
            for home in regions:
                markers = dict(zip(pairs(regions), said, strict=True))
                yield Situation(dict(zip(regions, proofs, strict=True)), home, markers)


def everything() -> Iterator[Situation]:
    """Return every situation of two regions, and of three with markers that speak."""
    yield from situations((A, B))
    yield from situations((A, B, C), ("clear", "set"))


def superseded_regions(situation: Situation) -> set[str]:
    """Return the regions that a survivor declares, or last declared, superseded."""
    return {other for (_, other), word in situation.markers.items() if word in SUPERSEDING}


def proven(situation: Situation) -> set[str]:
    """Return the regions that prove to be the writer and are not superseded."""
    return {region for region, proof in situation.proofs.items() if proof == "yes"} - superseded_regions(situation)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("origin", "standby", "markers", "home", "answered"),
    [
        pytest.param("yes", "no", {}, A, A, id="all is well"),
        pytest.param("silent", "no", {}, A, A, id="the origin is lost, nobody promoted yet"),
        pytest.param("no", "no", {}, A, A, id="the origin says no, nobody promoted yet"),
        pytest.param("silent", "yes", {(B, A): "set"}, A, B, id="the standby was promoted"),
        pytest.param("yes", "yes", {(B, A): "set"}, A, B, id="the old writer came back as a zombie"),
        pytest.param("no", "yes", {(B, A): "set"}, A, B, id="the old writer came back as a replica"),
        pytest.param("no", "yes", {(B, A): "clear"}, B, B, id="home has followed the writer"),
        pytest.param("no", "no", {(B, A): "set"}, A, A, id="the new writer's proof is missing, home did not follow"),
        pytest.param("no", "no", {(B, A): "set"}, B, B, id="the new writer's proof is missing, home has followed"),
        pytest.param("yes", "no", {}, B, A, id="after a failback, home still at the standby"),
        pytest.param("yes", "no", {}, A, A, id="after a failback, home at the origin again"),
    ],
)
def test_the_table_of_the_design_holds(
    origin: Proof, standby: Proof, markers: dict[tuple[str, str], Marker], home: str, answered: str, kind: ProbeKind
) -> None:
    assert answer(Situation({A: origin, B: standby}, home, markers), kind) == {answered}


@pytest.mark.parametrize("kind", KINDS)
def test_no_superseded_region_is_answered_while_another_is_proven(kind: ProbeKind) -> None:
    for situation in everything():
        if proven(situation):
            assert not answer(situation, kind) & superseded_regions(situation), situation


@pytest.mark.parametrize("kind", KINDS)
def test_the_only_proven_region_is_answered_whoever_is_home(kind: ProbeKind) -> None:
    for situation in everything():
        if len(proven(situation)) == 1:
            assert answer(situation, kind) == proven(situation), situation


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_moves_to_a_region_that_has_proved_nothing(kind: ProbeKind) -> None:
    for situation in everything():
        assert answer(situation, kind) <= proven(situation) | {situation.home}, situation


@pytest.mark.parametrize("kind", KINDS)
def test_home_is_answered_when_nobody_is_healthy(kind: ProbeKind) -> None:
    for situation in everything():
        if not proven(situation):
            assert answer(situation, kind) == {situation.home}, situation


def test_a_failover_pair_never_answers_two_regions() -> None:
    assert all(len(answer(situation)) == 1 for situation in situations((A, B)))


def test_a_weighted_set_answers_two_regions_only_when_two_prove_to_be_the_writer_away_from_home() -> None:
    for situation in situations((A, B, C), ("clear", "set")):
        if len(answer(situation)) > 1:
            assert situation.home not in proven(situation) and len(proven(situation)) > 1, situation


@pytest.mark.parametrize("kind", KINDS)
def test_silence_of_a_probe_is_the_same_as_no(kind: ProbeKind) -> None:
    for situation in everything():
        loud: dict[str, Proof] = {
            region: "no" if proof == "silent" else proof for region, proof in situation.proofs.items()
        }
        assert answer(situation, kind) == answer(Situation(loud, situation.home, situation.markers), kind)


def test_silence_of_a_marker_keeps_its_last_word() -> None:
    words: dict[Marker, Marker] = {
        "silent, last set": "set",
        "silent, last clear": "clear",
        "set": "set",
        "clear": "clear",
    }
    for situation in situations((A, B)):
        loud = {pair: words[word] for pair, word in situation.markers.items()}
        assert answer(situation) == answer(Situation(situation.proofs, situation.home, loud))


@pytest.mark.parametrize("regions", [(A, B), (A, B, C)])
def test_the_regions_order_in_the_environment_does_not_matter(regions: tuple[str, ...]) -> None:
    for situation in situations(regions, ("clear", "set")):
        turned = {region: situation.proofs[region] for region in reversed(regions)}
        assert answer(situation) == answer(Situation(turned, situation.home, situation.markers))


# Fresh checks: Route 53 takes a new check for healthy until it has data.


def test_a_first_deployment_answers_home_while_every_check_is_fresh() -> None:
    for regions in ((A, B), (A, B, C)):
        fresh = frozenset(
            {
                *regions,
                *(f"{region} in all" for region in regions),
                *(f"{a} about {b}" for a, b in pairs(regions)),
            }
        )
        for home in regions:
            silent = Situation(dict.fromkeys(regions, "silent"), home, fresh=fresh)
            assert answer(silent) == {home}


def test_a_fresh_proof_away_from_home_moves_nothing_while_home_is_proven() -> None:
    for home, other in pairs((A, B)):
        assert answer(Situation({home: "yes", other: "no"}, home, fresh=frozenset({other}))) == {home}


def test_a_fresh_proof_is_taken_for_a_writer_when_home_is_not_healthy() -> None:
    """The window that trap 31 opens: it is why checks are never replaced in an incident."""
    assert answer(Situation({A: "no", B: "no"}, A, fresh=frozenset({B}))) == {B}


def test_a_fresh_marker_lets_a_zombie_be_answered() -> None:
    """The other window of trap 31: a marker that is made again forgets what it said."""
    zombie = Situation({A: "yes", B: "yes"}, A, {(B, A): "set"}, frozenset({f"{B} about {A}"}))
    assert answer(zombie) == {A}


def test_no_single_fresh_check_brings_a_second_answer_into_a_pair() -> None:
    checks = [A, B, f"{A} in all", f"{B} in all", f"{A} about {B}", f"{B} about {A}"]
    for size in range(len(checks) + 1):
        for fresh in itertools.combinations(checks, size):
            for situation in situations((A, B), ("clear", "set")):
                heard = Situation(situation.proofs, situation.home, situation.markers, frozenset(fresh))
                assert len(answer(heard)) == 1


@pytest.mark.parametrize("regions", [(A, B), (A, B, C)])
def test_a_fresh_proof_gains_its_own_region_an_answer_and_no_other(regions: tuple[str, ...]) -> None:
    for fresh in regions:
        for situation in situations(regions, ("clear", "set")):
            heard = answer(Situation(situation.proofs, situation.home, situation.markers, frozenset({fresh})))
            gained = {fresh} - superseded_regions(situation)
            assert heard <= proven(situation) | gained | {situation.home}, situation


# The limits that the page tells of.


def test_a_dead_survivors_marker_keeps_a_region_out_until_home_moves() -> None:
    """A failed over to B, home followed, A is no replica yet, B dies and A is promoted again."""
    word: dict[tuple[str, str], Marker] = {(B, A): "silent, last set"}
    assert answer(Situation({A: "yes", B: "silent"}, B, word)) == {B}
    assert answer(Situation({A: "yes", B: "silent"}, A, word)) == {A}


@pytest.mark.parametrize(("share", "answered"), [(0.18, B), (0.19, A), (1.0, A)])
def test_a_region_cut_off_from_all_but_a_fifth_of_the_checkers_stays_healthy(share: float, answered: str) -> None:
    cut = Situation({A: "yes", B: "yes"}, A, seen={A: share})
    assert answer(cut, "endpoint") == {answered}


def test_the_marker_outvotes_a_cut_off_region_that_some_checkers_still_see() -> None:
    cut = Situation({A: "yes", B: "yes"}, A, {(B, A): "set"}, seen={A: 0.5})
    assert answer(cut, "endpoint") == {B}


@pytest.mark.parametrize("regions", [(A, B), (A, B, C)])
@pytest.mark.parametrize("kind", KINDS)
def test_every_record_carries_its_own_regions_check_and_every_region_asks_all_others(
    regions: tuple[str, ...], kind: ProbeKind
) -> None:
    routing = assembled(regions, A, kind)
    for record in routing.records:
        assert record.check == f"health/{record.set_identifier}/HealthCheck"
        assert len(routing.checks[record.check].children) == len(regions) == routing.checks[record.check].threshold


@pytest.mark.parametrize("regions", [(A, B), (A, B, C)])
def test_all_three_names_answer_the_same_region(regions: tuple[str, ...]) -> None:
    routing = assembled(regions, A)
    sets = {
        name: {(each.set_identifier, each.check, each.failover, each.weight) for each in routing.of(name)}
        for name in ("writer.db.example.com", "reader.db.example.com")
    }
    assert sets["writer.db.example.com"] == sets["reader.db.example.com"]
