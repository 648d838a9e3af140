"""Sessions: which actor is behind an access key, and the ones that functions are given for their roles.

A function's process has the credentials of its role (Lambda Developer Guide, "Defining Lambda function permissions with
an execution role"), so that every call that it makes is that role's. They are given whether policies are checked
or not: who called is worth knowing in both cases.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from twin.cloud import emulator
from twin.cloud.emulator import module
from twin.cloud.organization import members
from twin.cloud.policies.evaluation import ADMINISTRATOR, Actor, parsed, role_arn
from twin.cloud.policies.records import RECORDS
from twin.cloud.settings import SETTINGS
from twin.tokens import Credentials

LOCAL_SECRET = "local"
"""What :func:`twin.cloud.launch.environment` gives administrators; it is checked for database tokens only."""
FUNCTION = "FunctionArn"
_functions: dict[tuple[str, str], dict[str, str]] = {}


class StrangerError(Exception):
    """Nobody is behind an access key; code and message are AWS's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def install() -> None:
    """Give functions the sessions of their roles."""
    for name in ("core.lambda_runtime", "services.lambda_svc"):
        module(name).execution_credentials = _for_function


def is_administrator(access_key: str) -> bool:
    """Tell whether a key is an account's number, or stands for the default account."""
    return bool(module("core.iam_evaluator").is_root_access_key(access_key))


def account_of(access_key: str) -> str:
    """Return the account of an access key, the default one when nobody is behind it."""
    responses, evaluator = module("core.responses"), module("core.iam_evaluator")
    if access_key.isdigit():
        return access_key
    found = responses._account_from_sts_session(access_key) or evaluator.find_iam_access_key_account(access_key)
    return str(found or responses.get_account_id())


def session(access_key: str) -> Mapping[str, Any] | None:
    """Return the emulator's record of a session: ``Arn``, ``FunctionArn`` where it is a function's."""
    found: Mapping[str, Any] | None = module("services.sts")._sessions.get(access_key)
    return found


def function_of(access_key: str) -> str:
    """Return the ARN of the function that holds a session, its role's or one that it assumed; empty when none does."""
    found = session(access_key)
    while found is not None and FUNCTION not in found:
        found = session(str(found.get("SourceAccessKeyId", "")))
    return str(found[FUNCTION]) if found else ""


def actor(access_key: str) -> Actor:
    """Return who acts with that key. Raises :class:`StrangerError`."""
    account = account_of(access_key)
    organization = _organization(account)
    if is_administrator(access_key):
        return Actor(account, f"arn:aws:iam::{account}:root", None, ADMINISTRATOR, (), organization)
    evaluator = module("core.iam_evaluator")
    with emulator.scope(account, "us-east-1"):
        found = evaluator.resolve_principal(access_key, account)
    if isinstance(found, evaluator.AuthError):
        raise StrangerError(found.code, found.message)
    arn = role_arn(found.arn)
    function = (session(access_key) or {}).get(FUNCTION)
    keys = {**found.keys, **organization, "lambda:sourcefunctionarn": function}
    return Actor(account, arn, _with_taken(arn, found.policies), found.type, tuple(found.limits), keys)


def acting(role: str) -> Actor:
    """Return a role as a service acts with it; one that is not there may do nothing."""
    account, name = role.split(":")[4], role.rpartition("/")[2]
    evaluator = module("core.iam_evaluator")
    with emulator.scope(account, "us-east-1"):
        policies = evaluator._gather_role_policies(name, account)
        limits = evaluator._permissions_boundary(module("services.iam")._roles, name, account)
    return Actor(account, role, _with_taken(role, policies), limits=tuple(limits), keys=_organization(account))


def credentials(access_key: str) -> Credentials | None:
    """Return the secrets behind an access key: a session's own, an administrator's; ``None`` when nobody is."""
    if access_key.isdigit():
        return Credentials(access_key, LOCAL_SECRET)
    found = session(access_key)
    return Credentials(access_key, found["SecretAccessKey"], found["SessionToken"]) if found else None


def _for_function(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of a function's process: a session of its role, the same one for all its processes."""
    function, role = str(config["FunctionArn"]), str(config.get("Role", ""))
    if (function, role) not in _functions:
        _functions[function, role] = _begin(function, role, str(config.get("FunctionName", "function")))
    return dict(_functions[function, role])


def _begin(function: str, role: str, name: str) -> dict[str, str]:
    key = f"ASIA{secrets.token_hex(8).upper()}"
    secret, token = secrets.token_urlsafe(30), secrets.token_urlsafe(60)
    account, role_name = role.split(":")[4], role.rpartition("/")[2]
    module("services.sts").register_session(
        key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/{name[:64]}",
            "UserId": f"{role_name}:{name}",
            "SecretAccessKey": secret,
            "SessionToken": token,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
            FUNCTION: function,
        },
    )
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


def _with_taken(arn: str, policies: Any) -> Any:
    """Return the policies with a denial of what a drill has taken away."""
    taken = RECORDS.denied_to(arn)
    if not taken or policies is None:
        return policies
    statement = {"Sid": "TakenAway", "Effect": "Deny", "Action": taken, "Resource": "*"}
    return [*policies, parsed({"Statement": statement})]


def _organization(account: str) -> dict[str, str | None]:
    """Return the condition key that names the account's organization, where it is in one."""
    organization = SETTINGS.organization
    return {"aws:principalorgid": organization.id if account in members(organization) else None}
