"""How a function's calls to AWS get out of its VPC: what stops them there, and what its endpoint's policy says.

A call that finds no way is sent into nothing: it hangs until the function gives up (trap 71). One that an endpoint's
policy forbids is answered, with 403 (AWS PrivateLink Guide, "Control access to VPC endpoints using endpoint policies").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin.cloud.callers import Caller
from twin.cloud.emulator import module
from twin.cloud.network import records
from twin.cloud.network.parts import Endpoint
from twin.cloud.network.reach import way


@dataclass(frozen=True)
class Exit:
    """The way out that a call takes. blocked: why there is none; endpoint: what it goes through, if anything."""

    blocked: str = ""
    endpoint: Endpoint | None = None


def leave(caller: Caller | None, service: str, region: str) -> Exit:
    """Return how a caller's call leaves its VPC; whoever is in none is not held up."""
    if caller is None or not caller.function:
        return Exit()
    config = _config(caller.function)
    place = records.function_place(config, caller.region) if config else None
    if place is None:
        return Exit()
    found = way(records.world(caller.account), place, service, region)
    return Exit(found.reason, found.endpoint)


def forbidden(
    endpoint: Endpoint, caller: Caller, scope: Mapping[str, Any], headers: Mapping[str, str], body: bytes
) -> str:
    """Return why an endpoint's policy does not let a request through; empty when it does."""
    from twin.cloud.policies import calls, evaluation

    if endpoint.policy is None:  # AWS's own policy then: everything
        return ""
    asked = calls.described(scope, headers, body, caller.account)
    context = {**asked.context, "aws:RequestedRegion": asked.region, "aws:SourceVpce": endpoint.id}
    own = asked.action.partition(":")[0]
    for action, resource in asked.checks:
        if action.partition(":")[0] == own:  # what the service itself asks of others does not pass the endpoint
            allowed, reason = evaluation.allowed_by(endpoint.policy, caller.principal, action, resource, context)
            if not allowed:
                return f"the policy of {endpoint.id} does not let {action} on {resource}: {reason}"
    return ""


def _config(function: str) -> Mapping[str, Any] | None:
    _, _, _, region, account, _, name = function.split(":")[:7]
    held = module("services.lambda_svc")._functions.get_scoped(account, region, name)
    return held["config"] if held else None
