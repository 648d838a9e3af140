"""The value of every parameter of an instance, from the environment, from naming, and over the links.

Pure: what only AWS can tell (outputs of other stacks, prefix lists, the packages' keys) comes in as functions.
A parameter that nothing here gives a value is an error of ours, and a test builds every example to find it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from generator import naming
from generator.addresses import subnets
from generator.config import Environment, Region
from generator.inputs import CODE_KEYS, FUNCTIONS, Input
from generator.links import Form, Observed, Output, Where
from generator.placement import Instance
from generator.slots import NONE, PARTNERS, PEOPLE, REGIONS_OPTED_IN, ZONES, pad
from generator.sources import inputs_of, sources_of


@dataclass(frozen=True)
class Known:
    """What the environment file does not say.

    output: the value of an output, asked with the instance and the output's name.
    observed: what AWS tells, asked with the instance and the source.
    package: the key of a function's package, asked with the function's name.
    second_pass: whether what must wait for the first is given: replication rules, deletion protection.
    """

    output: Callable[[Instance, str], str]
    observed: Callable[[Instance, Observed], str]
    package: Callable[[str], str]
    second_pass: bool = True


def values(environment: Environment, instance: Instance, known: Known) -> dict[str, str]:
    """Return the value of every parameter of the instance, whole: none is left to a default (trap 44)."""
    return {
        each.name: _value(environment, instance, known, each) for each in inputs_of(instance.stack, environment.shape)
    }


def _value(environment: Environment, instance: Instance, known: Known, wanted: Input) -> str:
    if wanted.name in CODE:
        return known.package(CODE[wanted.name])
    if isinstance(wanted.source, Output):
        found = sources_of(environment, instance, wanted.source)
        return linked(wanted.source, [(each.region, known.output(each, wanted.source.output)) for each in found])
    if isinstance(wanted.source, Observed):
        return known.observed(instance, wanted.source)
    return given(environment, instance, wanted.name, final=known.second_pass)


def given(environment: Environment, instance: Instance, name: str, *, final: bool = True) -> str:
    """Return the value that follows from the environment; ``final`` says which of the two passes it is for."""
    return FIRST_PASS[name] if name in FIRST_PASS and not final else _GIVEN[name](environment, instance)


def two_passes(environment: Environment, instance: Instance) -> bool:
    """Tell whether the instance, when it is new, gets other values first than in the end."""
    taken = (each.name for each in inputs_of(instance.stack, environment.shape) if each.name in FIRST_PASS)
    return any(given(environment, instance, name) != FIRST_PASS[name] for name in taken)


FIRST_PASS = {"ReplicateTo": pad((), PARTNERS), "DeletionProtection": "false"}
"""What waits for the second pass: rules whose destinations are not there yet (trap 40), and a protection that
would keep a first deploy which fails from being rolled back (decision 5)."""

CODE = {each.name: function for each, function in zip(CODE_KEYS, FUNCTIONS, strict=True)}
"""The function whose package a parameter names, by the parameter's name."""


def linked(link: Output, found: Sequence[tuple[str, str]]) -> str:
    """Return the parameter's value from what each source gives, as (region, value) in the regions' order."""
    if link.form is Form.SLOTS:
        return pad((value for _, value in found), _slots(link))
    if link.form is Form.PAIRS:
        return ",".join(f"{region}={value}" for region, value in found)
    return ",".join(value for _, value in found) or NONE


def _slots(link: Output) -> int:
    return PARTNERS + 1 if link.where is Where.DATA else PARTNERS


def _region(environment: Environment, name: str) -> Region:
    return environment.regions[name]


def _others(environment: Environment, instance: Instance) -> list[str]:
    return [region.name for region in environment.data_regions if region.name != instance.region]


def _names(regions: Iterable[Region]) -> str:
    return ",".join(region.name for region in regions) or NONE


def _ranges(environment: Environment, name: str, tier: str) -> str:
    region = _region(environment, name)
    cut = subnets(region.range, len(environment.zones_of(region)))
    chosen: tuple[IPv4Network, ...] = getattr(cut, tier)
    return pad((str(network) for network in chosen), ZONES)


def _instances(environment: Environment, instance: Instance) -> str:
    return str(environment.instances_of(_region(environment, instance.region)))


def _birth(environment: Environment, instance: Instance) -> str:
    return "origin" if instance.region == environment.origin.name else "standby"


def _source_region(environment: Environment, instance: Instance) -> str:
    """Return the origin for a standby that was there from the beginning.

    A standby that is added after a swap is born from the region active then; ``deploy`` records that at its
    birth and never derives it again (trap 76).
    """
    return NONE if instance.region == environment.origin.name else environment.origin.name


def _copy_region(environment: Environment, instance: Instance) -> str:
    copy_to = environment.backup.copy_to if environment.backup else None
    return NONE if copy_to in (None, instance.region) else str(copy_to)


def _whole(number: float) -> str:
    return f"{number:g}"


def _side(index: int) -> Callable[[Environment, Instance], str]:
    return lambda environment, _: environment.data_regions[index].name


def _service(index: int) -> Callable[[Environment, Instance], str]:
    return lambda environment, _: environment.data_regions[index].endpoint or NONE


_GIVEN: dict[str, Callable[[Environment, Instance], str]] = {
    "AdministrationAccount": lambda e, _: e.accounts.administration,
    "ApprovalSeconds": lambda e, _: str(e.recovery.approval_minutes * 60),
    "BackupDays": lambda e, _: str(e.database.backup_days),
    "Birth": _birth,
    "ComputeRanges": lambda e, i: _ranges(e, i.region, "compute"),
    "CopyRegion": _copy_region,
    "DataRanges": lambda e, i: _ranges(e, i.region, "data"),
    "DataRegions": lambda e, _: _names(e.data_regions),
    "DatabaseName": lambda e, _: e.database.name,
    "DeletionProtection": lambda e, _: str(e.database.deletion_protection).lower(),
    "DnsRegion": lambda e, _: e.dns_region,
    "Domain": lambda e, _: e.dns.domain,
    "EngineVersion": lambda e, _: e.database.engine_version,
    "ExternalId": lambda e, _: e.external_id or NONE,
    "FirstRegion": _side(0),
    "FirstServiceHost": _service(0),
    "GivenZoneId": lambda e, _: e.dns.zone_id or NONE,
    "GlobalCluster": lambda e, _: naming.GLOBAL_CLUSTER.of(suffix=e.suffix),
    "HealthThreshold": lambda e, _: str(len(e.data_regions)),
    "Home": lambda e, _: e.home,
    "InstanceClass": lambda e, _: e.database.instance_class,
    "Instances": _instances,
    "IntervalSeconds": lambda e, _: str(e.probe.interval),
    "LockDays": lambda e, _: str((e.backup.lock_days or 0) if e.backup else 0),
    "LogDays": lambda e, _: str(e.log_days),
    "MaxCapacity": lambda e, _: _whole(e.database.capacity.max),
    "MinCapacity": lambda e, _: _whole(e.database.capacity.min),
    "Mode": lambda e, _: e.recovery.mode,
    "NoncurrentDays": lambda e, _: str(e.storage.noncurrent_days),
    "NoticeSeconds": lambda e, _: str(e.recovery.notice_seconds),
    "Organization": lambda e, _: e.organization or NONE,
    "OptedIn": lambda e, _: pad((name for name in e.opted_in if name in e.regions), REGIONS_OPTED_IN),
    "ParameterFamily": lambda e, _: "aurora-postgresql" + e.database.engine_version.split(".")[0],
    "PartnerComputeRanges": lambda e, i: _ranges(e, i.partner, "compute"),
    "PartnerDataRanges": lambda e, i: _ranges(e, i.partner, "data"),
    "PartnerRange": lambda e, i: str(_region(e, i.partner).range),
    "PartnerRegion": lambda _, i: i.partner,
    "People": lambda e, _: pad(e.people, PEOPLE),
    "Regions": lambda e, _: _names(e.all_regions),
    "ReplicaRegions": lambda e, i: pad(_others(e, i), PARTNERS),
    "ReplicateTo": lambda e, i: pad(_others(e, i), PARTNERS),
    "RpoSeconds": lambda e, _: str(e.objectives.rpo_seconds),
    "SecondRegion": _side(1),
    "SecondServiceHost": _service(1),
    "ServiceHost": lambda e, i: _region(e, i.region).endpoint or NONE,
    "SourceRegion": _source_region,
    "StepSeconds": lambda e, _: str(e.probe.step_seconds),
    "Suffix": lambda e, _: e.suffix,
    "SupersededRegion": lambda _, i: i.partner,
    "Ttl": lambda e, _: str(e.dns.ttl),
    "VaultDays": lambda e, _: str(e.backup.days if e.backup else 1),
    "VpcRange": lambda e, i: str(_region(e, i.region).range),
    "WitnessRegions": lambda e, _: _names(e.witnesses),
    "WorkloadAccount": lambda e, _: e.accounts.workload,
    "ZoneVpcRegions": lambda e, _: pad((region.name for region in e.data_regions), PARTNERS + 1),
    "Zones": lambda e, i: pad(e.zones_of(_region(e, i.region)), ZONES),
}
"""The value of each parameter that follows from the environment, by the parameter's name."""

GIVEN = frozenset(_GIVEN)
