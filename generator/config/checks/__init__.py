"""What contradicts itself in an environment whose fields are all right, one function a contradiction.

A check takes the environment and yields what it found: where, what is wrong, what to do, and which keys
it looked at (so that a key that is broken by itself is not complained about twice). ``CONTRADICTIONS``
refuse the file, ``DOUBTS`` are printed.

- :mod:`generator.config.checks.places`     regions, zones, ranges, accounts
- :mod:`generator.config.checks.names`      names that grow too long
- :mod:`generator.config.checks.data`       the database, its instances, its backups
- :mod:`generator.config.checks.decisions`  DNS, modes, objectives, permissions
"""

from __future__ import annotations

from generator.config.checks import data, decisions, names, places
from generator.config.checks.found import Check, Found

CONTRADICTIONS: tuple[Check, ...] = (
    *places.CONTRADICTIONS,
    *names.CONTRADICTIONS,
    *data.CONTRADICTIONS,
    *decisions.CONTRADICTIONS,
)
DOUBTS: tuple[Check, ...] = (*places.DOUBTS, *data.DOUBTS, *decisions.DOUBTS)

__all__ = ["CONTRADICTIONS", "DOUBTS", "Check", "Found"]
