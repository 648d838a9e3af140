"""Plans the first deployment of many environments in one process: ``python -m benchmarks.plans FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

from generator.config import load
from generator.plan.model import Seen
from generator.plan.waves import plan


def main(folder: Path) -> None:
    """Plan every environment of the folder."""
    for path in sorted(folder.glob("*.yaml")):
        assert plan(load(path), Seen()).waves


if __name__ == "__main__":
    main(Path(sys.argv[1]))
