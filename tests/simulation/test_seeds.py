"""Two hundred runs, each drawn from its seed; ``SOAK=10`` plays ten times as many, ``SEED=7 … -k one`` a single one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .invariants import judge
from .run import planned, play

SEEDS = range(200 * int(os.environ.get("SOAK") or 1))
ROOT = Path(__file__).parents[2]


def _hold(seed: int) -> None:
    world = play(planned(seed), seed)
    broken = judge(world)
    said = "\n".join(map(str, broken))
    assert not broken, f"seed {seed} (python -m tests.simulation {seed}):\n{said}\n\n{world.story}"


@pytest.mark.parametrize("seed", SEEDS)
def test_every_invariant_holds_in_a_run_of(seed: int) -> None:
    _hold(seed)


@pytest.mark.skipif("SEED" not in os.environ, reason="plays the seed that SEED names")
def test_every_invariant_holds_in_the_one_run_that_was_asked_for() -> None:
    _hold(int(os.environ["SEED"]))


def test_a_seed_tells_the_same_story_every_time_and_in_every_process() -> None:
    def told(hashes: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": hashes}
        command = [sys.executable, "-m", "tests.simulation", "23"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert "the exercise" in done.stdout, done.stderr
        return done.stdout

    assert told("1") == told("2")


def test_the_runs_are_about_something() -> None:
    """Most seeds promote a region; a plan that only waits would prove nothing."""
    worlds = [play(planned(seed), seed) for seed in range(10)]
    verbs = [each.verb for world in worlds for each in world.service.promotions]
    assert verbs.count("failover") >= 4 and verbs.count("switchover") >= 8
    assert any(each.missing for world in worlds for each in world.service.promotions), "some rows are lost somewhere"
    assert all(len(worker.acks) > 100 for world in worlds for worker in world.workers[:1])
