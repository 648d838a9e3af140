"""The database, its instances, its backups, and what may be thrown away."""

from __future__ import annotations

from collections.abc import Iterator

from generator.config.checks.found import Check, Found, at
from generator.config.engines import (
    SERVERLESS,
    doubts_about_version,
    reason_against_class,
    reason_against_version,
)
from generator.config.model import Environment
from generator.config.parts import Capacity

_LEAST_ADVISED = 8
"""ACUs. Aurora User Guide, "Configuration requirements of an Amazon Aurora global database", for the primary
region; roles swap, so for all (trap 85)."""

_VERSION, _CLASS = ("database", "engine_version"), ("database", "instance_class")


def versions_that_do_not_fit(environment: Environment) -> Iterator[Found]:
    """Find engine versions that can't be in a global database."""
    reason = reason_against_version(environment.database.engine_version)
    if reason:
        yield Found(_VERSION, reason, "take a current version, such as 16.8 or 17.5")


def classes_that_do_not_fit(environment: Environment) -> Iterator[Found]:
    """Find instance classes that can't be in a global database."""
    reason = reason_against_class(environment.database.instance_class)
    if reason:
        yield Found(_CLASS, reason, f"take {SERVERLESS}, or a memory-optimized class such as db.r7g.large (trap 85)")


def capacity_upside_down(environment: Environment) -> Iterator[Found]:
    """Find a least capacity above the most."""
    capacity = environment.database.capacity
    if capacity.min > capacity.max:
        yield Found(
            ("database", "capacity", "min"),
            f"{capacity.min:g} is more than the most, {capacity.max:g}",
            "swap them",
            (("database", "capacity", "max"),),
        )


def standbys_without_instance(environment: Environment) -> Iterator[Found]:
    """Find instances written for a witness; a data region's number is at least 1 by its own limit (trap 4)."""
    for region in environment.witnesses:
        if region.instances is not None:
            yield Found(at(region, "instances"), "a witness has no database", "leave it out", (at(region, "role"),))


def deletion_protection_of_what_is_disposable(environment: Environment) -> Iterator[Found]:
    """Find an environment that may be thrown away and refuses to be."""
    if environment.disposable and environment.database.deletion_protection:
        yield Found(
            ("disposable",),
            "is true, and so is database.deletion_protection",
            "set database.deletion_protection: false, or leave disposable out",
            (("database", "deletion_protection"),),
        )


def locked_backups_of_what_is_disposable(environment: Environment) -> Iterator[Found]:
    """Find a vault that can never be emptied in an environment that may be thrown away."""
    if environment.disposable and environment.backup and environment.backup.lock_days:
        yield Found(
            ("backup", "lock_days"),
            "locks a vault of an environment that is disposable",
            "leave lock_days out: a locked vault can't be deleted while it holds a backup",
            (("disposable",),),
        )


def backups_that_the_lock_refuses(environment: Environment) -> Iterator[Found]:
    """Find backups kept for less than the locked vault accepts: every backup job would fail."""
    backup = environment.backup
    if backup and backup.lock_days and backup.days < backup.lock_days:
        yield Found(
            ("backup", "days"),
            f"{backup.days} is less than lock_days, {backup.lock_days}: the vault would refuse every backup",
            "keep backups for at least lock_days",
            (("backup", "lock_days"),),
        )


def doubtful_version(environment: Environment) -> Iterator[Found]:
    """Find versions that work and should not be chosen."""
    doubt = doubts_about_version(environment.database.engine_version)
    if doubt:
        yield Found(_VERSION, doubt, "take a later minor version")


def little_capacity(environment: Environment) -> Iterator[Found]:
    """Find a least capacity that replication may outrun after a swap."""
    capacity = environment.database.capacity
    if environment.database.instance_class == SERVERLESS and capacity.min < _LEAST_ADVISED:
        yield Found(
            ("database", "capacity", "min"),
            f"{capacity.min:g} ACUs may be too little for replication once this region is active",
            f"AUG advises at least {_LEAST_ADVISED}; roles swap, so in every region (trap 85)",
        )


def unused_capacity(environment: Environment) -> Iterator[Found]:
    """Find a Serverless range beside an instance class that does not use it."""
    if environment.database.instance_class != SERVERLESS and environment.database.capacity != Capacity():
        yield Found(
            ("database", "capacity"),
            f"is not used with {environment.database.instance_class}",
            "leave it out",
            (_CLASS,),
        )


def single_instances(environment: Environment) -> Iterator[Found]:
    """Find data regions where one failed instance is an outage of the region's database."""
    for region in environment.regions.values():
        if environment.instances_of(region) == 1 and not environment.disposable:
            yield Found(
                at(region, "instances"),
                f"{region.name} has one instance: when it fails, the region has no database for minutes",
                "two instances are in two zones",
                (("database", "instances"), at(region, "role")),
            )


CONTRADICTIONS: tuple[Check, ...] = (
    versions_that_do_not_fit,
    classes_that_do_not_fit,
    capacity_upside_down,
    standbys_without_instance,
    deletion_protection_of_what_is_disposable,
    locked_backups_of_what_is_disposable,
    backups_that_the_lock_refuses,
)
DOUBTS: tuple[Check, ...] = (doubtful_version, little_capacity, unused_capacity, single_instances)
