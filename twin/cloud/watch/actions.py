"""What an alarm does when its state has changed: it publishes to topics, and calls functions.

CloudWatch User Guide, "Alarm actions", "Invoke a Lambda function from an alarm", "Notify users on alarm changes"; an
encrypted topic drops what comes from a service that its key does not let in (trap 72). Actions are of the alarm's
own region (trap 36a).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from twin.cloud.emulator import module
from twin.cloud.journal import JOURNAL
from twin.cloud.policies.evaluation import Question, service_allowed
from twin.cloud.watch import darkness

PUBLISHER = "cloudwatch.amazonaws.com"
INVOKER = "lambda.alarms.cloudwatch.amazonaws.com"
KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
"""What a service needs of a topic's key (SNS Developer Guide, "Enable compatibility between event sources from AWS
services and encrypted topics"; it names ``GenerateDataKey*``)."""

_ASKED = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
Alarm = Mapping[str, Any]


def act(alarm: Alarm, before: str, after: str, reason: str) -> None:
    """Do what the alarm asks for in its new state; what is refused is noted. Called in the alarm's scope."""
    region = str(alarm["AlarmArn"]).split(":")[3]
    if darkness.mode(region) or not alarm.get("ActionsEnabled", True):
        return
    for target in alarm.get(_ASKED[after]) or ():
        service = str(target).split(":")[2]
        if service == "sns":
            refused = refusal(target, PUBLISHER, str(alarm["AlarmArn"]))
            if not refused:
                subject = f'{after}: "{alarm["AlarmName"]}" in {region}'[:100]
                module("services.sns").publish_internal(target, _message(alarm, before, after, reason), subject)
        elif service == "lambda":
            refused = _invoke(target, _event(alarm, before, after, reason), str(alarm["AlarmArn"]))
        else:
            refused = f"the local cloud does not know actions of {service}"
        if refused:
            JOURNAL.note("policy", region, f"{alarm['AlarmName']} can't act", refused, target=target, alarm=after)


def refusal(topic: str, service: str, source: str) -> str:
    """Return why a service, acting for the ARN ``source``, can't publish to a topic; empty when it can."""
    held = module("services.sns")._topics.get(topic)
    if held is None:
        return f"there is no topic {topic}"
    attributes = held["attributes"]
    if not _allowed(attributes.get("Policy") or "", "sns:Publish", topic, service, source):
        return f"the policy of the topic {topic} lets {service} publish nothing"
    key = str(attributes.get("KmsMasterKeyId") or "")
    if not key:
        return ""
    record = module("services.kms")._resolve_key(key)
    if record is None:
        return f"the key {key} of the topic {topic} can't be used by {service}"
    for action in KEY_ACTIONS:
        if not _allowed(record.get("Policy") or "", action, str(record["Arn"]), service, source):
            return f"the key {key} of the topic {topic} does not let {service} use it ({action})"
    return ""


def _allowed(policy: Any, action: str, resource: str, service: str, source: str) -> bool:
    _, _, _, region, account = source.split(":")[:5]
    keys = {"aws:SourceArn": source, "aws:SourceAccount": account, "aws:SourceOwner": account}
    return service_allowed(policy, service, Question(action, resource, region, keys))[0]


def _invoke(target: str, event: dict[str, Any], source: str) -> str:
    functions = module("services.lambda_svc")
    record, config, name = functions._get_func_record_for_ref(target)
    if not record or not config:
        return f"there is no function {name}"
    policy = record.get("policy") or {}
    if not _allowed(policy, "lambda:InvokeFunction", str(config["FunctionArn"]), INVOKER, source):
        return f"the policy of the function {name} does not let {INVOKER} call it"
    functions.invoke_async_with_retry(functions._execution_record_for_config(record, config), event)
    return ""


def _moment() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def _message(alarm: Alarm, before: str, after: str, reason: str) -> str:
    """Return the notification (CloudWatch User Guide, "Amazon SNS notifications")."""
    _, _, _, region, account = str(alarm["AlarmArn"]).split(":")[:5]
    kept = ("MetricName", "Namespace", "Statistic", "Period", "EvaluationPeriods", "ComparisonOperator", "Threshold",
            "TreatMissingData", "Dimensions", "Metrics")  # fmt: skip
    trigger = {name: alarm[name] for name in kept if alarm.get(name) is not None}
    return json.dumps(
        {
            "AlarmName": alarm["AlarmName"],
            "AlarmDescription": alarm.get("AlarmDescription"),
            "AWSAccountId": account,
            "NewStateValue": after,
            "NewStateReason": reason,
            "StateChangeTime": _moment(),
            "Region": region,
            "AlarmArn": alarm["AlarmArn"],
            "OldStateValue": before,
            **({"AlarmRule": alarm["AlarmRule"]} if "AlarmRule" in alarm else {"Trigger": trigger}),
        }
    )


def _event(alarm: Alarm, before: str, after: str, reason: str) -> dict[str, Any]:
    """Return what a function is given (CloudWatch User Guide, "Invoke a Lambda function from an alarm")."""
    _, _, _, region, account = str(alarm["AlarmArn"]).split(":")[:5]
    now = _moment()
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm["AlarmArn"],
        "accountId": account,
        "time": now,
        "region": region,
        "alarmData": {
            "alarmName": alarm["AlarmName"],
            "state": {"value": after, "reason": reason, "timestamp": now},
            "previousState": {"value": before},
            "configuration": {"description": alarm.get("AlarmDescription", ""), **_configured(alarm)},
        },
    }


def _configured(alarm: Alarm) -> dict[str, Any]:
    if "AlarmRule" in alarm:
        return {"alarmRule": alarm["AlarmRule"]}
    if alarm.get("Metrics"):
        return {"metrics": alarm["Metrics"]}
    dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or ()}
    metric = {"namespace": alarm["Namespace"], "name": alarm["MetricName"], "dimensions": dimensions}
    stat = {"metric": metric, "period": alarm.get("Period"), "stat": alarm.get("Statistic")}
    return {"metrics": [{"id": "m1", "metricStat": stat, "returnData": True}]}
