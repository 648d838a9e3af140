"""A state machine's own calls, checked against its role: the emulator makes them inside, as nobody (trap 68).

What Step Functions calls a denial depends on the integration. Seen in issues of users of AWS and in the exceptions of
the SDK for Java, whose names they are: ``Lambda.AWSLambdaException``, ``DynamoDB.AmazonDynamoDBException``,
``SNS.AuthorizationErrorException`` (Step Functions Developer Guide, "Handling errors in Step Functions workflows").
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from twin.cloud import emulator
from twin.cloud.emulator import module
from twin.cloud.policies.acting import Deputy, Refusal, refusal
from twin.cloud.policies.calls import Call, item_call, publish_call

SERVICE = "states.amazonaws.com"
_ERRORS = {
    "lambda": "Lambda.AWSLambdaException",
    "dynamodb": "DynamoDB.AmazonDynamoDBException",
    "sns": "SNS.AuthorizationErrorException",
}
_KEY_DENIED = "SNS.KMSAccessDeniedException"
_SERVICES = {
    "lambda": "AWSLambda; Status Code: 403; Error Code: AccessDeniedException",
    "dynamodb": "AmazonDynamoDBv2; Status Code: 400; Error Code: AccessDeniedException",
    "sns": "AmazonSNS; Status Code: 403; Error Code: AuthorizationError",
}
_CODE = re.compile(r"<Code>(.*?)</Code>")
_OPTIMIZED = re.compile(r"arn:aws:states:::(?P<service>lambda|dynamodb|sns):(?P<name>\w+)")
_SDK = re.compile(r"arn:aws:states:::aws-sdk:(?P<service>\w+):(?P<name>\w+)")
_RUNNING: ContextVar[Deputy | None] = ContextVar("the state machine that runs", default=None)


def install() -> None:
    """Have every call of a state machine be made as its role, and name the errors of SNS as Step Functions does."""
    machines = module("services.stepfunctions")
    machines._execute_task = _as_its_role(machines, machines._execute_task)
    machines._invoke_resource = _checked(machines, machines._invoke_resource)
    machines._invoke_with_callback = _checked(machines, machines._invoke_with_callback)
    publish = "arn:aws:states:::sns:publish"
    machines._SERVICE_DISPATCH[publish] = _with_real_names(machines, machines._SERVICE_DISPATCH[publish])


def _as_its_role(machines: Any, execute: Callable[..., Any]) -> Callable[..., Any]:
    def executed(state: dict[str, Any], given: Any, execution: dict[str, Any], context: dict[str, Any]) -> Any:
        machine = str(execution["stateMachineArn"])
        role = str((machines._state_machines.get(machine) or {}).get("roleArn", ""))
        token = _RUNNING.set(Deputy(SERVICE, role, machine))
        try:
            return execute(_bounded(machines, state, given), given, execution, context)
        finally:
            _RUNNING.reset(token)

    return executed


def _bounded(machines: Any, state: dict[str, Any], given: Any) -> dict[str, Any]:
    """Return the state with its limit in seconds, which the emulator does not read from a path."""
    path = state.get("TimeoutSecondsPath")
    return {**state, "TimeoutSeconds": machines._resolve_path(path, given)} if path else state


def _checked(machines: Any, invoke: Callable[..., Any]) -> Callable[..., Any]:
    def invoked(resource: str, given: Any, *rest: Any) -> Any:
        running = _RUNNING.get()
        if running is not None:
            call = _asked(machines, running, resource, given if isinstance(given, dict) else {})
            found = refusal(running, call)
            if found is not None:
                raise machines._ExecutionError(_error(machines, resource, call, found), _cause(running, call, found))
        return invoke(resource, given, *rest)

    return invoked


def _asked(machines: Any, running: Deputy, resource: str, given: Mapping[str, Any]) -> Call:
    """Return what a task asks for; a call without an action when it is not known, which nobody may make."""
    region, account = running.source.split(":")[3:5]
    sdk, optimized = _SDK.match(resource), _OPTIMIZED.match(resource)
    if sdk:
        return _asked_of_sdk(machines, sdk["service"].lower(), sdk["name"], given, (account, region))
    service = optimized["service"] if optimized else resource.split(":")[2]
    if service == "lambda":
        function = str(given.get("FunctionName", "")) if optimized else resource
        arn = function if function.startswith("arn:") else f"arn:aws:lambda:{region}:{account}:function:{function}"
        return Call("lambda", "lambda:InvokeFunction", arn, region)
    if optimized and service == "dynamodb":
        return item_call(f"dynamodb:{_capital(optimized['name'])}", account, region, given)
    if optimized and service == "sns":
        return publish_call(str(given.get("TopicArn", "")), account, region)
    return Call("states", "", resource, region)


def _asked_of_sdk(machines: Any, service: str, name: str, given: Mapping[str, Any], place: tuple[str, str]) -> Call:
    """Return what a call of the SDK asks for; those of JSON services are known here."""
    known, (account, region), action = machines._AWS_SDK_SERVICE_MAP.get(service) or {}, place, _capital(name)
    if known.get("protocol") != "json":
        return Call(service, "", "*", region)
    key, actions = known.get("service_key", service), module("core.iam_actions")
    if key == "dynamodb":
        return item_call(f"dynamodb:{action}", account, region, given)
    headers = {"x-amz-target": f"{known['target_prefix']}.{action}"}
    with emulator.scope(account, region):
        body = json.dumps(machines._sdk_json_params(known, key, action, dict(given))).encode()
        right = actions.extract_iam_action(key, "POST", "/", headers, body, {}) or ""
        arn = actions.extract_resource_arn(key, "POST", "/", headers, body, {}, region, account)
    return Call(key, right, arn, region)


def _error(machines: Any, resource: str, call: Call, found: Refusal) -> str:
    """Return the name of the error that a denial comes out with."""
    if not call.action:
        return "States.Runtime"
    sdk = _SDK.match(resource)
    if sdk:
        prefix = machines._AWS_SDK_ERROR_PREFIX.get(sdk["service"].lower(), sdk["service"].capitalize())
        return f"{prefix}.{prefix}Exception"
    return _KEY_DENIED if found.action.startswith("kms:") else _ERRORS[call.service]


def _cause(running: Deputy, call: Call, found: Refusal) -> str:
    account, role = running.role.split(":")[4], running.role.rpartition("/")[2]
    who = f"arn:aws:sts::{account}:assumed-role/{role}/{running.source.rpartition(':')[2]}"
    about = f"User: {who} is not authorized to perform: {found.action} on resource: {found.resource}"
    service = _SERVICES.get(call.service, f"{call.service}; Error Code: AccessDeniedException")
    return f"{about}, {found.reason} (Service: {service})"


def _with_real_names(machines: Any, publish: Callable[..., Any]) -> Callable[..., Any]:
    def published(resource: str, given: Any) -> Any:
        try:
            return publish(resource, given)
        except machines._ExecutionError as error:
            code = _CODE.search(error.cause or "")
            name = code[1] if code else "AmazonSNS"
            raise machines._ExecutionError(f"SNS.{name.removesuffix('Exception')}Exception", error.cause) from error

    return published


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
