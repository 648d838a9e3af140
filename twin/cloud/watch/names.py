"""What a name answers: from the deployed zones and records, and from what Route 53 considers healthy; pure.

Route 53 Developer Guide, "How Amazon Route 53 chooses records when health checking is configured" (the rules are in
:mod:`generator.routing`), "Weighted routing", "Choosing between alias and non-alias records".
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator import routing
from generator.routing import UnsupportedError, answers

Choose = Callable[[Sequence[str], Sequence[int]], str]
"""Picks one of the set identifiers by their weights."""

Record = Mapping[str, Any]
TYPES = ("A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SPF", "SRV", "TXT", "CAA")


@dataclass(frozen=True)
class Zone:
    """A hosted zone: its name with the closing dot, its record sets as Route 53 lists them, whose resolvers see it.

    regions: of the VPCs that a private zone is associated with; None for a public zone.
    """

    account: str
    name: str
    records: tuple[Record, ...]
    regions: frozenset[str] | None = None


@dataclass(frozen=True)
class Answer:
    """One record set's values and its time to live in seconds, at real speed."""

    name: str
    type: str
    ttl: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class Book:
    """All zones, and the health of checks by account and id, as the name servers know them now."""

    zones: tuple[Zone, ...] = ()
    health: Mapping[tuple[str, str], bool] | None = None

    def zone(self, name: str, region: str) -> Zone | None:
        """Return the zone that answers for the name in a region's VPCs, or to the public when that is empty.

        The most specific zone answers, and a private one before a public one of the same name (Route 53 Developer
        Guide, "Considerations when working with a private hosted zone").
        """
        seen = [each for each in self.zones if each.regions is None or region in each.regions]
        above = [each for each in seen if name == each.name or name.endswith("." + each.name)]
        return max(above, key=lambda each: (len(each.name), each.regions is not None), default=None)

    def groups(self) -> list[tuple[Zone, str, tuple[Record, ...]]]:
        """Return the record sets of each zone, name and type that have a routing policy, with zone and name."""
        found = []
        for zone in self.zones:
            sets: dict[tuple[str, str], tuple[Record, ...]] = {}
            for each in (each for each in zone.records if "SetIdentifier" in each):
                key = (str(each["Name"]), str(each["Type"]))
                sets[key] = (*sets.get(key, ()), each)
            found += [(zone, name, group) for (name, _), group in sets.items()]
        return found

    def chosen(self, zone: Zone, records: Iterable[Record]) -> tuple[Record, ...]:
        """Return the record sets of one name and type that can be answered. Raises UnsupportedError."""
        group = tuple(records)
        if len(group) == 1 and "SetIdentifier" not in group[0]:
            return group
        read = [_read(each) for each in group]
        health = {each.check: (self.health or {}).get((zone.account, each.check), True) for each in read if each.check}
        allowed = answers(read, health)
        return tuple(each for each in group if each.get("SetIdentifier") in allowed)

    def ask(self, name: str, kind: str, region: str = "", choose: Choose | None = None) -> list[Answer] | None:
        """Return what is answered, an empty list for a name without that type, None for no such name or zone.

        Raises UnsupportedError for a routing policy that has no rule here.
        """
        zone = self.zone(name, region)
        if zone is None:
            return None
        here = [each for each in zone.records if each["Name"] == name]
        if not here:
            below = any(str(each["Name"]).endswith("." + name) for each in zone.records)
            return [] if below else None
        fitting = [each for each in here if each["Type"] == kind] or [each for each in here if each["Type"] == "CNAME"]
        if not fitting:
            return []
        record = self._one(self.chosen(zone, fitting), choose or _by_chance)
        if "AliasTarget" in record:
            target = self.ask(str(record["AliasTarget"]["DNSName"]), str(record["Type"]), region, choose) or []
            return [Answer(name, each.type, each.ttl, each.values) for each in target]
        return [Answer(name, str(record["Type"]), int(record["TTL"]), tuple(record["ResourceRecords"]))]

    def _one(self, records: tuple[Record, ...], choose: Choose) -> Record:
        if len(records) == 1:
            return records[0]
        weights = [int(each.get("Weight", 1)) for each in records]
        wanted = choose([str(each["SetIdentifier"]) for each in records], weights)
        return next(each for each in records if each["SetIdentifier"] == wanted)

    def told(self) -> dict[str, dict[str, Any]]:
        """Return what each name that has a routing policy can answer: values, and set identifiers (our regions)."""
        found: dict[str, dict[str, Any]] = {}
        for zone, name, group in self.groups():
            try:
                chosen = self.chosen(zone, group)
            except UnsupportedError as error:
                found[name.rstrip(".")] = {"records": [], "regions": [], "error": str(error)}
                continue
            values = [value for each in chosen for value in each.get("ResourceRecords", ())]
            found[name.rstrip(".")] = {"records": values, "regions": [str(each["SetIdentifier"]) for each in chosen]}
        return found


def _by_chance(identifiers: Sequence[str], weights: Sequence[int]) -> str:
    return random.choices(identifiers, weights if any(weights) else None)[0]


def _read(record: Record) -> routing.Record:
    weight = record.get("Weight")
    return routing.Record(
        str(record["Name"]),
        str(record["Type"]),
        str(record.get("SetIdentifier", "")),
        record.get("HealthCheckId"),
        record.get("Failover"),
        None if weight is None else int(weight),
    )
