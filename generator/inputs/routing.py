"""Parameters of DNS, health checks and recovery."""

from __future__ import annotations

from generator.inputs.kinds import (
    DNS,
    LIST,
    NONE_OR,
    RECOVERY,
    REGION_PATTERN,
    Input,
    choice,
    number,
    optional,
    pattern,
)
from generator.links import Computed, Form, Output, Setting, Where
from generator.slots import NONE

# DNS and health
DOMAIN = Input(
    "Domain", "Domain", "The domain under which writer., reader. and service. are answered.", DNS,
    Setting("dns.domain"), rules=pattern(r"^([a-z0-9-]+\.)+[a-z]{2,}$", "a domain without a dot at the end"),
)  # fmt: skip
DNS_REGION = Input(
    "DnsRegion", "DNS home region", "The region of the zone's stack.", DNS, Setting("dns.region"),
    rules=pattern(REGION_PATTERN, "a region"),
)  # fmt: skip
ZONE_ID = Input(
    "HostedZoneId", "Hosted zone", "The hosted zone that the records are in.", DNS,
    Output("zone", "HostedZoneId", Where.DNS), rules=pattern("^Z[A-Z0-9]+$", "a hosted zone's id"),
)  # fmt: skip
GIVEN_ZONE_ID = Input(
    "GivenZoneId", "Given hosted zone", "The hosted zone that is already there.", DNS, Setting("dns.zone_id"),
    rules=pattern("^Z[A-Z0-9]+$", "a hosted zone's id"),
)  # fmt: skip
ZONE_VPC_IDS = Input(
    "ZoneVpcIds", "VPCs of the private zone", f"The data regions' VPCs, filled up with {NONE}.", DNS,
    Output("network", "VpcId", Where.DATA, Form.SLOTS), LIST,
    pattern(NONE_OR.format(r"vpc-[0-9a-f]+"), "VPCs, or none"),
)  # fmt: skip
ZONE_VPC_REGIONS = Input(
    "ZoneVpcRegions", "Their regions", f"The VPCs' regions in the same order, filled up with {NONE}.", DNS,
    Setting("regions"), LIST,
    pattern(NONE_OR.format(REGION_PATTERN.strip("^$")), "regions, or none"),
)  # fmt: skip
TTL = Input(
    "Ttl", "Time to live", "How long a resolver may keep an answer, in seconds.", DNS, Setting("dns.ttl"), "Number",
    number(1, 300),
)  # fmt: skip
HOME = Input(
    "Home", "Home", "The region that is answered when none is healthy; follows the writer after an event.", DNS,
    Setting("dns.home"), rules=pattern(REGION_PATTERN, "a region"),
)  # fmt: skip
MARKER_CHECKS = Input(
    "MarkerChecks", "Superseded markers", "The health checks by which the others may declare this region superseded.",
    DNS, Output("marker", "MarkerCheckId", Where.OTHERS_ABOUT_SAME, Form.LIST), LIST,
    pattern("^[a-z0-9-]+$", "health checks"),
)  # fmt: skip
CHILD_COUNT = Input(
    "HealthThreshold", "Checks that must be healthy", "The writer proof and every marker: all must be healthy.", DNS,
    Computed("one and the number of other data regions"), "Number", number(2, 256),
)  # fmt: skip
HEALTH_CHECK_ID = Input(
    "HealthCheckId", "Health check", "The region's calculated health check.", DNS, Output("health", "HealthCheckId"),
    rules={"MinLength": 1, "MaxLength": 64},
)  # fmt: skip
SERVICE_HOST = Input(
    "ServiceHost", "Application's endpoint", "The host name of the application in this region, or none.", DNS,
    Setting("regions.*.endpoint"), rules=optional("[A-Za-z0-9.-]+", "a host name"),
)  # fmt: skip


def of_side(side: str, where: Where) -> tuple[Input, Input, Input, Input]:
    """Return region, reader host, health check and service host of one side of the failover pair."""
    label = side.lower()
    return (
        Input(f"{side}Region", f"{side} region", f"The {label} data region, in the environment's order.", DNS,
              Setting("regions"), rules=pattern(REGION_PATTERN, "a region")),
        Input(f"{side}ReaderHost", f"{side} reader endpoint", f"The {label} region's reader endpoint.", DNS,
              Output("database", "ReaderHost", where), rules=pattern("^[a-z0-9.-]+$", "a host name")),
        Input(f"{side}HealthCheckId", f"{side} health check", f"The {label} region's calculated health check.", DNS,
              Output("health", "HealthCheckId", where), rules={"MinLength": 1, "MaxLength": 64}),
        Input(f"{side}ServiceHost", f"{side} application's endpoint", f"The {label} region's application, or none.",
              DNS, Setting("regions.*.endpoint"), rules=optional("[A-Za-z0-9.-]+", "a host name")),
    )  # fmt: skip


FIRST_SIDE = of_side("First", Where.FIRST)
SECOND_SIDE = of_side("Second", Where.SECOND)

# Recovery
GLOBAL_CLUSTER = Input(
    "GlobalCluster", "Global cluster", "The identifier of the global cluster.", RECOVERY,
    Computed("naming.GLOBAL_CLUSTER"), rules=pattern("^[a-z][a-z0-9-]{0,62}$", "an identifier"),
)  # fmt: skip
MODE = Input(
    "Mode", "Mode", "Who starts a failover: a person, a person who approves, or the votes.", RECOVERY,
    Setting("recovery.mode"), rules=choice("manual", "approval", "automatic"),
)  # fmt: skip
RPO_SECONDS = Input(
    "RpoSeconds", "RPO", "The lag above which a failover needs its loss to be accepted, in seconds.", RECOVERY,
    Setting("objectives.rpo_seconds"), "Number", number(1, 86400),
)  # fmt: skip
NOTICE_SECONDS = Input(
    "NoticeSeconds", "Notice", "How long the active region must be unreachable before it is told, in seconds.",
    RECOVERY, Setting("recovery.notice_seconds"), "Number", number(10, 3600),
)  # fmt: skip
APPROVAL_SECONDS = Input(
    "ApprovalSeconds", "Approval", "How long an approval is waited for, in seconds.", RECOVERY,
    Setting("recovery.approval_minutes"), "Number", number(60, 86400),
)  # fmt: skip
INTERVAL_SECONDS = Input(
    "IntervalSeconds", "Probe interval", "The time between two writer proofs, in seconds.", RECOVERY,
    Setting("probe.interval"), "Number", number(5, 60),
)  # fmt: skip
STEP_SECONDS = Input(
    "StepSeconds", "Step limit", "The time that one step of a writer proof may take, in seconds.", RECOVERY,
    Setting("probe.step_seconds"), "Number", number(1, 10),
)  # fmt: skip
