"""``python -m generator``."""

from __future__ import annotations

from generator.cli.app import run

if __name__ == "__main__":
    run()
