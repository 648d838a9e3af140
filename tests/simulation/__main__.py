"""Tell the story of a seed: ``python -m tests.simulation SEED``; exits 1 when an invariant is broken."""

from __future__ import annotations

import sys

from .invariants import judge
from .run import planned, play


def main(seed: int) -> int:
    """Play a seed, print its story and verdict, and return the exit status."""
    plan = planned(seed)
    world = play(plan, seed)
    sys.stdout.write(f"seed {seed}: {plan.shape}\n{plan.habits}\n{world.story}\n")
    broken = judge(world)
    sys.stdout.write("\n".join(map(str, broken)) + "\n" if broken else "all invariants hold\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
