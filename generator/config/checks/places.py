"""Regions, their roles, zones, address ranges and accounts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from generator.addresses import MAX_ZONES, subnets
from generator.config.checks.found import Check, Found, at, roles
from generator.config.model import Environment
from generator.config.regions import REGIONS, certified
from generator.config.source import closest
from generator.slots import PARTNERS

_ADDRESSES = "the VPC's ranges need 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"


def unknown_regions(environment: Environment) -> Iterator[Found]:
    """Find regions that AWS's commercial partition does not have."""
    for region in environment.regions.values():
        if region.name not in REGIONS:
            yield Found(at(region), f"{region.name} is no region that is known", closest(region.name, list(REGIONS)))
    for index, name in enumerate(environment.opted_in):
        if name not in REGIONS:
            yield Found(("opted_in", index), f"{name} is no region that is known", closest(name, list(REGIONS)))


def regions_not_opted_in(environment: Environment) -> Iterator[Found]:
    """Find opt-in regions that the environment does not say are enabled."""
    for region in environment.regions.values():
        known = REGIONS.get(region.name)
        if known and known.opt_in and region.name not in environment.opted_in:
            yield Found(
                at(region),
                f"{region.name} ({known.place}) is off until an account opts in",
                f"enable it in each account, then list it: opted_in: [{region.name}]",
                (("opted_in",),),
            )


def data_without_global_database(environment: Environment) -> Iterator[Found]:
    """Find data regions that Aurora global databases are not available in."""
    for region in environment.regions.values():
        known = REGIONS.get(region.name)
        if known and region.role != "witness" and not known.global_database:
            yield Found(
                at(region, "role"),
                f"{region.name} ({known.place}) has no Aurora global database, so it can't hold data",
                "make it a witness, or take another region",
            )


def data_without_certificates(environment: Environment) -> Iterator[Found]:
    """Find data regions whose certificates no probe could verify, so that no writer proof could hold."""
    for region in environment.regions.values():
        known = REGIONS.get(region.name)
        if known and known.global_database and region.role != "witness" and region.name not in certified():
            yield Found(
                at(region, "role"),
                f"the certificate bundle does not hold the authorities of {region.name}",
                "refresh it as lambda/certificates/README.md says, or take another region",
            )


def roles_that_do_not_add_up(environment: Environment) -> Iterator[Found]:
    """Find environments without exactly one origin and at least one standby."""
    origins = [region for region in environment.regions.values() if region.role == "origin"]
    if not origins:
        yield Found(("regions",), "has no origin region", "give one region role: origin", roles(environment))
    for region in origins[1:]:
        yield Found(
            at(region, "role"),
            f"is a second origin beside {origins[0].name}",
            "a global database has one first writer; make it a standby",
            (at(origins[0], "role"),),
        )
    if not environment.standbys:
        yield Found(("regions",), "has no standby region", "give another region role: standby", roles(environment))


def too_many_data_regions(environment: Environment) -> Iterator[Found]:
    """Find more data regions than a global database has (Aurora User Guide, configuration requirements)."""
    standbys = environment.standbys
    if len(standbys) > PARTNERS:
        yield Found(
            ("regions",),
            f"has {len(standbys)} standby regions: a global database has at most {PARTNERS}",
            "leave some out",
            roles(environment),
        )


def zones_that_do_not_fit(environment: Environment) -> Iterator[Found]:
    """Find zones of another region, and too few of them."""
    for region in environment.regions.values():
        known = REGIONS.get(region.name)
        if not known:
            continue
        for index, zone in enumerate(region.zones):
            if zone not in known.zones:
                yield Found(
                    at(region, "zones", index),
                    f"{zone} is no zone of {region.name}",
                    f"known: {', '.join(known.zones)}",
                )
        if len(region.zones) == 1:
            yield Found(at(region, "zones"), "has one zone", f"two or {MAX_ZONES} are needed")


def ranges_of_the_wrong_size(environment: Environment) -> Iterator[Found]:
    """Find ranges that their subnets do not fit into, or larger than a VPC may be."""
    for region in environment.regions.values():
        try:
            subnets(region.range, max(2, len(region.zones)))
        except ValueError as error:
            yield Found(at(region, "range"), str(error), "a /16 to /25 range does")


def overlapping_ranges(environment: Environment) -> Iterator[Found]:
    """Find ranges that overlap: peered VPCs could not tell whose address it is."""
    for one, other in combinations(environment.regions.values(), 2):
        if one.range.overlaps(other.range):
            yield Found(
                at(other, "range"),
                f"{other.range} overlaps {one.range} of {one.name}",
                "give each region a range of its own: the VPCs are peered",
                (at(one, "range"),),
            )


def endpoints_of_some_regions(environment: Environment) -> Iterator[Found]:
    """Find applications with an endpoint in some data regions and not in all: nobody could be sent there."""
    data = [region for region in environment.regions.values() if region.role != "witness"]
    having = [region for region in data if region.endpoint]
    for region in data:
        if having and not region.endpoint:
            yield Found(
                at(region, "endpoint"),
                f"is missing, though {having[0].name} has one",
                "give all data regions an endpoint, or none",
                (at(having[0], "endpoint"), at(region, "role")),
            )
    for region in environment.witnesses:
        if region.endpoint:
            yield Found(at(region, "endpoint"), "a witness has no application", "leave it out", (at(region, "role"),))


def public_ranges(environment: Environment) -> Iterator[Found]:
    """Find ranges of the internet's addresses, which the VPC then could not reach."""
    for region in environment.regions.values():
        if not region.range.is_private:
            yield Found(at(region, "range"), f"{region.range} is not a private range", _ADDRESSES)


CONTRADICTIONS: tuple[Check, ...] = (
    unknown_regions,
    regions_not_opted_in,
    data_without_global_database,
    data_without_certificates,
    roles_that_do_not_add_up,
    too_many_data_regions,
    zones_that_do_not_fit,
    ranges_of_the_wrong_size,
    overlapping_ranges,
    endpoints_of_some_regions,
)
DOUBTS: tuple[Check, ...] = (public_ranges,)
