"""What a call asks for, in IAM's words: the action, the resources, and the condition keys that it carries.

The emulator reads most of it from the request. What it leaves out is here: resources that it takes for ``*``
(Service Authorization Reference), several of them where one call needs several, and condition keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from twin.cloud import emulator
from twin.cloud.emulator import module
from twin.cloud.policies import tables

TLS_VERSION = "1.3"
"""What AWS's clients speak today; the local cloud itself is asked without TLS."""
_FORM = "application/x-www-form-urlencoded"
_SIGNED = re.compile(r"Credential=(?P<key>[^/,\s]+)/\d+/(?P<region>[^/]*)/(?P<service>[^/]+)/")
_LAST = re.compile(r"/([^/]+)/?$")


@dataclass(frozen=True)
class Call:
    """One call. action: IAM's name of it, empty where it is not known. more: what else the same call must be allowed.

    service: the emulator's name. context: the condition keys that the request carries.
    """

    service: str
    action: str
    resource: str
    region: str
    context: Mapping[str, Any] = field(default_factory=dict)
    more: tuple[tuple[str, str], ...] = ()

    @property
    def checks(self) -> tuple[tuple[str, str], ...]:
        """Return every action and resource that has to be allowed."""
        return ((self.action, self.resource), *self.more)


@dataclass(frozen=True)
class Signature:
    """Whose key signed a request, for which region and service."""

    key: str
    region: str
    service: str


@dataclass(frozen=True)
class _Request:
    service: str
    action: str
    account: str
    region: str
    path: str
    body: bytes
    fields: Mapping[str, list[str]]

    def value(self, name: str) -> str:
        return (self.fields.get(name) or [""])[0]


def signature(headers: Mapping[str, str]) -> Signature | None:
    """Return whose signature a request carries in its header; ``None`` when it carries none."""
    found = _SIGNED.search(headers.get("authorization", ""))
    return Signature(found["key"], found["region"], found["service"]) if found else None


def named(scope: Mapping[str, Any]) -> dict[str, str]:
    """Return a request's headers by their names in lower case."""
    return {name.decode().lower(): value.decode("latin-1") for name, value in scope.get("headers", ())}


def described(scope: Mapping[str, Any], headers: Mapping[str, str], body: bytes, account: str) -> Call:
    """Return what a signed request asks for. ``scope``: ASGI's. ``account``: the caller's, whose names are meant.

    What the way of the request adds (``aws:SourceVpce``) is taken from ``scope["twin.context"]``.
    """
    router, app, actions = module("core.router"), module("app"), module("core.iam_actions")
    method, path, plain = scope["method"], scope["path"], dict(headers)
    query = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
    found = signature(headers)
    region = found.region if found else router.extract_region(plain)
    body = body if found and found.service == "s3" else app._decompress_request_body(body, plain)
    fields = app._routing_params(method, path, plain, body, query)
    service = router.detect_service(method, path, plain, fields)
    with emulator.scope(account, region):
        action = actions.extract_iam_action(service, method, path, plain, body, fields) or ""
        default = actions.extract_resource_arn(service, method, path, plain, body, fields, region, account)
        if plain.get("content-type", "").startswith(_FORM):
            fields = {**parse_qs(body.decode("utf-8", "replace")), **fields}
        request = _Request(service, action, account, region, path, body, fields)
        first, *others = _resources(request, default)
        key = _encryption(action, first, account, region)
        context = {**scope.get("twin.context", {}), **_context(request), **_via(service, region, key)}
        return Call(service, action, first, region, context, (*((action, each) for each in others), *key))


def item_call(action: str, account: str, region: str, given: Mapping[str, Any]) -> Call:
    """Return what a call of DynamoDB with these parameters asks for."""
    body = json.dumps(given).encode()
    with emulator.scope(account, region):
        request = _Request("dynamodb", action, account, region, "/", body, {})
        (resource,) = module("core.iam_actions").dynamodb_resource_arns(body, region, account) or ["*"]
        return Call("dynamodb", action, resource, region, _context(request))


def publish_call(topic: str, account: str, region: str) -> Call:
    """Return what a message to a topic asks for: the topic, and its key."""
    with emulator.scope(account, region):
        key = _encryption("sns:Publish", topic, account, region)
    return Call("sns", "sns:Publish", topic, region, _via("sns", region, key), key)


def _resources(request: _Request, default: str) -> list[str]:
    find = _RESOURCES.get(request.action)
    if find is not None:
        return find(request) or [default]
    if request.action.startswith("ec2:Describe"):  # these have no resource level, whatever they name
        return ["*"]
    if request.service == "dynamodb":
        return module("core.iam_actions").dynamodb_resource_arns(request.body, request.region, request.account) or ["*"]
    return [default]


def _global_cluster(request: _Request) -> list[str]:
    name = request.value("GlobalClusterIdentifier")
    return [f"arn:aws:rds::{request.account}:global-cluster:{name}"] if name else []


def _global_cluster_and_members(request: _Request) -> list[str]:
    """Trap 103: a switchover and a failover need the right to the global cluster and to every member."""
    name = request.value("GlobalClusterIdentifier")
    held = module("services.rds")._global_clusters.get(name) or {}
    members = [str(each["DBClusterArn"]) for each in held.get("GlobalClusterMembers") or ()]
    return list(dict.fromkeys([*_global_cluster(request), *members]))


def _network_acl(request: _Request) -> list[str]:
    return [f"arn:aws:ec2:{request.region}:{request.account}:network-acl/{request.value('NetworkAclId')}"]


def _health_check(request: _Request) -> list[str]:
    found = _LAST.search(request.path)
    return [f"arn:aws:route53:::healthcheck/{found[1]}"] if found else []


_RESOURCES: Mapping[str, Callable[[_Request], list[str]]] = {
    "rds:DescribeGlobalClusters": _global_cluster,
    "rds:FailoverGlobalCluster": _global_cluster_and_members,
    "rds:SwitchoverGlobalCluster": _global_cluster_and_members,
    "ec2:CreateNetworkAclEntry": _network_acl,
    "ec2:DeleteNetworkAclEntry": _network_acl,
    "ec2:ReplaceNetworkAclEntry": _network_acl,
    "route53:GetHealthCheck": _health_check,
    "route53:GetHealthCheckStatus": _health_check,
}


def _context(request: _Request) -> dict[str, Any]:
    """Return the condition keys that the request itself carries."""
    if request.service == "dynamodb":
        return {
            **module("core.iam_actions").dynamodb_service_context(request.body),
            "dynamodb:LeadingKeys": tables.leading_keys(_parsed(request.body)),
        }
    if request.service == "monitoring" and request.action == "cloudwatch:PutMetricData":
        return {"cloudwatch:namespace": _parsed(request.body).get("Namespace") or request.value("Namespace") or None}
    if request.service == "sts":
        return {
            "sts:ExternalId": request.value("ExternalId") or None,
            "sts:RoleSessionName": request.value("RoleSessionName") or None,
        }
    if request.service == "s3":
        fields = dict(request.fields)
        listed = module("core.iam_actions").s3_service_context(request.action, fields, request.path, {})
        return {**listed, "s3:TlsVersion": TLS_VERSION}
    return {}


def _parsed(body: bytes) -> dict[str, Any]:
    """Return the members of a JSON body; of any other none, so that a condition on one is not met."""
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _via(service: str, region: str, key: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return the key that says through which service a key is used."""
    return {"kms:ViaService": f"{service}.{region}.amazonaws.com"} if key else {}


def _encryption(action: str, resource: str, account: str, region: str) -> tuple[tuple[str, str], ...]:
    """Return what an encrypted topic or secret asks of the caller for its key (trap 72); nothing for AWS's own keys."""
    if action == "sns:Publish":
        topic = module("services.sns")._topics.get_scoped(account, region, resource) or {}
        key = str(topic.get("attributes", {}).get("KmsMasterKeyId") or "")
        wanted: tuple[str, ...] = ("kms:Decrypt", "kms:GenerateDataKey")
    elif action == "secretsmanager:GetSecretValue":
        _, secret = module("services.secretsmanager")._resolve(resource)
        key = str((secret or {}).get("KmsKeyId") or "")
        wanted = ("kms:Decrypt",)
    else:
        return ()
    if not key or key.removeprefix("arn:").rpartition(":")[2].startswith("alias/aws/"):
        return ()
    record = module("services.kms")._resolve_key(key)
    arn = str(record["Arn"]) if record else f"arn:aws:kms:{region}:{account}:key/{key}"
    return tuple((each, arn) for each in wanted)
