"""Broken invariants in the state table: opened once, told once, closed as long as they are the same one."""

from __future__ import annotations

from typing import Any

from state import StateTable

from recovery import signals
from recovery.breach import Breach

SAME = "since_ms = :since"
NEW = "attribute_not_exists(#kind)"
NAMES = {"#kind": signals.KEY_KIND}


def read_all(table: StateTable) -> tuple[Breach, ...]:
    """Return all that are known. Errors are botocore's own, as in all of these."""
    return tuple(
        Breach(item[signals.KEY_NAME], int(item["since_ms"]), bool(item.get("told", False)))
        for item in table.items(signals.BREACH)
    )


def open_once(table: StateTable, breach: Breach) -> bool:
    """Write a new one; return false when another run of the function was faster."""
    return table.put_if(signals.BREACH, breach.sentence, _attributes(breach), NEW, names=NAMES)


def keep(table: StateTable, breach: Breach) -> bool:
    """Write what has become of one; return false when it was closed meanwhile."""
    return table.put_if(signals.BREACH, breach.sentence, _attributes(breach), SAME, _same(breach))


def close(table: StateTable, breach: Breach) -> bool:
    """Delete one; return false when it was closed before."""
    return table.delete_if(signals.BREACH, breach.sentence, SAME, _same(breach))


def _attributes(breach: Breach) -> dict[str, Any]:
    return {"since_ms": breach.since_ms, "told": breach.told}


def _same(breach: Breach) -> dict[str, Any]:
    return {":since": breach.since_ms}
