"""Ways to spoil a deployed environment as a careless hand would: in its functions, its definition, its DNS, its rights.

Each is a function of the stage. It changes what is deployed, with an administrator's calls, and nothing of the twin.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from functools import partial
from typing import Any

from generator.naming import FENCE_ROLE, STATE_MACHINE, function
from twin.drill.stage import Stage

Spoil = Callable[[Stage], None]


def code(name: str, file: str, old: str, new: str, place: str = "standby") -> Spoil:
    """Return what replaces a passage in the package of a region's function."""
    return partial(_code, name=name, file=file, old=old, new=new, place=place)


def _code(stage: Stage, *, name: str, file: str, old: str, new: str, place: str) -> None:
    region = stage.region(place)
    functions = stage.clouds.client("lambda", region)
    named = function(name).of(suffix=stage.environment.suffix, region=region)
    kept = next(each for each in _packages(stage, region) if f"{name.replace('_', '-')}" in each or name in each)
    bucket, _, key = kept.partition("/")
    body = stage.clouds.client("s3", region).get_object(Bucket=bucket, Key=key)["Body"].read()
    functions.update_function_code(FunctionName=named, ZipFile=_replaced(body, file, old, new))


def _packages(stage: Stage, region: str) -> list[str]:
    from generator.naming import CODE_BUCKET

    account = stage.environment.accounts.workload
    bucket = CODE_BUCKET.of(suffix=stage.environment.suffix, region=region, account=account)
    listed = stage.clouds.client("s3", region).list_objects_v2(Bucket=bucket).get("Contents", [])
    return [f"{bucket}/{each['Key']}" for each in listed]


def _replaced(body: bytes, file: str, old: str, new: str) -> bytes:
    """Return a package with a passage of one file replaced; it has to be there."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as before, zipfile.ZipFile(written, "w") as after:
        for each in before.infolist():
            content = before.read(each)
            if each.filename == file:
                text = content.decode()
                assert old in text, f"{file} holds no {old!r}"
                content = text.replace(old, new).encode()
            after.writestr(each, content)
    return written.getvalue()


def no_marker(stage: Stage) -> None:
    """Have the state machine pass over the superseded marker, and ``notice`` not write it afterwards either."""
    owed = "list(rejoin.unmarked(snapshot, now_ms))"
    _code(stage, name="notice", file="unfencing.py", old=owed, new="[]", place="standby")
    region = stage.region("standby")
    machines = stage.clouds.client("stepfunctions", region)
    name = STATE_MACHINE.of(suffix=stage.environment.suffix, region=region)
    arn = f"arn:aws:states:{region}:{stage.environment.accounts.workload}:stateMachine:{name}"
    definition = json.loads(machines.describe_state_machine(stateMachineArn=arn)["definition"])
    following = definition["States"]["Mark"]["Next"]
    definition["States"]["Mark"] = {"Type": "Pass", "Next": following}
    machines.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))


def no_right_to_fence(stage: Stage) -> None:
    """Take the right to assume the partner's fence role away."""
    stage.knobs.ask("PUT", "policies/revoke", {"role": "*-recovery", "action": "sts:AssumeRole"})


def standby_is_home(stage: Stage) -> None:
    """Make the standby PRIMARY, as a runbook does that moves DNS first."""
    zones = stage.clouds.client("route53", stage.environment.dns_region)
    zone = _zone(stage, zones)
    changes = []
    for each in zones.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]:
        if "Failover" in each:
            other = {"PRIMARY": "SECONDARY", "SECONDARY": "PRIMARY"}[each["Failover"]]
            changes += [
                {"Action": "DELETE", "ResourceRecordSet": each},
                {"Action": "CREATE", "ResourceRecordSet": {**each, "Failover": other}},
            ]
    ordered = sorted(changes, key=lambda each: str(each["Action"]), reverse=True)
    zones.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": ordered})


def _zone(stage: Stage, zones: Any) -> str:
    found = zones.list_hosted_zones_by_name(DNSName=stage.environment.dns.domain)["HostedZones"]
    return str(found[0]["Id"])


def last_known_status(stage: Stage) -> None:
    """Leave ``InsufficientDataHealthStatus`` of the proofs at its default."""
    zones = stage.clouds.client("route53", stage.environment.dns_region)
    for each in zones.list_health_checks()["HealthChecks"]:
        config = each["HealthCheckConfig"]
        if config.get("InsufficientDataHealthStatus") == "Unhealthy":
            zones.update_health_check(HealthCheckId=each["Id"], InsufficientDataHealthStatus="LastKnownStatus")


REVOKE = """
        named = [{"Name": "group-name", "Values": ["*database*"]}]
        groups = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
        for group in groups:
            if group["IpPermissions"]:
                ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
        return ""
"""


def fence_by_revoking(stage: Stage) -> None:
    """Have the fence revoke the rules of the database's security group, and nothing else (trap 49b)."""
    _code(
        stage,
        name="fence",
        file="fence.py",
        old="        if wanted == FENCED:\n",
        new=f"{REVOKE.lstrip(chr(10))}        if wanted == FENCED:\n",
        place="standby",
    )
    suffix = stage.environment.suffix
    may = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
    for region in stage.places.values():
        stage.clouds.client("iam", region).put_role_policy(
            RoleName=FENCE_ROLE.of(suffix=suffix, region=region),
            PolicyName="careless",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]}),
        )
