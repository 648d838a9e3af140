"""The resource types and the actions that the local cloud adds to the emulator, and what it refuses as AWS does.

- :mod:`twin.cloud.resources.wire`         AWS's wire formats, from botocore's models
- :mod:`twin.cloud.resources.services`     services asked from inside, and taught what they lack
- :mod:`twin.cloud.resources.schemas`      CloudFormation's own schemas of resource types
- :mod:`twin.cloud.resources.types`        a resource type as what it does to its service
- :mod:`twin.cloud.resources.firewalls`    rules of security groups
- :mod:`twin.cloud.resources.network_acls` network ACLs, their entries and subnets
- :mod:`twin.cloud.resources.ec2_tags`     tags of EC2's resources
- :mod:`twin.cloud.resources.connections`  flow logs, peering between regions
- :mod:`twin.cloud.resources.health`       health checks
- :mod:`twin.cloud.resources.zones`        hosted zones
- :mod:`twin.cloud.resources.records`      groups of records, and the rules of a zone
- :mod:`twin.cloud.resources.alarms`       alarms, single and composite
- :mod:`twin.cloud.resources.backups`      what a backup plan backs up
- :mod:`twin.cloud.resources.keys`         whether a key can be used
- :mod:`twin.cloud.resources.buckets`      buckets and their policies
- :mod:`twin.cloud.resources.replicated_secrets`  secrets and their replicas
- :mod:`twin.cloud.resources.clusters`     Aurora's clusters, alone and in a global database
- :mod:`twin.cloud.resources.memberships`  what RDS refuses of clusters
- :mod:`twin.cloud.resources.instances`    their instances
- :mod:`twin.cloud.resources.global_clusters`  what clusters of several regions join
- :mod:`twin.cloud.resources.subscriptions`    subscriptions to RDS's events
- :mod:`twin.cloud.resources.completions`  what the emulator's own handlers leave out
- :mod:`twin.cloud.resources.conditions`   conditions on the account and the region
- :mod:`twin.cloud.resources.collisions`   names that are taken
- :mod:`twin.cloud.resources.identifiers`  parameters that name what must be there
- :mod:`twin.cloud.resources.runtimes`     what Lambda refuses of a function
- :mod:`twin.cloud.resources.dependencies` what can't go while something stands on it

What is still missing is in :mod:`twin.cloud.gaps`.
"""

from __future__ import annotations

from twin.cloud.resources import (
    alarms,
    backups,
    buckets,
    clusters,
    completions,
    conditions,
    connections,
    dependencies,
    firewalls,
    global_clusters,
    health,
    identifiers,
    instances,
    network_acls,
    records,
    replicated_secrets,
    runtimes,
    services,
    subscriptions,
    types,
    zones,
)

_FAMILIES = (
    alarms,
    backups,
    buckets,
    clusters,
    completions,
    conditions,
    connections,
    dependencies,
    firewalls,
    global_clusters,
    health,
    identifiers,
    instances,
    network_acls,
    records,
    replicated_secrets,
    runtimes,
    subscriptions,
    zones,
)


def install() -> None:
    """Add all of it to the emulator in this process, before it serves; a second time changes nothing."""
    for family in _FAMILIES:
        family.offer()
    services.teach()
    types.check_all()
