"""Builds the library of many environments in one process: ``python -m benchmarks.many FOLDER OUT``."""

from __future__ import annotations

import sys
from pathlib import Path

from generator.build import library, write
from generator.config import load


def main(folder: Path, out: Path) -> None:
    """Build every environment of the folder, each into a folder of its own."""
    for path in sorted(folder.glob("*.yaml")):
        write(library(load(path).shape), out / path.stem)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
