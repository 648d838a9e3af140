"""The steps of a teardown that are no StackSet's: snapshots, replicas, buckets, protections, and a last look.

Each can be carried out again: what is done already is found to be so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from generator.aws.control import Control
from generator.aws.emptying import empty
from generator.aws.errors import code, told
from generator.aws.events import Said
from generator.errors import CloudError
from generator.plan.model import Action
from generator.plan.steps import AssertNoMembers, EmptyBucket, RemoveSecretReplicas, Snapshot, Unprotect

_NO_CLUSTER = "DBClusterNotFoundFault"
_BUSY = "InvalidDBClusterStateFault"
_NO_STACK = "does not exist"
_NOT_AVAILABLE = frozenset({"failed", "incompatible-restore", "incompatible-parameters"})


def undo(action: Action, control: Control) -> str:
    """Carry one step out and return what is to be remembered of it, in words; empty for most.

    Raises CloudError when it can't be done, HaltedError when it was asked to stop.
    """
    return _DOING[type(action)](control, action)


def undoes(action: Action) -> bool:
    """Tell whether the action is one of these steps."""
    return type(action) in _DOING


def _snapshot(control: Control, step: Snapshot) -> str:
    """Take a manual snapshot and wait until it is there; one that is being made already is waited for.

    RDS API Reference, ``CreateDBClusterSnapshot``. A snapshot of an earlier, interrupted run is no reason not to
    take another: somebody may have written since.
    """
    client = control.clouds.client("rds", step.region, step.account)
    with told(step.region, f"taking a snapshot of {step.cluster}"):
        name = _begun(control, client, step)
        if not name:
            control.sink(Said(f"{step.cluster} in {step.region} is gone already: there is nothing to snapshot"))
            return ""
        for wait in control.paces.operations.waits():
            control.halt.wait(wait)
            found = client.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)["DBClusterSnapshots"][0]
            if found["Status"] == "available":
                control.sink(Said(f"snapshot {name} of {step.cluster} is there", "fine"))
                return f"{found.get('DBClusterSnapshotArn', name)}"
            if found["Status"] in _NOT_AVAILABLE:
                break
    raise CloudError(
        f"the snapshot {name} of {step.cluster} in {step.region} is not available",
        hint="nothing of the database was deleted; look at it in the RDS console, and run the command again",
    )


def _begun(control: Control, client: Any, step: Snapshot) -> str:
    """Begin a snapshot, or find one of ours that is being made; return its name, empty without a cluster."""
    for wait in (0.0, *control.paces.busy.waits()):
        control.halt.wait(wait)
        try:
            listed = client.describe_db_cluster_snapshots(DBClusterIdentifier=step.cluster, SnapshotType="manual")[
                "DBClusterSnapshots"
            ]
            making = [
                str(each["DBClusterSnapshotIdentifier"])
                for each in listed
                if each["Status"] == "creating" and each["DBClusterSnapshotIdentifier"].startswith(step.name)
            ]
            if making:
                return making[0]
            name = f"{step.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
            client.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=name, DBClusterIdentifier=step.cluster)
            return name
        except ClientError as error:
            if code(error) == _NO_CLUSTER:
                return ""
            if code(error) != _BUSY:
                raise
    raise CloudError(
        f"{step.cluster} in {step.region} is not available, so no snapshot of it can be taken",
        hint="nothing of the database was deleted; look at it in the RDS console, and run the command again",
    )


def _remove_replicas(control: Control, step: RemoveSecretReplicas) -> str:
    """Take the secret's replicas away and wait until they are gone.

    Secrets Manager API Reference, ``RemoveRegionsFromReplication``.
    """
    client = control.clouds.client("secretsmanager", step.region, step.account)
    with told(step.region, f"removing the replicas of {step.secret}"):
        try:
            there = _replicas(client, step)
            if there:
                client.remove_regions_from_replication(SecretId=step.secret, RemoveReplicaRegions=there)
            for wait in control.paces.settling.waits():
                if not _replicas(client, step):
                    return ""
                control.halt.wait(wait)
        except client.exceptions.ResourceNotFoundException:
            return ""
    raise CloudError(
        f"the secret {step.secret} in {step.region} still has replicas", hint="run the command again in a minute"
    )


def _replicas(client: Any, step: RemoveSecretReplicas) -> list[str]:
    described = client.describe_secret(SecretId=step.secret)
    return [each["Region"] for each in described.get("ReplicationStatus") or [] if each["Region"] in step.replicas]


def _empty(control: Control, step: EmptyBucket) -> str:
    went = empty(control, step.region, step.account, step.bucket)
    control.sink(Said(f"{step.bucket} is empty: {went or 'no'} versions, markers and uploads went"))
    return ""


def _unprotect(control: Control, step: Unprotect) -> str:
    client = control.clouds.client("cloudformation", step.region, step.account)
    with told(step.region, f"taking the termination protection off {step.stack}"):
        try:
            client.update_termination_protection(StackName=step.stack, EnableTerminationProtection=False)
        except ClientError as error:
            if _NO_STACK not in str(error):
                raise
    return ""


def _assert_no_members(control: Control, step: AssertNoMembers) -> str:
    """Raise CloudError when the global cluster still has members: its handler would reach beyond it (trap 96)."""
    client = control.clouds.client("rds", step.region)
    with told(step.region, f"looking at the members of {step.cluster}"):
        try:
            found = client.describe_global_clusters(GlobalClusterIdentifier=step.cluster)["GlobalClusters"]
        except ClientError as error:
            if code(error) == "GlobalClusterNotFoundFault":
                return ""
            raise
    ours = [each for each in found if each["GlobalClusterIdentifier"] == step.cluster]
    members = [each["DBClusterArn"] for one in ours for each in one.get("GlobalClusterMembers", [])]
    if members:
        raise CloudError(
            f"the global cluster {step.cluster} still has members: {', '.join(members)}",
            hint="a cluster of nobody's stack is one of them; detach it, or delete it, then run the command again",
        )
    return ""


_DOING: Mapping[type[Action], Callable[[Control, Any], str]] = {
    Snapshot: _snapshot,
    RemoveSecretReplicas: _remove_replicas,
    EmptyBucket: _empty,
    Unprotect: _unprotect,
    AssertNoMembers: _assert_no_members,
}
