"""What Route 53 holds and says. Its control plane is in us-east-1 alone; when that is dark, nobody can ask it.

The answers to resolvers do not depend on it (AWS Whitepaper "AWS Fault Isolation Boundaries", "Global services").
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from generator import naming
from generator.aws.clients import Clouds
from generator.aws.status.bounded import Outcome, ask_all
from generator.aws.status.metrics import mirrored
from generator.aws.status.report import Check, Dns
from generator.config import Environment
from generator.errors import CloudError
from generator.routing import Record

REGION = "us-east-1"
"""Route 53's control plane, and its metrics (AWS General Reference, "Route 53 endpoints"; trap 36)."""

NAMES = ("writer", "reader", "service")
_ASKED_DIRECTLY = 12
"""``GetHealthCheckStatus`` is not for high rates, and Route 53 takes five requests a second from an account (Route
53 Developer Guide, "Quotas"): with more checks than this, the status metric has to do."""


def read_dns(clouds: Clouds, environment: Environment, now_ms: int, seconds: float) -> Dns | None:
    """Return what Route 53 holds, None when there is no zone. Raises botocore's errors, and CloudError."""
    until = time.monotonic() + seconds
    route53 = clouds.client("route53", REGION)
    zone = _zone(clouds, route53, environment)
    if not zone:
        return None
    names = {f"{name}.{environment.dns.domain}." for name in NAMES}
    listed = [
        each
        for page in route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
        for each in page["ResourceRecordSets"]
        if each["Name"] in names and ("Failover" in each or "Weight" in each)
    ]
    records = tuple(_record(each) for each in listed)
    private = environment.dns.visibility == "private"
    configs = _configs(route53, {each.check for each in records if each.check})
    direct = _direct(route53, configs, until)
    seen = _or_nothing(lambda: mirrored(clouds.client("cloudwatch", REGION), tuple(configs), now_ms), {})
    heard, unheard = ({}, "") if private else _resolved(route53, zone, sorted({each.name for each in records}), until)
    return Dns(
        zone,
        private,
        records,
        {
            name: {each.get("SetIdentifier", ""): _target(each) for each in listed if each["Name"] == name}
            for name in sorted({each["Name"] for each in listed})
        },
        tuple(Check(check, config, direct.get(check), seen.get(check)) for check, config in configs.items()),
        heard,
        asked=not private and not (unheard and clouds.local),  # no emulator knows TestDNSAnswer
        unheard=unheard,
    )


def _zone(clouds: Clouds, route53: Any, environment: Environment) -> str:
    """Return the zone's id: from the file, by its name, or from the DNS home region when several have that name.

    Route 53 is asked before the DNS home region, which may be dark, while a zone is global. Raises CloudError when
    several have the name and that region does not say which is ours: any choice would be a guess.
    """
    if environment.dns.zone_id:
        return environment.dns.zone_id
    answer = route53.list_hosted_zones_by_name(DNSName=environment.dns.domain)
    found = [each["Id"] for each in answer["HostedZones"] if each["Name"].rstrip(".") == environment.dns.domain]
    if len(found) > 1:
        name = naming.ZONE_PARAMETER.of(suffix=environment.suffix)
        ssm = clouds.client("ssm", environment.dns_region)
        try:
            found = [ssm.get_parameter(Name=name)["Parameter"]["Value"]]
        except (BotoCoreError, ClientError) as error:
            raise CloudError(
                f"{len(found)} zones have the name {environment.dns.domain}, and {environment.dns_region} does not say"
                f" which is ours: {error}",
                hint="give the zone's id as dns.zone_id",
            ) from error
    return str(found[0]).rsplit("/", 1)[-1] if found else ""


def _record(listed: Mapping[str, Any]) -> Record:
    weight = listed.get("Weight")
    return Record(
        listed["Name"],
        listed["Type"],
        listed.get("SetIdentifier", ""),
        listed.get("HealthCheckId"),
        listed.get("Failover"),
        None if weight is None else int(weight),
    )


def _target(listed: Mapping[str, Any]) -> str:
    return ", ".join(each["Value"] for each in listed.get("ResourceRecords", []))


def _configs(route53: Any, wanted: set[str]) -> dict[str, Mapping[str, Any]]:
    """Return the settings of these checks and of their children, from one listing of the account's checks."""
    pages = route53.get_paginator("list_health_checks").paginate()
    every = {each["Id"]: each["HealthCheckConfig"] for page in pages for each in page["HealthChecks"]}
    children = {child for each in wanted for child in every.get(each, {}).get("ChildHealthChecks", [])}
    return {each: every[each] for each in sorted(wanted | children) if each in every}


def _direct(route53: Any, configs: Mapping[str, Mapping[str, Any]], until: float) -> dict[str, float]:
    """Return the share of checkers that find each check healthy; ``GetHealthCheckStatus`` knows no calculated one."""
    plain = [each for each, config in configs.items() if config["Type"] != "CALCULATED"]
    if len(plain) > _ASKED_DIRECTLY:
        return {}
    asked = ask_all({each: partial(route53.get_health_check_status, HealthCheckId=each) for each in plain}, until)
    shares = {each: _share(outcome) for each, outcome in asked.items()}
    return {each: share for each, share in shares.items() if share is not None}


def _share(outcome: Outcome[Any]) -> float | None:
    observed = (outcome.answer or {}).get("HealthCheckObservations", [])
    said = [each.get("StatusReport", {}).get("Status", "") for each in observed]
    said = [each for each in said if each.startswith(("Success", "Failure"))]
    return sum(each.startswith("Success") for each in said) / len(said) if said else None


def _resolved(route53: Any, zone: str, names: list[str], until: float) -> tuple[dict[str, tuple[str, ...]], str]:
    """Return what Route 53 says it answers now, by name, and why it did not say so of one, or an empty word.

    Route 53 API, ``TestDNSAnswer``; public zones only.
    """
    asked = ask_all(
        {
            name: partial(route53.test_dns_answer, HostedZoneId=zone, RecordName=name, RecordType="CNAME")
            for name in names
        },
        until,
    )
    heard = {name: tuple(outcome.answer["RecordData"]) for name, outcome in asked.items() if outcome.answer}
    reasons = [str(outcome.error or "no answer in time") for outcome in asked.values() if not outcome.answer]
    return heard, (reasons[0].replace("\n", " ") if reasons else "")


def _or_nothing(call: Any, nothing: Any) -> Any:
    try:
        return call()
    except (BotoCoreError, ClientError):
        return nothing  # the checks are then judged by what else is known of them
