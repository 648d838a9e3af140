"""What is recorded at birth and never derived again, whatever the environment file says later.

After a failover the file may be edited with the roles swapped, or its regions in another order. Neither may
move a create-only property: what an instance was born with is read from its stack's parameters, the origin
from where the global cluster's stack is, and which side of a pair requests from the StackSets' names.
"""

from __future__ import annotations

from dataclasses import replace

from generator import naming, sources
from generator.config import Environment, Region
from generator.placement import Instance
from generator.plan.model import Seen
from generator.plan.states import made, never_made, there
from generator.sources import Placed

_BORN = ("Birth", "SourceRegion")
_REQUEST, _ACCEPT = "peering-request", "peering-accept"


def origin(environment: Environment, seen: Seen) -> str:
    """Return the region where the first writer was created: as deployed, else as the file says."""
    stackset = seen.stacksets.get(f"{naming.STACKSET.of(suffix=environment.suffix)}-global-database")
    return stackset.instances[0].region if stackset and stackset.instances else environment.origin.name


def settled(environment: Environment, seen: Seen) -> Environment:
    """Return the environment with its recorded origin; as it is when that is no data region of the file.

    A file with origin and standby swapped so means the same as before (trap 14): the role is the region's at
    birth.
    """
    recorded = origin(environment, seen)
    region = environment.regions.get(recorded)
    if region is None or region.role != "standby":
        return environment
    roles: dict[str, Region] = {environment.origin.name: _as(environment.origin, "standby")}
    roles[recorded] = _as(region, "origin")
    return environment.model_copy(update={"regions": {**environment.regions, **roles}})


def placed(environment: Environment, seen: Seen) -> Placed:
    """Return the instances: the recorded origin's, with each pair's sides as they are deployed.

    Two regions that change places in the file would otherwise ask for a second peering between the same two
    VPCs, and take the first away.
    """
    by_file = sources.placed(settled(environment, seen))
    turned = {each: _as_deployed(each, seen) for each in by_file.of(_REQUEST, _ACCEPT)}
    if all(each == other for each, other in turned.items()):
        return by_file
    return Placed(by_file.environment, [turned.get(each, each) for each in by_file.instances])


def born_with(environment: Environment, seen: Seen, instance: Instance) -> dict[str, str]:
    """Return the parameters of the instance that are recorded, or follow from who is active at its birth.

    - Birth and SourceRegion of a database that is there: as deployed, both are create-only (trap 76).
    - of one that is not: a standby of the region that is active now, once the global cluster has a writer.
    - EngineVersion of the global cluster: as deployed while the major version stays, because a minor version
      is raised on the clusters only (trap 15).
    """
    if instance.stack == "database":
        return _born_database(seen, instance)
    if instance.stack == "global-database":
        return _kept_version(environment, seen, instance)
    return {}


def major(version: str) -> str:
    """Return the major version of an engine version."""
    return version.split(".", maxsplit=1)[0]


def deployed(seen: Seen, instance: Instance, parameter: str) -> str:
    """Return the parameter's value as deployed; empty when the stack is not there or has no such parameter."""
    stack = seen.stack_of(instance)
    return stack.parameters.get(parameter, "") if stack is not None and not never_made(stack) else ""


def version_from(environment: Environment, seen: Seen, instance: Instance) -> str:
    """Return the engine version that the instance is raised from; empty when it is not raised."""
    now = deployed(seen, instance, "EngineVersion")
    return now if now and now != environment.database.engine_version else ""


def _born_database(seen: Seen, instance: Instance) -> dict[str, str]:
    stack = seen.stack_of(instance)
    if stack is not None and made(stack):
        return {name: stack.parameters[name] for name in _BORN if name in stack.parameters}
    active = seen.database.active
    if active and active != instance.region and not there(seen, instance):
        return {"Birth": "standby", "SourceRegion": active}
    return {}


def _kept_version(environment: Environment, seen: Seen, instance: Instance) -> dict[str, str]:
    now = deployed(seen, instance, "EngineVersion")
    same = now and major(now) == major(environment.database.engine_version)
    return {"EngineVersion": now} if same else {}


def _as_deployed(instance: Instance, seen: Seen) -> Instance:
    if instance.stack not in (_REQUEST, _ACCEPT) or instance.stackset in seen.stacksets:
        return instance
    first, second = (
        (instance.region, instance.partner) if instance.stack == _REQUEST else (instance.partner, instance.region)
    )
    start = instance.stackset.removesuffix(f"-{first}-{second}")
    turned = f"{start}-{second}-{first}"
    other = turned.replace(_ACCEPT, _REQUEST) if instance.stack == _ACCEPT else turned
    if turned not in seen.stacksets and other not in seen.stacksets:
        return instance
    return replace(instance, stackset=turned, region=instance.partner, partner=instance.region)


def _as(region: Region, role: str) -> Region:
    return region.model_copy(update={"role": role})
