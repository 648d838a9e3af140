"""S3's replication with a lag and a backlog, from the deployed rules, to every destination of theirs.

The emulator copies at once, and to one destination only. Here an object is ``PENDING`` until its copies have arrived,
each after the lag of its pair of regions, in the order of writing; nothing leaves or reaches a dark region. S3 User
Guide, "What does Amazon S3 replicate?" (encrypted objects only where the rule says so, trap 38; replicas are not
replicated again), "Replication configuration file elements" (of rules with one destination, that of the highest
priority), "Getting replication status information", "Using S3 Replication metrics".
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from twin.cloud.emulator import module, scope
from twin.cloud.pace import shorter
from twin.cloud.watch import alarms, darkness, metrics

LAG_SECONDS = 1.0
"""Between two regions unless the knob says otherwise, divided by the speed."""

_KMS = ("aws:kms", "aws:kms:dsse")
_ENCRYPTION = "x-amz-server-side-encryption"
Rule = Mapping[str, Any]
Pair = tuple[str, str]
"""The source's region and the destination's."""


@dataclass(frozen=True, eq=False)
class _Copy:
    """A write, or a delete marker where ``held`` is None, on its way to one destination."""

    account: str
    bucket: str
    key: str
    held: dict[str, Any] | None
    data: Any
    rule: Rule
    role: str
    pair: Pair
    since: float

    @property
    def names(self) -> dict[str, str]:
        """Return the dimensions of the rule's metrics."""
        return {
            "SourceBucket": self.bucket,
            "DestinationBucket": _destination(self.rule),
            "RuleId": str(self.rule.get("ID", "")),
        }

    @property
    def size(self) -> int:
        """Return the object's size in bytes."""
        return int(self.held["size"]) if self.held else 0


class Replication:
    """What is on its way; any thread may write, one delivers. seconds: real ones; infinite where it is stopped."""

    def __init__(self) -> None:
        self.lags: dict[Pair, float] = {}
        self._waiting: list[_Copy] = []
        self._lock = threading.Lock()
        self._published = 0.0
        self._arrived: dict[tuple[tuple[str, str], ...], tuple[Pair, str, float]] = {}

    def write(self, bucket: str, key: str, held: dict[str, Any] | None, data: Any, tags: Any) -> None:
        """Send a write on its way, in the account at hand."""
        account = module("core.responses").get_account_id()
        copies = [
            _Copy(account, bucket, key, held, data, rule, role, _pair(account, bucket, rule), time.time())
            for rule, role in _rules(bucket, key, held, tags)
        ]
        if copies and held is not None:
            held["replication_status"] = "PENDING"
        with self._lock:
            self._waiting.extend(copies)

    def look(self, now: float) -> None:
        """Deliver what is due, and publish the metrics once a minute."""
        with self._lock:
            due = [each for each in self._waiting if self._due(each) <= now]
            self._waiting = [each for each in self._waiting if self._due(each) > now]
        for each in due:
            self._deliver(each, now)
        self._publish(now)

    def told(self) -> list[dict[str, Any]]:
        """Return each pair's lag and what is pending: objects, bytes, and the age of the oldest in seconds."""
        with self._lock:
            waiting = list(self._waiting)
        return [
            {
                "from": pair[0],
                "to": pair[1],
                "seconds": None if self._lag(pair) == float("inf") else self._lag(pair),
                "stopped": self._lag(pair) == float("inf"),
                "pending": len(own := [each for each in waiting if each.pair == pair]),
                "bytes": sum(each.size for each in own),
                "oldest_seconds": round(time.time() - min((each.since for each in own), default=time.time()), 3),
            }
            for pair in sorted({*self.lags, *_pairs(), *(each.pair for each in waiting)})
        ]

    def _lag(self, pair: Pair) -> float:
        return self.lags.get(pair, shorter(LAG_SECONDS))

    def _due(self, each: _Copy) -> float:
        dark = any(darkness.mode(region) for region in each.pair)
        return float("inf") if dark else each.since + self._lag(each.pair)

    def _deliver(self, each: _Copy, now: float) -> None:
        with scope(each.account, each.pair[0]):
            landed = _land(each)
        self._arrived[tuple(each.names.items())] = (each.pair, each.account, now - each.since)
        if each.held is not None:
            with self._lock:
                left = any(one.held is each.held for one in self._waiting)
            _stamp(each, "FAILED" if not landed else "PENDING" if left else "COMPLETED")
        if not landed:
            place = (each.account, each.pair[0])
            metrics.publish(place, ("AWS/S3", "OperationsFailedReplication", each.names), 1, "Count")

    def _publish(self, now: float) -> None:
        """Publish what is pending and late in the destination's region, once a minute."""
        end = alarms.boundary(now, alarms.MINUTE)
        if end <= self._published:
            return
        self._published = end
        with self._lock:
            waiting = list(self._waiting)
        arrived, self._arrived = self._arrived, {}
        rules = {tuple(each.names.items()): (each.pair, each.account) for each in waiting}
        rules |= {names: said[:2] for names, said in arrived.items()} | _quiet()
        for names, (pair, account) in rules.items():
            own = [each for each in waiting if tuple(each.names.items()) == names]
            late = max([now - each.since for each in own] + [arrived[names][2] if names in arrived else 0.0])
            place, dimensions = (account, pair[1]), dict(names)
            metrics.publish(place, ("AWS/S3", "OperationsPendingReplication", dimensions), len(own), "Count")
            pending = sum(each.size for each in own)
            metrics.publish(place, ("AWS/S3", "BytesPendingReplication", dimensions), pending, "Bytes")
            metrics.publish(place, ("AWS/S3", "ReplicationLatency", dimensions), late, "Seconds")


def install(replication: Replication) -> None:
    """Take replication out of the emulator's hands."""
    s3 = module("services.s3")
    s3._maybe_replicate = lambda bucket, key, held, data, tags=None: replication.write(bucket, key, held, data, tags)
    s3._maybe_replicate_delete_marker = lambda bucket, key: replication.write(bucket, key, None, None, None)


def _destination(rule: Rule) -> str:
    return str(rule["Destination"]["Bucket"]).rpartition(":")[2]


def _region(account: str, bucket: str) -> str:
    held = module("services.s3")._buckets._data.get((account, bucket)) or {}
    return str(held.get("region") or "us-east-1")


def _pair(account: str, bucket: str, rule: Rule) -> Pair:
    return _region(account, bucket), _region(account, _destination(rule))


def _configured() -> Iterator[tuple[str, str, Rule]]:
    """Return every enabled rule with the account and the bucket that it is of."""
    for (account, bucket), config in list(module("services.s3")._bucket_replication._data.items()):
        for rule in config.get("Rules", ()):
            if rule.get("Status") == "Enabled":
                yield account, bucket, rule


def _pairs() -> set[Pair]:
    return {_pair(account, bucket, rule) for account, bucket, rule in _configured()}


def _quiet() -> dict[tuple[tuple[str, str], ...], tuple[Pair, str]]:
    """Return the rules with metrics: S3 publishes zeros where nothing is pending."""
    return {
        (("SourceBucket", bucket), ("DestinationBucket", _destination(rule)), ("RuleId", str(rule.get("ID", "")))): (
            _pair(account, bucket, rule),
            account,
        )
        for account, bucket, rule in _configured()
        if (rule["Destination"].get("Metrics") or {}).get("Status") == "Enabled"
    }


def _rules(bucket: str, key: str, held: dict[str, Any] | None, tags: Any) -> list[tuple[Rule, str]]:
    """Return the rules that a write falls under, one a destination, with the role that copies."""
    s3 = module("services.s3")
    config = s3._bucket_replication.get(bucket)
    if not config or s3._bucket_versioning.get(bucket) != "Enabled":
        return []
    best: dict[str, Rule] = {}
    for rule in sorted(config.get("Rules", ()), key=lambda each: int(each.get("Priority") or 0)):
        if rule.get("Status") == "Enabled" and key.startswith(s3._replication_rule_prefix(rule)):
            wanted = s3._replication_rule_tags(rule)
            if all((tags or {}).get(name) == value for name, value in wanted.items()) and _covers(rule, held, wanted):
                best[_destination(rule)] = rule
    return [(rule, str(config.get("Role", ""))) for rule in best.values()]


def _covers(rule: Rule, held: dict[str, Any] | None, tags: Mapping[str, str]) -> bool:
    """Tell whether the rule is for such an object; without one, for delete markers."""
    if held is None:
        return "Filter" not in rule or (not tags and _enabled(rule.get("DeleteMarkerReplication")))
    encrypted = (held.get("preserved_headers") or {}).get(_ENCRYPTION) in _KMS
    return not encrypted or _enabled((rule.get("SourceSelectionCriteria") or {}).get("SseKmsEncryptedObjects"))


def _enabled(said: Any) -> bool:
    return bool((said or {}).get("Status") == "Enabled")


def _land(each: _Copy) -> bool:
    """Write the copy where it goes; tell whether it could be. Called in the source's scope."""
    s3 = module("services.s3")
    target = s3._replication_destination(each.bucket, each.key, each.rule, each.role)
    if target is None:
        return False
    name, account, bucket = target
    prior = bucket["objects"].get(each.key)
    with s3._in_account(account):
        if each.held is None:
            s3._record_delete_marker(name, each.key, prior)
            bucket["objects"].pop(each.key, None)
            return True
        replica = copy.deepcopy(each.held)
        replica["replication_status"] = "REPLICA"
        replica.pop("version_id", None)
        key = (each.rule["Destination"].get("EncryptionConfiguration") or {}).get("ReplicaKmsKeyID")
        if key and replica["preserved_headers"].get(_ENCRYPTION) in _KMS:
            replica["preserved_headers"] = {**replica["preserved_headers"], f"{_ENCRYPTION}-aws-kms-key-id": key}
        bucket["objects"][each.key] = replica
        version = s3._record_object_version(name, each.key, prior, replica, each.data)
    tags = s3._object_tags.get((each.bucket, each.key, each.held.get("version_id")))
    if tags:
        with s3._in_account(account):
            s3._object_tags[name, each.key, version] = dict(tags)
    return True


def _stamp(each: _Copy, status: str) -> None:
    """Write the status to the object, and to its version; a failure stays."""
    assert each.held is not None
    if each.held.get("replication_status") == "FAILED":
        return
    each.held["replication_status"] = status
    versions = module("services.s3")._object_versions._data.get((each.account, (each.bucket, each.key))) or ()
    for version in versions:
        if version["version_id"] == each.held.get("version_id"):
            version["replication_status"] = status
