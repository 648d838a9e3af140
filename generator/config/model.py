"""The environment: one frozen value that holds the file, and what follows from it.

Read it with :func:`generator.config.load`, which also refuses what contradicts itself; a value that was
made otherwise has its fields checked, and nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints

from generator.config.parts import (
    NAME_KEY,
    Accounts,
    Backup,
    Database,
    Dns,
    Email,
    Objectives,
    Operations,
    Part,
    Probe,
    Recovery,
    Region,
    RegionName,
    Storage,
    Unique,
)
from generator.config.regions import REGIONS
from generator.shape import GATEWAY_SERVICES, INTERFACE_SERVICES, Shape

LOG_DAYS = Literal[7, 14, 30, 60, 90, 180, 365, 400, 731, 1096, 1827]
RESERVED_TAG = "disaster-recovery:"


def _named(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {
        key: {**region, NAME_KEY: str(key)} if isinstance(region, Mapping) else region for key, region in value.items()
    }


def _tags(value: Mapping[str, str]) -> Mapping[str, str]:
    for key in value:
        if key.lower().startswith("aws:") or key.startswith(RESERVED_TAG):
            raise ValueError(f"{key!r} is reserved; tags may not start with aws: or {RESERVED_TAG}")
    return value


def _endpoints(value: tuple[str, ...]) -> tuple[str, ...]:
    for service in value:
        if service in GATEWAY_SERVICES:
            raise ValueError(f"{service} has a gateway endpoint already, and needs no interface endpoint")
        if service not in INTERFACE_SERVICES:
            raise ValueError(f"{service!r} is not known; one of {', '.join(INTERFACE_SERVICES)}")
    return value


class Environment(Part):
    """An environment file of the multi-region disaster recovery library."""

    model_config = ConfigDict(title="Environment", frozen=True, strict=True, extra="forbid")

    suffix: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*$", max_length=24)] = Field(
        description="The environment's name, part of every physical name: lower-case letters and digits."
    )
    accounts: Accounts = Field(description="The AWS accounts.")
    permission_model: Literal["self-managed", "service-managed"] = Field(
        default="self-managed",
        description="Who makes the StackSets' roles: this library (self-managed), or AWS Organizations.",
    )
    organization: Annotated[str, StringConstraints(pattern=r"^o-[a-z0-9]{10,32}$")] | None = Field(
        default=None,
        description="The organization's id: cross-region roles then require it of who assumes them.",
    )
    organizational_units: Annotated[
        tuple[
            Annotated[str, StringConstraints(pattern=r"^(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32})$")],
            ...,
        ],
        Unique,
    ] = Field(default=(), description="With service-managed: the organizational units that are deployed to.")
    external_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@:/-]{2,224}$")] | None = Field(
        default=None, description="What the caller of a fence role must say beside its name."
    )
    opted_in: Annotated[tuple[RegionName, ...], Unique] = Field(
        default=(), description="Opt-in regions that the accounts have enabled."
    )
    regions: Annotated[Mapping[str, Region], BeforeValidator(_named)] = Field(
        min_length=1, description="The regions by name: one origin, at least one standby, any witnesses."
    )
    dns: Dns = Field(description="The hosted zone and its records.")
    database: Database = Field(description="The Aurora PostgreSQL global database.")
    storage: Storage = Field(default=Storage(), description="The replicated data buckets.")
    probe: Probe = Field(default=Probe(), description="How the writer proof is made and reaches Route 53.")
    recovery: Recovery = Field(default=Recovery(), description="Who decides on a failover.")
    objectives: Objectives = Field(default=Objectives(), description="RTO and RPO.")
    people: Annotated[tuple[Email, ...], Unique] = Field(
        min_length=1,
        max_length=5,
        description="E-mail addresses that are told; each must confirm in every region.",
    )
    interface_endpoints: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,62}$")], ...],
        Unique,
        AfterValidator(_endpoints),
    ] = Field(
        default=("logs", "secretsmanager", "sns", "sts"),
        description="AWS services that the application reaches from inside the VPC, which has no other way out.",
    )
    backup: Backup | None = Field(default=None, description="The backup vaults; null: none.")
    operations: Operations = Field(default=Operations(), description="How StackSets go about their regions.")
    log_days: LOG_DAYS = Field(default=400, description="Days that log groups keep what they hold.")
    tags: Annotated[
        Mapping[
            Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_ .:/=+@-]{1,128}$")],
            Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_ .:/=+@-]{0,256}$")],
        ],
        AfterValidator(_tags),
    ] = Field(default={}, max_length=40, description="Tags of every stack, handed on to its resources.")
    disposable: bool = Field(
        default=False,
        description="Whether data goes with its stack. For tests; needs deletion_protection: false.",
    )

    @property
    def origin(self) -> Region:
        """Return the region where the first writer was created."""
        return self._of("origin")[0]

    @property
    def standbys(self) -> tuple[Region, ...]:
        """Return the regions that were born as standbys, in the file's order."""
        return self._of("standby")

    @property
    def witnesses(self) -> tuple[Region, ...]:
        """Return the regions without data, in the file's order."""
        return self._of("witness")

    @property
    def data_regions(self) -> tuple[Region, ...]:
        """Return the regions that hold data, the origin first."""
        return (self.origin, *self.standbys)

    @property
    def all_regions(self) -> tuple[Region, ...]:
        """Return the data regions, then the witnesses."""
        return self.data_regions + self.witnesses

    @property
    def dns_region(self) -> str:
        """Return the region where the zone and the StackSets live (trap 44b: never the origin by default)."""
        return self.dns.region or (self.witnesses or self.standbys)[0].name

    @property
    def home(self) -> str:
        """Return the data region that is answered when none is healthy."""
        return self.dns.home or self.origin.name

    @property
    def shape(self) -> Shape:
        """Return the choices that are made when the templates are built."""
        return Shape(
            disposable=self.disposable,
            probe=self.probe.kind,
            zone_made=self.dns.zone_id is None,
            visibility=self.dns.visibility,
            checker_ranges=tuple(map(str, self.probe.checker_ranges)) if self.probe.kind == "endpoint" else (),
            interface_endpoints=self.interface_endpoints,
        )

    @property
    def pairs(self) -> tuple[tuple[Region, Region], ...]:
        """Return the pairs that are peered, the first of the file requesting; witnesses need none of another."""
        return tuple(
            pair for pair in combinations(self.regions.values(), 2) if {region.role for region in pair} != {"witness"}
        )

    def zones_of(self, region: Region) -> tuple[str, ...]:
        """Return the region's availability zones: those of the file, else its first two."""
        return region.zones or REGIONS[region.name].zones[:2]

    def instances_of(self, region: Region) -> int:
        """Return how many database instances the region has; a witness has none."""
        if region.role == "witness":
            return 0
        return self.database.instances if region.instances is None else region.instances

    def _of(self, role: str) -> tuple[Region, ...]:
        return tuple(region for region in self.regions.values() if region.role == role)
