"""Health checks: what Route 53 refuses of them, and what it says of them.

Sources: Route 53 API Reference, "CreateHealthCheck" and "GetHealthCheckStatus"; Route 53 Developer Guide,
"Monitoring a CloudWatch alarm"; CloudFormation Template Reference, AWS::Route53::HealthCheck.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from twin.cloud.resources.services import Parameters, Said, ask, before, elsewhere, here, instead, module
from twin.cloud.resources.types import Attributes, Kind, Made, Properties, add, tags
from twin.cloud.resources.wire import Refused

CHECKERS = ("us-east-1", "us-west-1", "us-west-2", "eu-west-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1",
            "sa-east-1")  # fmt: skip
"""Where Route 53 asks from, unless a check says otherwise."""

Observed = dict[str, tuple[bool, str]]
"""What checkers say, by the region that they ask from; under an empty name what all of them say."""

_FOLLOWED: list[Callable[[str, str], Observed | None]] = []
_LISTS = ("ChildHealthChecks", "Regions")
_CHILDREN = 256
_UNSUPPORTED = "Route 53 does not support "


def offer() -> None:
    """Give the emulator this type."""
    add(Kind("AWS::Route53::HealthCheck", _create, _update, _delete))
    route53 = module("route53")
    if not hasattr(route53, "_parse_health_check_config_before_the_twin"):
        route53._parse_health_check_config_before_the_twin = route53._parse_health_check_config
        route53._parse_health_check_config = _parsed


def follow(source: Callable[[str, str], Observed | None]) -> None:
    """Tell from now on what ``source`` returns for an account and a check, instead of working it out from alarms."""
    _FOLLOWED[:] = [source]


def _parsed(element: Any) -> dict[str, Any]:
    """Return a check's configuration whole: the emulator answers ``True`` for true, and empties lists."""
    read = module("route53")._parse_health_check_config_before_the_twin(element)
    for name in _LISTS:
        found = [each for each in element if each.tag.rpartition("}")[2] == name]
        if found:
            read[name] = [str(each.text) for each in found[0]]
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in read.items()}


def _create(properties: Properties, _name: str) -> Made:
    made = ask(
        "route53",
        "CreateHealthCheck",
        CallerReference=str(uuid.uuid4()),
        HealthCheckConfig=properties["HealthCheckConfig"],
    )
    check = str(made["HealthCheck"]["Id"])
    _tag(check, [], tags(properties, "HealthCheckTags"))
    return check, {"HealthCheckId": check}


def _tag(check: str, old: list[dict[str, str]], new: list[dict[str, str]]) -> None:
    kept = [each for each in new if not each["Key"].startswith("aws:")]
    gone = sorted({each["Key"] for each in old} - {each["Key"] for each in kept})
    changes: dict[str, Any] = {**({"AddTags": kept} if kept else {}), **({"RemoveTagKeys": gone} if gone else {})}
    if changes:
        ask("route53", "ChangeTagsForResource", ResourceType="healthcheck", ResourceId=check, **changes)


def _update(physical: str, old: Properties, new: Properties) -> Attributes:
    fixed = ("Type", "RequestInterval", "MeasureLatency", "RoutingControlArn")
    changed = {name: value for name, value in new["HealthCheckConfig"].items() if name not in fixed}
    ask("route53", "UpdateHealthCheck", HealthCheckId=physical, **changed)
    _tag(physical, tags(old, "HealthCheckTags"), tags(new, "HealthCheckTags"))
    return {"HealthCheckId": physical}


def _delete(physical: str, _properties: Properties) -> None:
    ask("route53", "DeleteHealthCheck", HealthCheckId=physical)


@before("route53", "CreateHealthCheck")
def _can_be_made(parameters: Parameters) -> None:
    config = parameters["HealthCheckConfig"]
    kind = config["Type"]
    if kind == "CLOUDWATCH_METRIC":
        if "AlarmIdentifier" not in config:
            raise Refused("InvalidInput", "a health check of the type CLOUDWATCH_METRIC needs an AlarmIdentifier")
    elif kind == "CALCULATED":
        if "HealthThreshold" not in config:
            raise Refused("InvalidInput", "a health check of the type CALCULATED needs a HealthThreshold")
    elif int(config.get("RequestInterval") or 30) not in (10, 30):
        raise Refused("InvalidInput", "RequestInterval is 10 or 30 seconds")
    _can_be_watched(config)


@before("route53", "UpdateHealthCheck")
def _can_be_changed(parameters: Parameters) -> None:
    _can_be_watched(parameters)


def _can_be_watched(config: Parameters) -> None:
    if "AlarmIdentifier" in config:
        _alarm_fits(str(config["AlarmIdentifier"]["Name"]), str(config["AlarmIdentifier"]["Region"]))
    children = config.get("ChildHealthChecks") or []
    if len(children) > _CHILDREN:
        raise Refused("InvalidInput", f"a calculated health check has at most {_CHILDREN} children")
    for child in children:
        held = module("route53")._health_checks.get(child)
        if held is None:
            raise Refused("InvalidInput", f"the child health check {child} does not exist")
        if held["config"].get("Type") == "CALCULATED":
            raise Refused("InvalidInput", f"the child health check {child} is itself a calculated one")


def _alarm_fits(name: str, region: str) -> None:
    """Refuse an alarm that is not there, or that Route 53 can't follow (trap 33)."""
    with elsewhere(region):
        alarm = module("cloudwatch")._alarms.get(name)
    if alarm is None:
        raise Refused("InvalidInput", f"the CloudWatch alarm {name} does not exist in {region}")
    found = (
        ("metric math", bool(alarm.get("Metrics"))),
        ("extended statistics", bool(alarm.get("ExtendedStatistic"))),
        ("high-resolution metrics", int(alarm.get("Period") or 60) < 60),
        ("M out of N alarms", alarm.get("DatapointsToAlarm") not in (None, alarm.get("EvaluationPeriods"))),
    )
    for what, present in found:
        if present:
            raise Refused("InvalidInput", f"{_UNSUPPORTED}{what}: the alarm {name} in {region} can't be followed")


@instead("route53", "GetHealthCheckStatus")
def _status(parameters: Parameters) -> Said:
    """Say what the checkers saw; of a calculated check it can't be asked (API Reference, "GetHealthCheckStatus")."""
    held = module("route53")._health_checks.get(parameters["HealthCheckId"])
    if held is None:
        wanted = parameters["HealthCheckId"]
        raise Refused("NoSuchHealthCheck", f"No health check exists with the specified ID {wanted}.", 404)
    config = held["config"]
    if config.get("Type") == "CALCULATED":
        raise Refused("InvalidInput", "the status of a calculated health check can't be asked for")
    seen = _observed(parameters["HealthCheckId"])
    every = seen.get("")
    observations = []
    for region in config.get("Regions") or CHECKERS:
        healthy, word = every or seen[region]
        said = f"{'Success' if healthy else 'Failure'}: {word}"
        observations.append({"Region": region, "StatusReport": {"Status": said, "CheckedTime": datetime.now(UTC)}})
    return {"HealthCheckObservations": observations}


def _observed(check: str) -> Observed:
    for source in _FOLLOWED:
        found = source(here()[0], check)
        if found is not None:
            return found
    return {"": (is_healthy(check), "seen by the local cloud")}


def is_healthy(check: str) -> bool:
    """Return what the check says: of an alarm its state, of a calculated one whether enough children are healthy.

    An endpoint is not asked here, and counts as healthy.
    """
    held = module("route53")._health_checks.get(check)
    if held is None:
        return True
    config = held["config"]
    if config.get("Disabled") == "true":
        healthy = True
    elif config["Type"] == "CLOUDWATCH_METRIC":
        healthy = _by_alarm(config)
    elif config["Type"] == "CALCULATED":
        children = config.get("ChildHealthChecks") or []
        healthy = sum(map(is_healthy, children)) >= int(config.get("HealthThreshold", 0))
    else:
        healthy = True
    return healthy is not (config.get("Inverted") == "true")


def _by_alarm(config: Parameters) -> bool:
    with elsewhere(config["AlarmIdentifier"]["Region"]):
        alarm = module("cloudwatch")._alarms.get(config["AlarmIdentifier"]["Name"]) or {}
    state = alarm.get("StateValue", "INSUFFICIENT_DATA")
    if state == "INSUFFICIENT_DATA":
        return bool(config.get("InsufficientDataHealthStatus", "Healthy") != "Unhealthy")
    return bool(state == "OK")
