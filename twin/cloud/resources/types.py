"""Resource types for the emulator's CloudFormation, each as what it does to its service.

A handler here is a few calls, as AWS's own handlers are: made, changed, removed. What CloudFormation does around
them is the same for all: unknown properties are refused, a create-only property replaces, tags of the stack are
added, what is already gone counts as removed (CloudFormation CLI guide, "Resource type handler contract").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ParamValidationError
from ministack.services.cloudformation import provisioners

from twin.cloud.resources import collisions, schemas
from twin.cloud.resources.wire import Refused

Properties = dict[str, Any]
Attributes = dict[str, Any]
Made = tuple[str, Attributes]

_GONE = ("NotFound", "NoSuch")
_OURS = "_checked_by_the_twin"


@dataclass(frozen=True)
class Kind:
    """One resource type.

    create: makes it from its properties and the name to use when they give none; returns what ``Ref`` says and
    what ``Fn::GetAtt`` says. update: changes it from the old to the new properties; returns the attributes.
    delete: removes it. snapshot: keeps its data, for a policy that says so.
    """

    type: str
    create: Callable[[Properties, str], Made]
    update: Callable[[str, Properties, Properties], Attributes]
    delete: Callable[[str, Properties], None]
    snapshot: Callable[[str, Properties], None] | None = None


class HandlerError(ValueError):
    """What CloudFormation shows as the reason of a resource that failed."""


def tags(properties: Properties, name: str = "Tags") -> list[dict[str, str]]:
    """Return the tags of a resource as the services take them."""
    return [{"Key": str(each["Key"]), "Value": str(each["Value"])} for each in properties.get(name) or ()]


def number(value: Any) -> Any:
    """Return a whole number that a template may have written as a text; everything else as it is."""
    return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else value


def truth(value: Any) -> bool:
    """Return a truth that a template may have written as a text."""
    return str(value).lower() == "true"


def add(kind: Kind) -> None:
    """Give the emulator the type, in place of its own if it has one."""

    def create(logical_id: str, properties: Properties, stack_name: str) -> Made:
        lower = kind.type.startswith("AWS::RDS::")
        name = provisioners._physical_name(stack_name, logical_id, lowercase=lower, max_len=63)
        with _Told():
            return kind.create(properties, name)

    def update(physical: str, old: Properties, new: Properties, stack_name: str, logical_id: str) -> Made:
        if schemas.replaces(kind.type, old, new):
            return provisioners._seeded_create(create, logical_id, new, stack_name)  # type: ignore[no-any-return]
        with _Told():
            return physical, kind.update(physical, old, new)

    def delete(physical: str, properties: Properties) -> None:
        try:
            kind.delete(physical, properties)
        except Refused as refused:
            if not any(word in refused.code for word in _GONE):
                raise HandlerError(_reason(refused)) from refused

    handlers = {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}
    if kind.snapshot:
        handlers["snapshot"] = kind.snapshot
    provisioners._RESOURCE_HANDLERS[kind.type] = handlers
    provisioners._REPLACING_PROPERTIES[kind.type] = tuple(
        path for path in schemas.create_only(kind.type) if "/" not in path
    )
    name = schemas.name_property(kind.type)
    if name:
        provisioners._CUSTOM_NAME_REPLACEMENT[kind.type] = {"name": name}
    tagged, _ = schemas.tag_property(kind.type)
    if tagged:
        provisioners._STACK_TAG_PROPERTY[kind.type] = (tagged, "list")


class _Told:
    """Turns what a service says into the reason that CloudFormation shows."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Refused):
            raise HandlerError(_reason(error)) from error
        if isinstance(error, ParamValidationError):
            raise HandlerError(_reason(Refused("InvalidRequest", str(error).replace("\n", " ")))) from error


def _reason(refused: Refused) -> str:
    gone = any(word in refused.code for word in _GONE)
    exists = "Exists" in refused.code
    handler = "NotFound" if gone else "AlreadyExists" if exists else "InvalidRequest"
    return f'Resource handler returned message: "{refused}" (HandlerErrorCode: {handler})'


def check_all() -> None:
    """Have CloudFormation's schema asked before every handler; a second time changes nothing."""
    for kind, handlers in provisioners._RESOURCE_HANDLERS.items():
        if kind.startswith("AWS::") and not handlers.get(_OURS):
            _check(kind, handlers)
            handlers[_OURS] = True


def _check(kind: str, handlers: dict[str, Any]) -> None:
    create: Any = handlers["create"]
    update: Any = handlers.get("update")

    def checked_create(logical_id: str, properties: Properties, stack_name: str) -> Made:
        schemas.check(kind, properties)
        collisions.check(kind, properties)
        made: Made = create(logical_id, properties, stack_name)
        return made

    def checked_update(physical: str, old: Properties, new: Properties, *rest: Any) -> Made:
        schemas.check(kind, new)
        made: Made = update(physical, old, new, *rest)
        return made

    handlers["create"] = checked_create
    if update:
        handlers["update"] = checked_update
