"""Builds the library of many environments in one process: ``python -m benchmarks.many FOLDER OUT``."""

from __future__ import annotations

import sys
from pathlib import Path

from generator.build import document, library, write
from generator.config import load


def main(folder: Path, out: Path) -> None:
    """Build every environment of the folder, each anew and into a folder of its own."""
    for path in sorted(folder.glob("*.yaml")):
        document.cache_clear()  # they have one shape, and only the first would be built
        write(library(load(path).shape), out / path.stem)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
