"""Which regions are dead: nothing in them evaluates, acts, publishes or answers."""

from __future__ import annotations

from fnmatch import fnmatchcase

from twin.cloud.settings import SETTINGS


def mode(region: str) -> str:
    """Return how a dead region's calls are dropped, ``hangs`` or ``refuses``; empty for one that is not dead."""
    dark = list(SETTINGS.dark.items())
    return next((how for names, how in dark if any(fnmatchcase(region, each) for each in names.split("|"))), "")
