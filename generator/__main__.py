"""``python -m generator``."""

from __future__ import annotations

import gc

gc.set_threshold(100_000, 50, 100)  # a command is short, and keeps most of what it and its imports make

from generator.cli.app import run  # noqa: E402

if __name__ == "__main__":
    run()
