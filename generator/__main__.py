"""``python -m generator``."""

from __future__ import annotations

import gc

from generator.cli.app import run

if __name__ == "__main__":
    gc.set_threshold(100_000, 50, 100)  # a command is short, and keeps most of what it makes
    run()
