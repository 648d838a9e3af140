"""What the emulator's own handlers leave out of a resource, put in after they have made or changed it.

Sources: CloudFormation Template Reference, AWS::DynamoDB::Table, AWS::SNS::Topic, AWS::Lambda::Function,
AWS::StepFunctions::StateMachine, AWS::ApiGateway::RestApi and AWS::EC2::VPCEndpoint.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import provisioners

from twin.cloud.resources.services import Parameters, Said, after, ask, module
from twin.cloud.resources.types import HandlerError, Made, Properties, truth
from twin.cloud.resources.wire import Refused

_OURS = "_completed_by_the_twin"
Complete = Callable[[str, Properties, Properties], None]


def offer() -> None:
    """Complete these types; a second time changes nothing."""
    for kind, complete in _COMPLETIONS.items():
        handlers = provisioners._RESOURCE_HANDLERS[kind]
        if not handlers.get(_OURS):
            _complete(handlers, complete)
            handlers[_OURS] = True


def _complete(handlers: dict[str, Any], complete: Complete) -> None:
    create, update = handlers["create"], handlers["update"]

    def created(logical_id: str, properties: Properties, stack_name: str) -> Made:
        made: Made = create(logical_id, properties, stack_name)
        _told(complete, made[0], {}, properties)
        return made

    def updated(physical: str, old: Properties, new: Properties, *rest: Any) -> Made:
        made: Made = update(physical, old, new, *rest)
        _told(complete, made[0], old if made[0] == physical else {}, new)
        return made

    handlers.update(create=created, update=updated)


def _told(complete: Complete, physical: str, old: Properties, new: Properties) -> None:
    try:
        complete(physical, old, new)
    except Refused as refused:
        raise HandlerError(str(refused)) from refused


def _table(physical: str, old: Properties, new: Properties) -> None:
    ttl, recovery = new.get("TimeToLiveSpecification"), new.get("PointInTimeRecoverySpecification")
    if ttl and ttl != old.get("TimeToLiveSpecification"):
        ask("dynamodb", "UpdateTimeToLive", TableName=physical, TimeToLiveSpecification=ttl)
    if recovery and recovery != old.get("PointInTimeRecoverySpecification"):
        ask(
            "dynamodb",
            "UpdateContinuousBackups",
            TableName=physical,
            PointInTimeRecoverySpecification=recovery,
        )


def _topic(physical: str, old: Properties, new: Properties) -> None:
    key = new.get("KmsMasterKeyId", "")
    if key != old.get("KmsMasterKeyId", ""):
        ask("sns", "SetTopicAttributes", TopicArn=physical, AttributeName="KmsMasterKeyId", AttributeValue=key)


def _function(physical: str, _old: Properties, new: Properties) -> None:
    service = module("lambda")
    service._functions[physical]["config"]["VpcConfig"] = service._vpc_config_with_id(new.get("VpcConfig"))


def _machine(physical: str, _old: Properties, new: Properties) -> None:
    held = module("stepfunctions")._state_machines[physical]
    held["loggingConfiguration"] = lowered(new.get("LoggingConfiguration", {"Level": "OFF"}))
    held["_tracing"] = truth((new.get("TracingConfiguration") or {}).get("Enabled", False))


def _api(physical: str, _old: Properties, new: Properties) -> None:
    if "EndpointConfiguration" in new:
        module("apigateway")._rest_apis[physical]["endpointConfiguration"] = lowered(new["EndpointConfiguration"])


def lowered(value: Any) -> Any:
    """Return nested dictionaries whose keys begin with small letters, as some services write them."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: lowered(each) for name, each in value.items()}
    return [lowered(each) for each in value] if isinstance(value, list) else value


_COMPLETIONS: dict[str, Complete] = {
    "AWS::ApiGateway::RestApi": _api,
    "AWS::DynamoDB::Table": _table,
    "AWS::Lambda::Function": _function,
    "AWS::SNS::Topic": _topic,
    "AWS::StepFunctions::StateMachine": _machine,
}


@after("stepfunctions", "DescribeStateMachine")
def _traced(_parameters: Parameters, said: Said) -> None:
    held = module("stepfunctions")._state_machines.get(said["stateMachineArn"]) or {}
    said["tracingConfiguration"] = {"enabled": held.get("_tracing", False)}


@after("ec2", "DescribeVpcEndpoints")
def _whole_endpoints(_parameters: Parameters, said: Said) -> None:
    """Add what the emulator keeps of an endpoint and does not tell."""
    ec2 = module("ec2")
    for each in said["VpcEndpoints"]:
        held = ec2._vpc_endpoints[each["VpcEndpointId"]]
        policy = held.get("PolicyDocument")
        groups = held.get("SecurityGroupIds") or ()
        each["PrivateDnsEnabled"] = truth(held.get("PrivateDnsEnabled", False))
        each["Groups"] = [
            {"GroupId": group, "GroupName": (ec2._security_groups.get(group) or {}).get("GroupName", "")}
            for group in groups
        ]
        if policy:
            each["PolicyDocument"] = policy if isinstance(policy, str) else json.dumps(policy)
