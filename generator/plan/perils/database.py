"""Perils of the global database: nobody knows who is active, versions, and a cluster that is busy."""

from __future__ import annotations

from collections.abc import Iterator

from generator.plan import recorded
from generator.plan.model import Refusal
from generator.plan.perils.case import Case
from generator.plan.states import dark

MAJOR_UPGRADE = "--major-upgrade"
_STACKS = ("global-database", "database", "storage")
_CLUSTERS = ("global-database", "database")
_AT_REST = ("available", "backing-up")
"""Statuses of a cluster that a change does not disturb."""


def nobody_knows_who_is_active(case: Case) -> Iterator[Refusal]:
    """Refuse changes to data while no region says who the writer is."""
    database = case.seen.database
    deployed = any(case.seen.stack_of(each) or dark(case.seen, each) for each in case.placed.of("database"))
    unknown = (not database.known and deployed) or (database.members and not database.active)
    for region in dict.fromkeys(each.region for each in case.touched(*_STACKS)) if unknown else ():
        yield Refusal(
            "14",
            f"nobody knows which region is active, and something would change in the data's stacks in {region}",
            "wait until the regions answer, or put the file back to what is deployed there",
        )


def busy(case: Case) -> Iterator[Refusal]:
    """Refuse changes to a database that moves, or is being rebuilt after a failover (trap 101)."""
    changed = {each.region for each in case.changed(*_CLUSTERS)}
    database = case.seen.database
    if database.busy and case.touched(*_CLUSTERS):
        yield Refusal("101", f"the global database is busy: {database.busy}", "deploy again when it is done")
    for member in database.members:
        if member.region in changed and member.status not in _AT_REST:
            yield Refusal(
                "101",
                f"the cluster {member.cluster} in {member.region} is {member.status}",
                "deploy again when it is available; after a failover the old region's volume is rebuilt, which is long",
            )


def standby_without_an_instance(case: Case) -> Iterator[Refusal]:
    """Refuse to touch the active region while a standby could not take over (trap 4)."""
    database = case.seen.database
    if database.active in {each.region for each in case.changed("database")}:
        for member in database.members:
            if not member.writer and member.instances == 0:
                yield Refusal(
                    "4",
                    f"the standby in {member.region} has no instance, and the active region's database would change",
                    "give it its instances back first: it can't take over without one",
                )


def versions_differ(case: Case) -> Iterator[Refusal]:
    """Refuse other changes while members run different versions; raising the older ones is no such change (trap 5)."""
    wanted = case.environment.database.engine_version
    versions = {member.engine_version for member in case.seen.database.members if member.engine_version}
    if len(versions) < 2:
        return
    raised = {
        place.region
        for place in case.placed.of("database")
        if recorded.version_from(case.environment, case.seen, place)
    }
    behind = [
        member
        for member in case.seen.database.members
        if member.engine_version and member.engine_version != wanted and member.region not in raised
    ]
    for member in behind if case.changed("database") else ():
        yield Refusal(
            "5",
            f"the cluster in {member.region} runs {member.engine_version}, others {', '.join(sorted(versions))}",
            "bring the members to one version first: no managed failover is possible as they are",
        )


def engine_version(case: Case) -> Iterator[Refusal]:
    """Refuse a major version without being told so, and any step back (trap 15)."""
    wanted = case.environment.database.engine_version
    deployed = {recorded.deployed(case.seen, each, "EngineVersion") for each in case.placed.of(*_CLUSTERS)} - {""}
    for version in sorted(deployed, key=_parts):
        if _parts(version) > _parts(wanted) and not _kept_back(case, version):
            yield Refusal(
                "15",
                f"the file says engine version {wanted}, and {version} is deployed",
                "an engine version does not go back; restore a snapshot into another environment for that",
            )
        elif recorded.major(version) != recorded.major(wanted):
            yield Refusal(
                "15",
                f"from engine version {version} to {wanted}: a major version is raised on the global cluster, all"
                " regions at once, and can't be taken back",
                f"allow it with {MAJOR_UPGRADE}, in a quiet hour, after a snapshot",
                MAJOR_UPGRADE,
            )


def _kept_back(case: Case, version: str) -> bool:
    """Tell whether only the global cluster has that version, which minor versions pass over."""
    same = recorded.major(version) == recorded.major(case.environment.database.engine_version)
    clusters = {recorded.deployed(case.seen, each, "EngineVersion") for each in case.placed.of("database")}
    return same and version not in clusters


def cluster_without_a_stack(case: Case) -> Iterator[Refusal]:
    """Refuse to make a database whose cluster is there already, left by a stack that is gone."""
    members = {member.region: member for member in case.seen.database.members}
    for each in case.placed.of("database"):
        stackset = case.seen.stacksets.get(each.stackset)
        idle = stackset is None or not stackset.operations
        if each.region in members and idle and not dark(case.seen, each) and case.seen.stack_of(each) is None:
            yield Refusal(
                "14",
                f"the cluster {members[each.region].cluster} is in {each.region}, and its stack is not",
                "import the cluster into a stack of the StackSet, or detach and delete it by hand",
            )


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


CHECKS = (
    nobody_knows_who_is_active,
    busy,
    standby_without_an_instance,
    versions_differ,
    engine_version,
    cluster_without_a_stack,
)
