"""A deployment that is killed at every wave and anywhere: the next one ends where an undisturbed one ends."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from generator.aws.clients import Clouds
from generator.aws.events import WaveBegan
from tests.resilience.lives import Doom, End, live
from tests.resilience.portrait import Portrait, portrait
from tests.resilience.world import SOAK, Deploying, clouds_at, deployed, environment
from twin.cloud.knobs import Knobs

KILLS = 5 if SOAK == 1 else 10
SEEDS = range(1 if SOAK == 1 else 3 * SOAK)
"""So many kills in each of so many environments, beside those at every wave; ``SOAK`` makes them hundreds."""


def _ends_well(clouds: Clouds, undisturbed: Portrait, knobs: Knobs) -> None:
    """Deploy to the end: all is as it would be, nothing was made twice, nothing taken away, and nothing is left."""
    deployed(clouds)
    found = portrait(clouds)
    assert found.stacks == undisturbed.stacks
    assert found.stacksets == undisturbed.stacksets
    assert found.ledger == undisturbed.ledger
    assert found.removals == ()
    assert deployed(clouds).changed == ()
    calls = knobs.calls(account=clouds.environment.accounts.workload)
    assert not [name for name in calls if name.startswith(("Delete", "Remove", "Terminate"))]


@pytest.fixture(scope="module")
def works(url: str) -> frozenset[str]:
    """Return every work of a first deployment."""
    deploying = Deploying(clouds_at(url, environment()))
    deploying.fine()
    return _passes(work for wave in deploying.heard.of(WaveBegan) for work in wave.works)


def _passes(works: Iterable[str]) -> frozenset[str]:
    """Return the works without their parts: which regions go in which wave depends on what is there already."""
    return frozenset(re.sub(r" \(\d+ of \d+\)$", "", each) for each in works)


@pytest.mark.parametrize(
    "answered",
    [True] if SOAK == 1 else [False, True],
    ids=lambda answered: "before its answer" if answered else "before the call",
)
def test_killed_at_the_first_change_of_every_wave_it_goes_on_to_the_same_end(
    url: str, knobs: Knobs, works: frozenset[str], undisturbed: Portrait, tmp_path: Path, answered: bool
) -> None:
    wanted, died = environment(), frozenset[str]()
    while (end := live(url, wanted, Doom(answered=answered, spared=died), str(tmp_path))).killed:
        assert end.works
        died |= frozenset(end.works)
    assert not end.said
    assert _passes(died) == works
    _ends_well(clouds_at(url, wanted), undisturbed, knobs)


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_anywhere_again_and_again_it_goes_on_to_the_same_end(
    url: str, knobs: Knobs, undisturbed: Portrait, tmp_path: Path, seed: int
) -> None:
    chance, kills = random.Random(seed), 0
    wanted = environment()
    while kills < KILLS:
        end: End = live(url, wanted, Doom.drawn(chance), str(tmp_path))
        assert not end.said or end.killed, end
        kills += end.killed
        if not end.killed:
            _ends_well(clouds_at(url, wanted), undisturbed, knobs)
            wanted = environment()
    _ends_well(clouds_at(url, wanted), undisturbed, knobs)
