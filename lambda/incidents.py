"""Incidents in the state table: opened once, changed and closed only as long as they are the same one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from state import StateTable

from recovery import signals
from recovery.incident import Incident

SAME = "#kind = :kind AND since_ms = :since"
NAMES = {"#kind": signals.KEY_KIND}


def read(table: StateTable, about: str) -> Incident | None:
    """Return the incident about a region, or ``None``. Errors are botocore's own, as in all of these."""
    item = table.get(signals.INCIDENT, about)
    return None if item is None else _incident(item)


def read_all(table: StateTable) -> list[Incident]:
    """Return all incidents."""
    return [_incident(item) for item in table.items(signals.INCIDENT)]


def open_once(table: StateTable, incident: Incident, reason: str) -> bool:
    """Write a new incident; return false when there is one already, which another run tells about."""
    attributes = _attributes(incident) | {"reason": reason}
    return table.put_if(signals.INCIDENT, incident.about, attributes, "attribute_not_exists(#kind)", names=NAMES)


def keep(table: StateTable, incident: Incident, reason: str) -> bool:
    """Write what has become of an incident; return false when it was closed meanwhile."""
    attributes = _attributes(incident) | {"reason": reason}
    return table.put_if(signals.INCIDENT, incident.about, attributes, SAME, _same(incident), NAMES)


def close(table: StateTable, incident: Incident) -> bool:
    """Delete an incident; return false when it was closed before."""
    return table.delete_if(signals.INCIDENT, incident.about, SAME, _same(incident), NAMES)


def _incident(item: Mapping[str, Any]) -> Incident:
    return Incident(
        about=item[signals.KEY_NAME],
        since_ms=int(item["since_ms"]),
        told=bool(item.get("told", False)),
        started=str(item.get("started", "")),
        calm_ms=None if item.get("calm_ms") is None else int(item["calm_ms"]),
    )


def _attributes(incident: Incident) -> dict[str, Any]:
    return {
        "since_ms": incident.since_ms,
        "told": incident.told,
        "started": incident.started,
        "calm_ms": incident.calm_ms,
    }


def _same(incident: Incident) -> dict[str, Any]:
    return {":kind": signals.INCIDENT, ":since": incident.since_ms}
