"""The emulator's services as they are reached from inside: asked, and taught what they lack.

``ask`` sends a request to a service within the process, in the account and region at hand, as CloudFormation's
own handlers call the services. ``instead`` gives a service an action that it lacks, or one that AWS does
otherwise; ``before`` refuses what AWS would refuse; ``after`` adds to an answer what was left out of it.
"""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from ministack.core.responses import get_account_id, get_region, request_scope

from twin.cloud.resources import wire
from twin.cloud.resources.wire import Answer, Call, Query, Refused

Parameters = dict[str, Any]
Said = dict[str, Any]
Serve = Callable[[str, str, Any, bytes, Query], Awaitable[Answer]]

MODULES = {
    "apigateway": "apigateway_v1",
    "backup": "backup",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "ec2": "ec2",
    "iam": "iam",
    "kms": "kms",
    "lambda": "lambda_svc",
    "logs": "cloudwatch_logs",
    "rds": "rds",
    "route53": "route53",
    "s3": "s3",
    "scheduler": "scheduler",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "ssm": "ssm",
    "stepfunctions": "stepfunctions",
}
"""The emulator's module of each service, by botocore's name of the service."""

_INSTEAD: dict[tuple[str, str], Callable[[Parameters], Said]] = {}
_BEFORE: dict[tuple[str, str], list[Callable[[Parameters], None]]] = defaultdict(list)
_AFTER: dict[tuple[str, str], list[Callable[[Parameters, Said], None]]] = defaultdict(list)
_OURS = "_taught_by_the_twin"


def module(service: str) -> Any:
    """Return the emulator's module of the service."""
    return importlib.import_module("ministack.services." + MODULES[service])


def here() -> tuple[str, str]:
    """Return the account and the region of the request that is being served."""
    return get_account_id(), get_region()


@contextmanager
def elsewhere(region: str) -> Iterator[None]:
    """Act in another region of the same account."""
    with request_scope(get_account_id(), region):
        yield


F = TypeVar("F", bound=Callable[..., Any])


def instead(service: str, operation: str) -> Callable[[F], F]:
    """Register an action of our own, in place of the emulator's or where it has none."""

    def register(function: F) -> F:
        _INSTEAD[service, operation] = function
        return function

    return register


def before(service: str, *operations: str) -> Callable[[F], F]:
    """Register a check of what is asked for, which raises :class:`Refused`."""

    def register(function: F) -> F:
        for operation in operations:
            _BEFORE[service, operation].append(function)
        return function

    return register


def after(service: str, *operations: str) -> Callable[[F], F]:
    """Register what changes an answer in place; it is given what was asked for, too."""

    def register(function: F) -> F:
        for operation in operations:
            _AFTER[service, operation].append(function)
        return function

    return register


def ask(service: str, operation: str, **parameters: Any) -> Said:
    """Return what the service answers. Raises :class:`Refused`, and ParamValidationError for what AWS lacks."""
    call = wire.request(service, operation, parameters)
    answer = _driven(
        module(service).handle_request(call.method, call.path, dict(call.headers), call.body, dict(call.query))
    )
    return wire.result(service, operation, answer, wire.protocol(service))


def teach() -> None:
    """Put what is registered here before the emulator's own services; a second time changes nothing."""
    for service in {service for service, _ in (*_INSTEAD, *_BEFORE, *_AFTER)}:
        taught = module(service)
        if not hasattr(taught.handle_request, _OURS):
            taught.handle_request = _taught(service, _own(service, taught))


def _own(service: str, taught: Any) -> Serve:
    """Return the emulator's way to serve; that of RDS goes to a thread, for containers that are not used here."""
    if service == "rds":

        async def serve(method: str, path: str, headers: Any, body: bytes, query: Query) -> Answer:
            answer: Answer = taught._handle_request_sync(method, path, headers, body, query)
            return answer

        return serve
    own: Serve = taught.handle_request
    return own


def _taught(service: str, own: Serve) -> Serve:
    async def serve(method: str, path: str, headers: Any, body: bytes, query: Query) -> Answer:
        call = Call(method, path, headers, body or b"", query)
        known = tuple({name for of, name in (*_INSTEAD, *_BEFORE, *_AFTER) if of == service})
        operation = wire.asked_for(service, known, call)
        if not operation:
            return await own(method, path, headers, body, query)
        try:
            return await _answered(service, operation, call, own)
        except Refused as refused:
            return wire.refusal(service, refused, wire.spoken(service, call))

    setattr(serve, _OURS, True)
    return serve


async def _answered(service: str, operation: str, call: Call, own: Serve) -> Answer:
    key, form = (service, operation), wire.spoken(service, call)
    parameters = wire.parameters(service, operation, call)
    for check in _BEFORE.get(key, ()):
        check(parameters)
    if key in _INSTEAD:
        said = _INSTEAD[key](parameters)
    else:
        given = await own(call.method, call.path, call.headers, call.body, call.query)
        if key not in _AFTER or given[0] >= 300:
            return given
        said = wire.result(service, operation, given, form)
    for change in _AFTER.get(key, ()):
        change(parameters, said)
    return wire.answer(service, operation, said, form)


def _driven(served: Coroutine[Any, Any, Answer]) -> Answer:
    """Return what a service answers that waits for nothing: handlers of resources run on the event loop itself."""
    try:
        served.send(None)
    except StopIteration as stopped:
        answer: Answer = stopped.value
        return answer
    served.close()
    raise RuntimeError("this service waits for something, and can't be asked from a resource's handler")
