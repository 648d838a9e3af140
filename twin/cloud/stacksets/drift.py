"""Drift of a StackSet: that of the stacks of its instances, as the emulator finds it.

User Guide, "Performing drift detection on CloudFormation StackSets": a StackSet has drifted when one instance has.
"""

from __future__ import annotations

from typing import Any

from twin.cloud import emulator
from twin.cloud.stacksets.model import Instance, Operation, StackSet, now
from twin.cloud.stacksets.work import WorkError

_KEYS = ("StackId", "LogicalResourceId", "PhysicalResourceId", "ResourceType", "StackResourceDriftStatus", "Timestamp")


def look(instance: Instance) -> None:
    """Compare the instance's stack with its template. Raises :class:`WorkError`."""
    answer = emulator.ask(instance.account, instance.region, "DetectStackDrift", {"StackName": instance.stack})
    if answer.code:
        raise WorkError(answer.message)
    found = emulator.stack(instance.account, instance.region, instance.stack) or {}
    instance.drift = found["DriftInformation"]["StackDriftStatus"]
    instance.drift_checked = now()


def details(stackset: StackSet, operation: Operation) -> dict[str, Any]:
    """Return the details of a drift operation, as DescribeStackSet and DescribeStackSetOperation show them."""
    results = list(operation.results.values())
    looked = [stackset.instances[place] for place, each in operation.results.items() if each.status == "SUCCEEDED"]
    drifted = sum(1 for each in looked if each.drift == "DRIFTED")
    failed = sum(1 for each in results if each.status in ("FAILED", "CANCELLED"))
    return {
        "DriftStatus": "DRIFTED" if drifted else "IN_SYNC" if looked else "NOT_CHECKED",
        "DriftDetectionStatus": _status(operation, failed),
        "LastDriftCheckTimestamp": operation.ended or now(),
        "TotalStackInstancesCount": len(results),
        "DriftedStackInstancesCount": drifted,
        "InSyncStackInstancesCount": sum(1 for each in looked if each.drift == "IN_SYNC"),
        "InProgressStackInstancesCount": sum(1 for each in results if each.status in ("PENDING", "RUNNING")),
        "FailedStackInstancesCount": failed,
    }


def resources(instance: Instance) -> list[dict[str, Any]]:
    """Return what the last look found of each resource of the instance's stack."""
    found = emulator.stack(instance.account, instance.region, instance.stack) or {}
    seen = [each["_drift"] for each in found.get("_resources", {}).values() if each.get("_drift")]
    return [
        {
            **{key: each[key] for key in _KEYS if each.get(key)},
            "PropertyDifferences": [dict(difference) for difference in each.get("PropertyDifferences", ())],
        }
        for each in seen
    ]


def _status(operation: Operation, failed: int) -> str:
    if not operation.over:
        return "IN_PROGRESS"
    if operation.status == "SUCCEEDED":
        return "PARTIAL_SUCCESS" if failed else "COMPLETED"
    return operation.status
