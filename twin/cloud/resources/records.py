"""Groups of records, and Route 53's own rules for what may stand in a zone together.

Sources: Route 53 API Reference, "ChangeResourceRecordSets"; Route 53 Developer Guide, "Values that are common for
all routing policies"; CloudFormation Template Reference, AWS::Route53::RecordSetGroup.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from twin.cloud.resources.services import Parameters, ask, before, module
from twin.cloud.resources.types import Attributes, Kind, Made, Properties, add
from twin.cloud.resources.wire import Refused

Record = dict[str, Any]

_POLICIES = (
    "Weight",
    "Failover",
    "Region",
    "GeoLocation",
    "MultiValueAnswer",
    "CidrRoutingConfig",
    "GeoProximityLocation",
)


def offer() -> None:
    """Give the emulator this type."""
    add(Kind("AWS::Route53::RecordSetGroup", _create, _update, _delete))


def _create(properties: Properties, name: str) -> Made:
    _change(properties, [("CREATE", record) for record in _records(properties)])
    return name, {"Id": name}


def _update(physical: str, old: Properties, new: Properties) -> Attributes:
    wanted = {_key(record): record for record in _records(new)}
    gone = [("DELETE", record) for record in _records(old) if _key(record) not in wanted]
    present = {_key(record): record for record in _records(old)}
    changed = [("UPSERT", record) for key, record in wanted.items() if present.get(key) != record]
    if gone or changed:
        _change(new, [*gone, *changed])
    return {"Id": physical}


def _delete(_physical: str, properties: Properties) -> None:
    """Remove those of the records that are still there, whatever they have been changed to."""
    zone = _zone(properties)
    ours = {_key(record) for record in _records(properties)}
    held = ask("route53", "ListResourceRecordSets", HostedZoneId=zone, MaxItems="300")["ResourceRecordSets"]
    left = [("DELETE", record) for record in held if _key(record) in ours]
    if left:
        _change(properties, left)


def _change(properties: Properties, changes: list[tuple[str, Record]]) -> None:
    batch: dict[str, Any] = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
    if properties.get("Comment"):
        batch["Comment"] = properties["Comment"]
    ask("route53", "ChangeResourceRecordSets", HostedZoneId=_zone(properties), ChangeBatch=batch)


def _zone(properties: Properties) -> str:
    if properties.get("HostedZoneId"):
        return str(properties["HostedZoneId"])
    wanted = _dotted(str(properties["HostedZoneName"]))
    found = [zone for zone, held in module("route53")._zones.items() if held["name"] == wanted]
    if len(found) != 1:
        raise Refused("NoSuchHostedZone", f"{len(found)} hosted zones have the name {wanted}", 404)
    return str(found[0])


def _records(properties: Properties) -> list[Record]:
    return [_record(each) for each in properties.get("RecordSets") or ()]


def _record(given: Properties) -> Record:
    record = {name: value for name, value in given.items() if name not in ("ResourceRecords", "HostedZoneId")}
    if "TTL" in record:
        record["TTL"] = int(record["TTL"])
    if "AliasTarget" in record:
        record["AliasTarget"] = {"EvaluateTargetHealth": False, **record["AliasTarget"]}
    if "ResourceRecords" in given:
        record["ResourceRecords"] = [{"Value": str(value)} for value in given["ResourceRecords"]]
    return record


def _key(record: Record) -> tuple[str, str, str]:
    return _dotted(str(record["Name"])), str(record["Type"]), str(record.get("SetIdentifier", ""))


def _dotted(name: str) -> str:
    return name.lower().rstrip(".") + "."


@before("route53", "ChangeResourceRecordSets")
def _zone_stays_right(parameters: Parameters) -> None:
    """Raise for a batch after which the zone would hold what Route 53 refuses; batches are all or nothing."""
    route53, identifier = module("route53"), str(parameters["HostedZoneId"]).rpartition("/")[2]
    zone = route53._zones.get(identifier)
    if zone is None:
        return
    after = {_key(record): record for record in route53._records.get(identifier, ())}
    changed = set()
    for change in parameters["ChangeBatch"]["Changes"]:
        record = change["ResourceRecordSet"]
        changed.add(_key(record)[0])
        if change["Action"] == "DELETE":
            after.pop(_key(record), None)
        else:
            after[_key(record)] = record
    complaints = [one for name in sorted(changed) for one in _wrong(name, zone["name"], list(after.values()))]
    if complaints:
        raise Refused("InvalidChangeBatch", "[" + ", ".join(complaints) + "]")


def _wrong(name: str, zone: str, records: list[Record]) -> Iterator[str]:
    here = [record for record in records if _dotted(str(record["Name"])) == name]
    if name != zone and not name.endswith("." + zone):
        yield f"RRSet with DNS name {name} is not permitted in zone {zone}"
    by_type: dict[str, list[Record]] = defaultdict(list)
    for record in here:
        by_type[str(record["Type"])].append(record)
    if "CNAME" in by_type and (name == zone or len(by_type) > 1):
        yield f"RRSet of type CNAME with DNS name {name} is not permitted: at a zone's apex, or beside other types"
    for kind, group in by_type.items():
        yield from _together(name, kind, group)
        for record in group:
            yield from _alone(name, kind, record)


def _together(name: str, kind: str, group: list[Record]) -> Iterator[str]:
    policies = {tuple(each for each in _POLICIES if each in record) for record in group}
    if len(policies) > 1:
        yield f"RRSets with the name {name} and type {kind} have different routing policies"
    for role in ("PRIMARY", "SECONDARY"):
        if sum(record.get("Failover") == role for record in group) > 1:
            yield f"more than one {role} failover record set exists for the name {name} and type {kind}"


def _alone(name: str, kind: str, record: Record) -> Iterator[str]:
    policy = [each for each in _POLICIES if each in record]
    if bool(policy) != ("SetIdentifier" in record):
        yield f"RRSet {name} {kind}: a SetIdentifier goes with a routing policy, and a policy with a SetIdentifier"
    if "AliasTarget" in record and ("TTL" in record or "ResourceRecords" in record):
        yield f"RRSet {name} {kind}: an alias has neither TTL nor records"
    if "AliasTarget" not in record and not ("TTL" in record and record.get("ResourceRecords")):
        yield f"RRSet {name} {kind}: a record that is no alias needs a TTL and values"
    if record.get("Failover") == "PRIMARY" and "AliasTarget" not in record and "HealthCheckId" not in record:
        yield f"RRSet {name} {kind}: a primary failover record needs a health check"
    check = record.get("HealthCheckId")
    if check and check not in module("route53")._health_checks:
        yield f"RRSet {name} {kind}: no health check exists with the specified ID {check}"
