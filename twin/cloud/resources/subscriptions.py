"""Subscriptions to the events of RDS, which the emulator has no action for.

Sources: RDS API Reference, "CreateEventSubscription"; Aurora User Guide, "Granting permissions to publish
notifications to an Amazon SNS topic"; CloudFormation Template Reference, AWS::RDS::EventSubscription.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import AccountRegionScopedDict

from twin.cloud.resources.services import Parameters, Said, ask, here, instead, module
from twin.cloud.resources.types import Attributes, Kind, Made, Properties, add, tags
from twin.cloud.resources.wire import Refused

_CATEGORIES = {
    "db-cluster": {"configuration change", "creation", "deletion", "failover", "failure", "global-failover",
                   "maintenance", "migration", "notification", "serverless"},
    "db-instance": {"availability", "backup", "backtrack", "configuration change", "creation", "deletion", "failover",
                    "failure", "low storage", "maintenance", "notification", "read replica", "recovery",
                    "restoration", "security", "security patching"},
}  # fmt: skip
"""What may be subscribed to, by the kind of the source (Aurora User Guide, "Amazon RDS event categories")."""

_PUBLISHER = "events.rds.amazonaws.com"


def offer() -> None:
    """Give the emulator this type."""
    add(Kind("AWS::RDS::EventSubscription", _create, _update, _delete))
    rds = module("rds")
    if not hasattr(rds, "_event_subscriptions"):
        rds._event_subscriptions = AccountRegionScopedDict()
        reset = rds.reset

        def reset_all() -> None:
            reset()
            rds._event_subscriptions.clear()

        rds.reset = reset_all


def _create(properties: Properties, name: str) -> Made:
    given = {"SubscriptionName": name, **{key: value for key, value in properties.items() if key != "Tags"}}
    ask("rds", "CreateEventSubscription", **given, **({"Tags": tags(properties)} if properties.get("Tags") else {}))
    return str(given["SubscriptionName"]), {}


def _update(physical: str, old: Properties, new: Properties) -> Attributes:
    changed = {
        name: new[name]
        for name in ("Enabled", "EventCategories", "SourceType")
        if name in new and new[name] != old.get(name)
    }
    if changed:
        ask("rds", "ModifyEventSubscription", SubscriptionName=physical, **changed)
    before, after = set(old.get("SourceIds") or ()), set(new.get("SourceIds") or ())
    for operation, sources in (
        ("AddSourceIdentifierToSubscription", after - before),
        ("RemoveSourceIdentifierFromSubscription", before - after),
    ):
        for source in sorted(sources):
            ask("rds", operation, SubscriptionName=physical, SourceIdentifier=source)
    _store()[physical]["_tags"] = tags(new)
    return {}


def _delete(physical: str, _properties: Properties) -> None:
    ask("rds", "DeleteEventSubscription", SubscriptionName=physical)


def _store() -> Any:
    return module("rds")._event_subscriptions


def _held(name: str) -> dict[str, Any]:
    held: dict[str, Any] | None = _store().get(name)
    if held is None:
        raise Refused("SubscriptionNotFound", f"Subscription {name} not found.", 404)
    return held


@instead("rds", "CreateEventSubscription")
def _made(parameters: Parameters) -> Said:
    account, region = here()
    name = parameters["SubscriptionName"]
    if name in _store():
        raise Refused("SubscriptionAlreadyExist", f"The subscription {name} already exists")
    _topic_takes_events(parameters["SnsTopicArn"])
    subscription = {
        "CustSubscriptionId": name,
        "CustomerAwsId": account,
        "Enabled": parameters.get("Enabled", True),
        "EventCategoriesList": list(parameters.get("EventCategories") or ()),
        "EventSubscriptionArn": f"arn:aws:rds:{region}:{account}:es:{name}",
        "SnsTopicArn": parameters["SnsTopicArn"],
        "SourceIdsList": list(parameters.get("SourceIds") or ()),
        "SourceType": parameters.get("SourceType"),
        "Status": "active",
        "SubscriptionCreationTime": datetime.now(UTC).strftime("%a %b %d %H:%M:%S UTC %Y"),
    }
    _fits(subscription)
    _store()[name] = {**subscription, "_tags": list(parameters.get("Tags") or ())}
    return {"EventSubscription": subscription}


def _topic_takes_events(arn: str) -> None:
    """Refuse a topic that is not there, or whose policy lets RDS publish nothing (trap 89)."""
    held = module("sns")._topics.get(arn)
    if held is None:
        raise Refused("SNSTopicArnNotFound", f"The SNS topic {arn} does not exist.", 404)
    policy = held["attributes"].get("Policy") or "{}"
    read = json.loads(policy) if isinstance(policy, str) else policy
    if not any(_lets_publish(statement) for statement in read.get("Statement", ())):
        raise Refused("SNSNoAuthorization", f"You do not have permission to publish to the SNS topic ARN {arn}.")


def _lets_publish(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal")
    services = principal.get("Service", ()) if isinstance(principal, dict) else ()
    named = [services] if isinstance(services, str) else list(services)
    actions = statement.get("Action")
    said = [actions] if isinstance(actions, str) else list(actions or ())
    return statement.get("Effect") == "Allow" and _PUBLISHER in named and bool({"sns:Publish", "sns:*"} & set(said))


def _fits(subscription: dict[str, Any]) -> None:
    rds, kind = module("rds"), subscription["SourceType"]
    if subscription["SourceIdsList"] and not kind:
        raise Refused("InvalidParameterCombination", "SourceType must be specified with SourceIds")
    stores = {"db-cluster": rds._clusters, "db-instance": rds._instances}
    for source in subscription["SourceIdsList"]:
        if kind in stores and source not in stores[kind]:
            raise Refused("SourceNotFound", f"Source {source} of the type {kind} not found.", 404)
    unknown = set(subscription["EventCategoriesList"]) - _CATEGORIES.get(kind, set(subscription["EventCategoriesList"]))
    if unknown:
        raise Refused("SubscriptionCategoryNotFound", f"no such category of {kind}: {', '.join(sorted(unknown))}", 404)


@instead("rds", "DescribeEventSubscriptions")
def _described(parameters: Parameters) -> Said:
    name = parameters.get("SubscriptionName")
    return {"EventSubscriptionsList": [_held(name)] if name else list(_store().values())}


@instead("rds", "ModifyEventSubscription")
def _modified(parameters: Parameters) -> Said:
    held = _held(parameters["SubscriptionName"])
    names = {"EventCategories": "EventCategoriesList", "Enabled": "Enabled", "SourceType": "SourceType",
             "SnsTopicArn": "SnsTopicArn"}  # fmt: skip
    changed = {**held, **{names[name]: value for name, value in parameters.items() if name in names}}
    _topic_takes_events(changed["SnsTopicArn"])
    _fits(changed)
    held.update(changed)
    return {"EventSubscription": held}


@instead("rds", "AddSourceIdentifierToSubscription")
def _source_added(parameters: Parameters) -> Said:
    held = _held(parameters["SubscriptionName"])
    sources = [*held["SourceIdsList"], parameters["SourceIdentifier"]]
    _fits({**held, "SourceIdsList": sources})
    held["SourceIdsList"] = sources
    return {"EventSubscription": held}


@instead("rds", "RemoveSourceIdentifierFromSubscription")
def _source_removed(parameters: Parameters) -> Said:
    held = _held(parameters["SubscriptionName"])
    if parameters["SourceIdentifier"] not in held["SourceIdsList"]:
        raise Refused("SourceNotFound", f"{parameters['SourceIdentifier']} is not in the subscription", 404)
    held["SourceIdsList"] = [each for each in held["SourceIdsList"] if each != parameters["SourceIdentifier"]]
    return {"EventSubscription": held}


@instead("rds", "DeleteEventSubscription")
def _deleted(parameters: Parameters) -> Said:
    held = _held(parameters["SubscriptionName"])
    _store().pop(parameters["SubscriptionName"])
    return {"EventSubscription": {**held, "Status": "deleting"}}
