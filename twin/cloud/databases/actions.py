"""RDS's two actions that swap the writer, taken over from the emulator, which only changes its records.

Its own checks of what is asked for are kept; what the service refuses besides is added here: a second swap while one
runs, a target without an instance (trap 4), that is being rebuilt, or of another version (trap 5; patch levels are the
service's own affair), and a switchover of a cluster that is not healthy. Sources: those of
:mod:`twin.cloud.databases.swaps`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twin.cloud.databases import records
from twin.cloud.databases.fleet import Fleet
from twin.cloud.databases.standing import Standing
from twin.cloud.databases.swaps import Records, Swap
from twin.cloud.emulator import module

Query = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]

_WRONG_STATE = "InvalidGlobalClusterStateFault"
_WRONG_CLUSTER = "InvalidDBClusterStateFault"


def take_over(fleet: Fleet) -> None:
    """Have both actions do what they say, for clusters that have real databases."""
    rds = module("services.rds")
    for action in ("SwitchoverGlobalCluster", "FailoverGlobalCluster"):
        rds._ACTION_MAP[action] = _taken_over(fleet, rds, action, rds._ACTION_MAP[action])


def _taken_over(fleet: Fleet, rds: Any, action: str, own: Callable[[Query], Answer]) -> Callable[[Query], Answer]:
    def handle(query: Query) -> Answer:
        group = rds._resolve_global_cluster(rds._p(query, "GlobalClusterIdentifier"))
        both = "AllowDataLoss" in query and "Switchover" in query
        if group is None or group["Engine"] != records.ENGINE or (action == "FailoverGlobalCluster" and both):
            return own(query)
        resolved, refused = rds._resolve_global_writer_switch(query)
        running = group.get("FailoverState")
        if running:
            towards = running["ToDbClusterArn"]
            said = f"Global cluster {group['GlobalClusterIdentifier']} is {group['Status']} to {towards}"
            return _refused(rds, _WRONG_STATE, said)
        if refused:
            return refused  # type: ignore[no-any-return]
        lossy = action == "FailoverGlobalCluster" and str(rds._p(query, "AllowDataLoss")).lower() == "true"
        _, target, member, writer = resolved
        old, new = _standing(fleet, rds, writer), _standing(fleet, rds, member)
        if old is None or new is None:
            return _refused(rds, _WRONG_CLUSTER, f"{target['DBClusterIdentifier']} has no DB instance to be promoted")
        unfit = _unfit(old, new, lossy=lossy)
        if unfit:
            return _refused(rds, *unfit)
        group["Status"] = "failing-over" if lossy else "switching-over"
        Swap(fleet, old, new, lossy, _records(group, old, new, lossy=lossy)).begin()
        said = f"<{action}Result><GlobalCluster>{rds._global_cluster_xml(group)}</GlobalCluster></{action}Result>"
        answer: Answer = rds._xml(200, f"{action}Response", said)
        return answer

    return handle


def _unfit(old: Standing, new: Standing, *, lossy: bool) -> tuple[str, str] | None:
    """Return the fault and its message for what can be told at once; the rest is verified while it is pending."""
    versions = [each.cluster.engine_version.split(".")[:2] for each in (old, new)]
    if versions[0] != versions[1]:
        said = ", ".join(f"{each.cluster.name} has {each.cluster.engine_version}" for each in (old, new))
        return _WRONG_STATE, f"the engine versions differ: {said}"
    if new.strayed:
        return _WRONG_CLUSTER, f"{new.cluster.name} is being synchronized with the primary cluster"
    for each in (new,) if lossy else (new, old):
        if each.server.state != "running":
            return _WRONG_CLUSTER, f"DB cluster {each.cluster.name} is not in the available state"
    return None


def _records(group: dict[str, Any], old: Standing, new: Standing, *, lossy: bool) -> Records:
    def state(status: str) -> None:
        if status:
            arns = {"FromDbClusterArn": old.cluster.arn, "ToDbClusterArn": new.cluster.arn}
            group["FailoverState"] = {"Status": status, **arns, "IsDataLossAllowed": lossy}
        else:
            group["Status"] = "available"
            group.pop("FailoverState", None)

    def made(standing: Standing) -> None:
        records.make_writer(standing.cluster)
        records.synchronise(standing.cluster, "connected")

    return Records(state, made, lambda standing, status: records.show(standing.cluster, status))


def _standing(fleet: Fleet, rds: Any, member: dict[str, Any]) -> Standing | None:
    spec, _, name = rds._parse_rds_arn(member["DBClusterArn"])
    return fleet.find((spec.account_id, spec.region, name))


def _refused(rds: Any, code: str, message: str) -> Answer:
    answer: Answer = rds._error(code, message, 400)
    return answer
