"""CloudWatch's alarms, single and composite, and what it refuses of their actions.

Sources: CloudWatch API Reference, "PutMetricAlarm" and "PutCompositeAlarm"; CloudFormation Template Reference,
AWS::CloudWatch::Alarm and AWS::CloudWatch::CompositeAlarm.
"""

from __future__ import annotations

from typing import Any

from twin.cloud.resources.services import Parameters, Said, after, ask, before, here, module
from twin.cloud.resources.types import Attributes, Kind, Made, Properties, add
from twin.cloud.resources.wire import Refused

_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def offer() -> None:
    """Give the emulator these types."""
    add(Kind("AWS::CloudWatch::Alarm", _alarm, _alarm_changed, _removed))
    add(Kind("AWS::CloudWatch::CompositeAlarm", _composite, _composite_changed, _removed))


def _alarm(properties: Properties, name: str) -> Made:
    return _put("PutMetricAlarm", {"AlarmName": name, **properties})


def _alarm_changed(physical: str, old: Properties, new: Properties) -> Attributes:
    return _changed("PutMetricAlarm", physical, old, new)


def _composite(properties: Properties, name: str) -> Made:
    return _put("PutCompositeAlarm", {"AlarmName": name, **properties})


def _composite_changed(physical: str, old: Properties, new: Properties) -> Attributes:
    return _changed("PutCompositeAlarm", physical, old, new)


def _put(operation: str, properties: Properties) -> Made:
    name = str(properties["AlarmName"])
    cloudwatch = module("cloudwatch")
    if name in cloudwatch._alarms or name in cloudwatch._composite_alarms:
        raise Refused("AlreadyExists", f"{name} already exists")
    account, region = here()
    ask("cloudwatch", operation, **_untagged(properties))
    arn = f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"
    _tag(arn, {}, properties)
    return name, {"Arn": arn}


def _changed(operation: str, physical: str, old: Properties, new: Properties) -> Attributes:
    account, region = here()
    ask("cloudwatch", operation, **{"AlarmName": physical, **_untagged(new)})
    arn = f"arn:aws:cloudwatch:{region}:{account}:alarm:{physical}"
    _tag(arn, old, new)
    return {"Arn": arn}


def _untagged(properties: Properties) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name != "Tags"}


def _tag(arn: str, old: Properties, new: Properties) -> None:
    """Write the tags, those of CloudFormation's own included, which its service role may set."""
    module("cloudwatch")._resource_tags[arn] = {
        **{
            key: value
            for key, value in (module("cloudwatch")._resource_tags.get(arn) or {}).items()
            if key not in {each["Key"] for each in old.get("Tags") or ()}
        },
        **{each["Key"]: str(each["Value"]) for each in new.get("Tags") or ()},
    }


def _removed(physical: str, _properties: Properties) -> None:
    account, region = here()
    ask("cloudwatch", "DeleteAlarms", AlarmNames=[physical])
    module("cloudwatch")._resource_tags.pop(f"arn:aws:cloudwatch:{region}:{account}:alarm:{physical}", None)


@before("cloudwatch", "PutMetricAlarm", "PutCompositeAlarm")
def _actions_are_of_this_region(parameters: Parameters) -> None:
    """Refuse an action of another region (trap 36a)."""
    _, region = here()
    for action in (action for name in _ACTIONS for action in parameters.get(name) or ()):
        parts = str(action).split(":")
        if len(parts) < 6 or parts[0] != "arn":
            raise Refused("ValidationError", f"Invalid arn syntax: {action}")
        if parts[3] not in ("", region):
            raise Refused("ValidationError", f"Invalid region {parts[3]} specified. Only {region} is supported.")


@after("cloudwatch", "PutMetricAlarm")
def _keep_metric_math(parameters: Parameters, _said: Said) -> None:
    module("cloudwatch")._alarms[parameters["AlarmName"]]["Metrics"] = list(parameters.get("Metrics") or ())


@after("cloudwatch", "DescribeAlarms")
def _show_metric_math(_parameters: Parameters, said: Said) -> None:
    """Show the metrics of an alarm on an expression: the emulator keeps alarms on one metric only."""
    for each in said.get("MetricAlarms", ()):
        metrics = (module("cloudwatch")._alarms.get(each["AlarmName"]) or {}).get("Metrics")
        if metrics:
            each["Metrics"] = metrics
            for name in ("MetricName", "Namespace", "Statistic", "Period", "Dimensions"):
                each.pop(name, None)
