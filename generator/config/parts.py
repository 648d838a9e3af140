"""The sections of the environment file.

Field descriptions are the file's documentation: the JSON schema
carries them, and an editor shows them.

Everything is frozen and strict: ``"10"`` is no number and ``yes`` no word. Durations are whole seconds
unless the name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

NAME_KEY = "(name)"
"""How a region's name, which is its key, reaches the region. No YAML key of a person's looks like it."""

Role = Literal["origin", "standby", "witness"]


class Part(BaseModel):
    """A section: frozen, strict, and without unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


def _network(value: Any) -> IPv4Network:
    if isinstance(value, IPv4Network):
        return value
    if not isinstance(value, str):
        raise ValueError("must be an IPv4 range such as 10.20.0.0/16")
    try:
        return IPv4Network(value, strict=True)
    except (AddressValueError, NetmaskValueError):
        raise ValueError(f"{value} is no IPv4 range such as 10.20.0.0/16") from None
    except ValueError:
        whole = IPv4Network(value, strict=False)
        raise ValueError(f"{value} has bits set after its prefix; the range would be {whole}") from None


def _no_repeats(values: tuple[Any, ...]) -> tuple[Any, ...]:
    repeated = sorted({str(value) for value in values if values.count(value) > 1})
    if repeated:
        raise ValueError(f"names {', '.join(repeated)} more than once")
    return values


Network = Annotated[
    IPv4Network,
    BeforeValidator(_network),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$"}),
]
Account = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
RegionName = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
Host = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", max_length=253)
]
Email = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9-]+\.)+[A-Za-z]{2,63}$", max_length=254),
]
Unique = AfterValidator(_no_repeats)


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


class Region(Part):
    """One region of the environment."""

    name: SkipJsonSchema[str] = Field(default="", validation_alias=NAME_KEY)
    role: Role = Field(
        description="origin: where the first writer is created; standby: holds a replica; witness: holds no data,"
        " only probes and votes. The role is the region's at birth: after a failover it does not change."
    )
    range: Network = Field(description="The VPC's address range, /16 to /25, overlapping no other region's.")
    zones: Annotated[tuple[str, ...], Unique] = Field(
        default=(),
        max_length=3,
        description="Two or three availability zones; default: the region's first two.",
    )
    instances: int | None = Field(
        default=None, ge=1, le=3, description="Database instances here; default: database.instances."
    )
    endpoint: Host | None = Field(
        default=None,
        description="Host name of the application in this region, answered as service.; for all data regions or none.",
    )


class Accounts(Part):
    """The AWS accounts."""

    workload: Account = Field(description="Account number, in quotes, of the account that the stacks live in.")
    administration: Account = Field(
        default="",
        json_schema_extra=_without_default,
        description="Account number, in quotes, of the account that the StackSets live in; default: the workload's.",
    )
    access_role: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@/-]{1,512}$")] | None = Field(
        default=None,
        description="Name of a role in the workload's account that deploy assumes, with its path, when the StackSets"
        " live in another account.",
    )

    @model_validator(mode="before")
    @classmethod
    def _administration_is_the_workload_by_default(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and "workload" in data and "administration" not in data:
            return {**data, "administration": data["workload"]}
        return data


class Dns(Part):
    """The hosted zone and its records."""

    domain: Host = Field(description="The zone's domain; writer., reader. and service. are made below it.")
    zone_id: Annotated[str, StringConstraints(pattern=r"^Z[A-Z0-9]{1,31}$")] | None = Field(
        default=None, description="Id of a hosted zone that exists; left out, the zone is made."
    )
    visibility: Literal["public", "private"] = Field(
        default="public", description="private: the zone is associated with each data region's VPC."
    )
    region: RegionName | None = Field(
        default=None,
        description="The DNS home region, where the zone and the StackSets live; default: the first witness,"
        " else the first standby.",
    )
    home: RegionName | None = Field(
        default=None, description="The data region that answers when none is healthy; default: the origin."
    )
    ttl: int = Field(default=10, ge=1, le=300, description="Seconds that a resolver may keep an answer.")


class Capacity(Part):
    """Serverless v2 capacity in Aurora capacity units (ACUs), in steps of a half."""

    min: float = Field(default=8, ge=0, le=256, multiple_of=0.5, description="Least ACUs; AUG advises at least 8.")
    max: float = Field(default=64, ge=1, le=256, multiple_of=0.5, description="Most ACUs.")


class Database(Part):
    """The Aurora PostgreSQL global database."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")] = Field(
        default="app", description="The database that the origin creates."
    )
    engine_version: Annotated[str, StringConstraints(pattern=r"^\d{2}\.\d{1,2}(\.\d{1,2})?$")] = Field(
        description="Aurora PostgreSQL version, in quotes, the same in all regions (trap 5)."
    )
    instance_class: str = Field(
        default="db.serverless",
        description="db.serverless, or a memory-optimized class such as db.r7g.large.",
    )
    capacity: Capacity = Field(default=Capacity(), description="Range of db.serverless; unused with another class.")
    instances: int = Field(default=2, ge=1, le=3, description="Instances in each data region.")
    backup_days: int = Field(default=14, ge=1, le=35, description="Days that automated backups are kept.")
    deletion_protection: bool = Field(default=True, description="Whether the database refuses to be deleted.")


class Storage(Part):
    """The replicated data buckets."""

    noncurrent_days: int = Field(
        default=90, ge=1, le=3650, description="Days that replaced or deleted objects are kept."
    )
    replication_minutes: Literal[15] = Field(
        default=15, description="Replication Time Control promises 15 minutes and nothing else."
    )


CHECKER_RANGES = (
    "15.177.0.0/18",
    "54.183.255.128/26",
    "54.228.16.0/26",
    "54.232.40.64/26",
    "54.241.32.64/26",
    "54.243.31.192/26",
    "54.244.52.192/26",
    "54.245.168.0/26",
    "54.248.220.0/26",
    "54.250.253.192/26",
    "54.251.31.128/26",
    "54.252.79.128/26",
    "54.252.254.192/26",
    "54.255.254.192/26",
    "107.23.255.0/26",
    "176.34.159.192/26",
    "177.71.207.128/26",
)
"""Route 53's health checkers, IPv4: ``GetCheckerIpRanges``, and service ROUTE53_HEALTHCHECKS of AWS's
published ranges without those of the China partition."""


class Probe(Part):
    """How the writer proof is made and how it reaches Route 53."""

    kind: Literal["metric", "endpoint"] = Field(
        default="metric",
        description="metric: Route 53 reads a CloudWatch metric, private, minutes to notice; endpoint: it asks a"
        " regional HTTPS endpoint every 10 seconds, about half a minute to notice.",
    )
    interval: Literal[5, 6, 10, 12, 15, 20, 30] = Field(
        default=10,
        description="Seconds between two writer proofs; a minute must hold a whole number of them.",
    )
    step_seconds: int = Field(
        default=3,
        ge=1,
        le=10,
        description="Seconds that one step of a proof may take (connect, write, read back).",
    )
    checker_ranges: Annotated[tuple[Network, ...], Unique] = Field(
        default=tuple(IPv4Network(text) for text in CHECKER_RANGES),
        min_length=1,
        description="Ranges of Route 53's health checkers, which alone may ask the endpoint.",
    )


class Recovery(Part):
    """Who decides, and how long that may take."""

    mode: Literal["manual", "approval", "automatic"] = Field(
        default="manual",
        description="manual: a person starts the failover; approval: it is prepared and a person approves;"
        " automatic: two of three voters agree, which needs a witness.",
    )
    approval_minutes: int = Field(
        default=15, ge=1, le=180, description="Minutes that an approval is waited for; at most three hours."
    )
    notice_seconds: int = Field(
        default=60,
        ge=10,
        le=3600,
        description="Age of the newest heartbeat, in seconds, at which the active region counts as lost.",
    )
    decision_seconds: int = Field(
        default=300,
        ge=30,
        le=86400,
        description="Seconds that a person is allowed for deciding, in manual mode; counted in the RTO as it is.",
    )


class Objectives(Part):
    """What is promised, and what drills are judged by."""

    rto_seconds: int = Field(
        default=900, ge=1, le=86400, description="Seconds without acknowledged writes, at the most."
    )
    rpo_seconds: int = Field(
        default=60,
        ge=1,
        le=86400,
        description="Seconds of acknowledged writes that may be lost, at the most.",
    )


class Backup(Part):
    """The backup vaults: replication copies a DROP TABLE too."""

    days: int = Field(default=35, ge=1, le=3650, description="Days that a backup is kept in the vault.")
    copy_to: RegionName | None = Field(default=None, description="Data region that backups are copied to.")
    lock_days: int | None = Field(
        default=None,
        ge=1,
        le=3650,
        description="Least days that the locked vault keeps a backup; null: no lock.",
    )


class Operations(Part):
    """How a StackSet operation goes about its regions and accounts."""

    max_concurrent_percent: int = Field(default=100, ge=1, le=100, description="Share deployed at the same time.")
    failure_tolerance_percent: int = Field(default=0, ge=0, le=100, description="Share that may fail.")
