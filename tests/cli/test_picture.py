"""The picture in the README is what `graph` draws for the example."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_picture_in_the_readme_is_current() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "generator", "graph", "stacksets/example.yaml"],
        cwd=ROOT, text=True, capture_output=True, check=True,
    )  # fmt: skip
    assert (ROOT / "docs" / "graph.svg").read_text() == done.stdout, "python -m generator graph > docs/graph.svg"
