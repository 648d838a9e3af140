"""AWS's own wire formats, both ways, from botocore's models: what the service has to say is a plain dictionary.

botocore writes requests and reads answers; moto's ``core`` reads requests and writes answers. So an action that
the emulator lacks is one function here, from boto3's words to boto3's words, and its names and types are AWS's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode

import botocore.session
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

Query = dict[str, list[str]]
Answer = tuple[int, dict[str, str], bytes]

_PROTOCOLS = ("ec2", "query", "json", "rest-xml", "rest-json")
"""Those that are spoken here; CloudWatch has a binary one besides."""


class Refused(Exception):  # noqa: N818 -- what a service says, not a defect
    """A service's refusal: its code, its words and the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        self.code, self.message, self.status = code, message, status
        super().__init__(f"{message} ({code})")


@dataclass(frozen=True)
class Call:
    """One request as the emulator's services take it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: Query


@cache
def service_model(service: str) -> ServiceModel:
    """Return botocore's model of the service, as moto reads it."""
    from moto.core.model import ServiceModel as Model

    loader: Any = botocore.session.get_session().get_component("data_loader")
    return Model(loader.load_service_model(service, "service-2"), service)


def operation_model(service: str, operation: str) -> OperationModel:
    """Return botocore's model of one operation."""
    return service_model(service).operation_model(operation)


@cache
def protocol(service: str) -> str:
    """Return the wire format that the service is asked in from here."""
    return next(each for each in _PROTOCOLS if each in _offered(service))


def _offered(service: str) -> list[str]:
    metadata: Any = service_model(service).metadata
    return [metadata["protocol"], *metadata.get("protocols", ())]


def spoken(service: str, call: Call) -> str:
    """Return the wire format of a call: CloudWatch understands several."""
    if call.headers.get("x-amz-target") and "json" in _offered(service):
        return "json"
    return protocol(service)


def fitted(shape: Any, value: Any) -> Any:
    """Return a template's value as the API takes it: CloudFormation turns texts into numbers and truths, and back.

    What the shape does not know stays as it is, for botocore to refuse.
    """
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        known = shape.members
        return {name: fitted(known[name], each) if name in known else each for name, each in value.items()}
    if kind == "list" and isinstance(value, list):
        return [fitted(shape.member, each) for each in value]
    if kind == "map" and isinstance(value, Mapping):
        return {str(name): fitted(shape.value, each) for name, each in value.items()}
    return _SCALARS[kind](value) if kind in _SCALARS else value


def _whole(value: Any) -> Any:
    return int(float(value)) if isinstance(value, (str, float)) and float(value).is_integer() else value


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "boolean": lambda value: str(value).lower() == "true",
    "double": float,
    "float": float,
    "integer": _whole,
    "long": _whole,
    "string": lambda value: str(value).lower() if isinstance(value, bool) else str(value),
}


def request(service: str, operation: str, parameters: Mapping[str, Any]) -> Call:
    """Return the call that botocore would send; it raises ParamValidationError for what AWS does not know."""
    model = operation_model(service, operation)
    given = fitted(model.input_shape, dict(parameters)) if model.input_shape else {}
    written: Any = create_serializer(protocol(service), include_validation=True).serialize_to_request(given, model)
    headers = {str(name).lower(): str(value) for name, value in written["headers"].items()}
    query = {str(name): [str(value)] for name, value in dict(written["query_string"] or {}).items()}
    path, _, inline = str(written["url_path"]).partition("?")
    query.update(parse_qs(inline, keep_blank_values=True))
    return Call(str(written["method"]), path, headers, _body(written["body"], headers), query)


def _body(body: Any, headers: dict[str, str]) -> bytes:
    if isinstance(body, dict):
        headers["content-type"] = "application/x-www-form-urlencoded"
        return urlencode(body).encode()
    return body.encode() if isinstance(body, str) else bytes(body or b"")


def result(service: str, operation: str, answer: Answer, form: str) -> dict[str, Any]:
    """Return the answer in boto3's words. Raises :class:`Refused` for an error."""
    from botocore.awsrequest import HeadersDict

    status, headers, body = answer
    parser = create_parser(form)
    shape: Any = operation_model(service, operation).output_shape
    read: dict[str, Any] = parser.parse({"status_code": status, "headers": HeadersDict(headers), "body": body}, shape)
    if status >= 300:
        error = read.get("Error", {})
        raise Refused(str(error.get("Code", status)), str(error.get("Message", "")), status)
    read.pop("ResponseMetadata", None)
    return read


def parameters(service: str, operation: str, call: Call) -> dict[str, Any]:
    """Return what a request asks for, in boto3's words."""
    from moto.core.parse import PROTOCOL_PARSERS
    from werkzeug.datastructures import Headers, MultiDict

    form = parse_qs(call.body.decode("utf-8", "replace"), keep_blank_values=True) if _forms(call) else {}
    model: Any = operation_model(service, operation)
    parser = PROTOCOL_PARSERS[spoken(service, call)](model)
    labels = _labels(model, call)
    read: dict[str, Any] = parser.parse(
        {
            "body": call.body,
            "headers": Headers(list(call.headers.items())),
            "method": call.method,
            "url_params": labels or {},
            "url_path": call.path,
            "values": MultiDict({**call.query, **form}),
        }
    )
    return read


def _forms(call: Call) -> bool:
    return call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def answer(service: str, operation: str, said: Mapping[str, Any], form: str) -> Answer:
    """Return the answer as the service would write it."""
    from moto.core.serialize import get_serializer_class

    model: Any = operation_model(service, operation)
    written = get_serializer_class(service, form)(model).serialize(said)
    body: Any = written["body"]
    headers = {str(name): str(value) for name, value in written["headers"].items()}
    return int(written["status_code"]), headers, body.encode() if isinstance(body, str) else body


def refusal(service: str, refused: Refused, form: str) -> Answer:
    """Return the refusal as the service would write it."""
    import json
    from xml.sax.saxutils import escape

    code, message = escape(refused.code), escape(refused.message)
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    if form in ("json", "rest-json"):
        headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": refused.code}
        return refused.status, headers, json.dumps({"__type": refused.code, "message": refused.message}).encode()
    if form == "ec2":
        body = f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>"
    elif service == "s3":
        body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    else:
        body = f"<ErrorResponse>{error}<RequestId>local</RequestId></ErrorResponse>"
    return refused.status, {"Content-Type": "text/xml"}, body.encode()


def asked_for(service: str, operations: tuple[str, ...], call: Call) -> str:
    """Return which of the operations the call asks for, or an empty text.

    A call in CloudWatch's binary format is none of them: no client of this project makes one.
    """
    if "cbor" in call.headers.get("content-type", "") + call.headers.get("smithy-protocol", ""):
        return ""
    if spoken(service, call) in ("rest-xml", "rest-json"):
        found = (each for each in operations if _labels(operation_model(service, each), call) is not None)
        return next(found, "")
    target = call.headers.get("x-amz-target", "").rpartition(".")[2]
    path = re.search(r"/operation/([^/?]+)", call.path)
    form = parse_qs(call.body.decode("utf-8", "replace")) if _forms(call) else {}
    said = target or (path.group(1) if path else "") or (form.get("Action") or call.query.get("Action") or [""])[0]
    return said if said in operations else ""


def _labels(model: OperationModel, call: Call) -> dict[str, str] | None:
    """Return the labels of a REST path, or nothing when the call is for another operation."""
    http: Any = model.http
    if http["method"] != call.method:
        return None
    path, _, wanted = http["requestUri"].partition("?")
    match = _pattern(path).fullmatch(call.path)
    if match is None or any(name.partition("=")[0] not in call.query for name in wanted.split("&") if name):
        return None
    return {key.removeprefix("x_"): value for key, value in match.groupdict().items()}


@cache
def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", path.rstrip("/"))
    written = (_label(part[1:-1]) if part.startswith("{") else re.escape(part) for part in parts)
    return re.compile("".join(written) + "/?")


def _label(name: str) -> str:
    return f"(?P<x_{name.rstrip('+')}>{'.+' if name.endswith('+') else '[^/]+'})"
