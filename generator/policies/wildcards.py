"""Why a statement's resource has to be ``*``: the reasons, by ``Sid``.

The rule for trap B6 refuses a wildcard resource whose statement has no condition, or whose reason is not in
the metadata of the resource that holds it. In a key's policy ``*`` means the key itself.
"""

from __future__ import annotations

from typing import Any

from awacs.aws import PolicyDocument, Statement

_DESCRIBE = "read only, and has no resource level (Service Authorization Reference); bound to named regions"

REASONS = {
    # keys
    "AccountAdministers": "a key's policy speaks of the key alone; without this statement the key is lost for good",
    "LogsEncrypt": "a key's policy speaks of the key alone",
    "ServicesPublishToEncryptedTopic": "a key's policy speaks of the key alone",
    # functions
    "PublishMetrics": "cloudwatch:PutMetricData has no resource level; bound to the environment's own namespace",
    "ReadMetrics": "cloudwatch:GetMetricData has no resource level; bound to the region that it is asked in",
    "DescribeGlobalDatabase": "AWS's own policy for a Region switch plan describes on *: " + _DESCRIBE,
    "ManageNetworkInterfaces": "Lambda checks these without a resource when the function is made; bound to the region",
    "DenyNetworkInterfacesToCode": "a denial: the code itself has no business with network interfaces",
    "ReadHealthChecks": "health checks have no name to build an ARN from beforehand; read only; bound to the account",
    # services
    "DeliverStateMachineLogs": "log delivery has no resource level (Step Functions guide); bound to the region",
    "TraceExecutions": "X-Ray's write calls have no resource level; bound to the region",
    # endpoints
    "OwnAccountOnly": "an endpoint's policy narrows what passes; identities' own policies still name resources",
    "PublishOwnMetrics": "cloudwatch:PutMetricData has no resource level; bound to the account",
    # stack sets
    "ManageUnnamed": "what is made here has no name before it is made; bound to the environment's regions",
    "DescribeAnything": "describe and list calls have no resource level; bound to the environment's regions",
    "OwnStacks": "the StackSets guide's minimum for an execution role; bound to stacks of the environment's StackSets",
    "ReadStackSetTemplates": "the bucket is CloudFormation's own, its name not documented; read only, in our regions",
    "ManageRoute53": "health checks and changes have ids that AWS chooses; asked in us-east-1 alone",
}


def _has_wildcard(statement: Statement) -> bool:
    resource = statement.properties.get("Resource", [])
    everything = "*" in (resource if isinstance(resource, list) else [resource])
    return everything or any(action.action == "*" for action in statement.properties["Action"])


def reasons(*documents: Any) -> dict[str, Any]:
    """Return the metadata that gives the reason for every wildcard of the documents or lists of statements.

    Raises KeyError when a statement over ``*`` has no Sid that a reason is written for.
    """
    found: dict[str, str] = {}
    for document in documents:
        statements = document.properties["Statement"] if isinstance(document, PolicyDocument) else document
        for statement in statements:
            if _has_wildcard(statement):
                sid = statement.properties["Sid"]
                found[sid] = REASONS[sid]
    return {"Wildcards": found} if found else {}
