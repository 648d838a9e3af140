"""What the emulator's API Gateway lacks for the proof's endpoint: an ``AWS`` integration with DynamoDB, and the policy.

API Gateway Developer Guide, "Integrations for REST APIs in API Gateway", "API Gateway resource policies" and
"Variables for data transformations for API Gateway" (:mod:`twin.cloud.watch.templates`). The call to DynamoDB is made
for the account that the API is in, and not checked against the integration's role.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from twin.cloud.emulator import module, scope
from twin.cloud.policies.acting import API_GATEWAY, Deputy, item_refusal
from twin.cloud.watch.checkers import HEADER
from twin.cloud.watch.evaluation import UnsupportedError
from twin.cloud.watch.templates import render

Answer = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Have the emulator ask a REST API's policy, and carry out integrations with DynamoDB."""
    gateway = module("services.apigateway_v1")
    execute, invoke = gateway._execute_in_scope, gateway._invoke_lambda_custom_v1

    async def executed(request: dict[str, Any], api: str, stage: str, *rest: Any) -> Any:
        method, path, headers, *_ = rest
        if not _may_ask(gateway, api, f"{stage}/{method}/{path.strip('/')}", dict(headers or {})):
            said = {"Content-Type": "application/json", "x-amzn-ErrorType": "AccessDeniedException"}
            return 403, said, b'{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke"}'
        return await execute(request, api, stage, *rest)

    async def invoked(integration: dict[str, Any], *rest: Any, **more: Any) -> Any:
        found = gateway._parse_service_integration_uri(integration.get("uri", ""))
        if found is None or found[1:3] != ("dynamodb", "action"):
            return await invoke(integration, *rest, **more)
        place = (str(more["owner_account_id"]), str(found[0]))
        return await _query(gateway, integration, place, str(found[3]), module("services.dynamodb").handle_request)

    def owner(api: str) -> tuple[str, str] | None:
        places = (key[:2] for key, _ in gateway._rest_apis.all_items() if key[2] == api)
        return next(places, None)

    gateway._execute_in_scope, gateway._invoke_lambda_custom_v1 = executed, invoked
    gateway.find_api_scope = owner  # a request that nobody signed is of no account: the id alone says whose API it is


def _may_ask(gateway: Any, api: str, path: str, headers: Mapping[str, str]) -> bool:
    """Tell whether the API's policy, if it has one, lets the caller's address in."""
    policy = (gateway._rest_apis.get(api) or {}).get("policy")
    if not policy:
        return True
    responses, evaluator = module("core.responses"), module("core.iam_evaluator")
    account, region = responses.get_account_id(), responses.get_region()
    base = f"arn:aws:execute-api:{region}:{account}:{api}/"
    read = json.loads(policy) if isinstance(policy, str) else policy
    statements = [{**each, "Resource": _whole(each.get("Resource"), base)} for each in read.get("Statement", ())]
    context = evaluator.EvalContext(
        principal_arn="*",
        principal_type="Anonymous",
        principal_account="",
        action="execute-api:Invoke",
        resource_arn=base + path,
        region=region,
        source_ip=headers.get(HEADER) or responses.get_request_client_ip(),
    )
    said = evaluator.evaluate_resource_policy({**read, "Statement": statements}, context)
    return bool(said.decision == "Allow")


def _whole(resources: Any, base: str) -> list[str]:
    """Return resources with the short form ``execute-api:/stage/METHOD/path`` written out."""
    listed = [resources] if isinstance(resources, str) else list(resources or ())
    return [base + each.removeprefix("execute-api:/") if each.startswith("execute-api:/") else each for each in listed]


def _deputy(integration: Mapping[str, Any], place: tuple[str, str]) -> Deputy:
    """Return API Gateway, as it acts with the integration's role."""
    account, region = place
    return Deputy(API_GATEWAY, str(integration.get("credentials") or ""), f"arn:aws:execute-api:{region}:{account}:*")


async def _query(
    gateway: Any,
    integration: Mapping[str, Any],
    place: tuple[str, str],
    action: str,
    ask: Callable[..., Awaitable[Answer]],
) -> Answer:
    context = {"requestTimeEpoch": int(time.time() * 1000)}
    try:
        wanted, _ = render((integration.get("requestTemplates") or {})["application/json"], "", context)
        headers = {"x-amz-target": f"DynamoDB_20120810.{action}", "content-type": "application/x-amz-json-1.0"}
        status, body = 400, b"{}"
        if not item_refusal(_deputy(integration, place), action, *place, wanted):
            with scope(*place):
                status, _, body = await ask("POST", "/", headers, wanted.encode(), {})
        chosen = gateway._select_service_integration_response(integration, status)
        if chosen is None:
            raise UnsupportedError(f"no integration response for {status}")
        template = (chosen.get("responseTemplates") or {}).get("application/json", "")
        text, overridden = render(template, body.decode(), context)
    except (KeyError, UnsupportedError) as error:
        return 500, {"Content-Type": "application/json"}, json.dumps({"message": str(error)}).encode()
    status = int(overridden.get("responseOverride", {}).get("status") or chosen["statusCode"])
    return status, {"Content-Type": "application/json"}, text.encode()
