"""Two regions, a service that moves the writer, and everybody else whom a recovery talks to.

DynamoDB is moto's, so conditional writes are evaluated and not imagined. RDS, EC2, STS, SNS, Lambda and
Step Functions are doubles: each request and each answer is validated against botocore's own model of the
service, and each error is the exception that botocore would raise.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.validate import ParamValidator

GLOBAL = "dr-example"
HERE, AWAY, THIRD, WITNESS = "eu-central-1", "eu-west-1", "eu-south-1", "eu-north-1"
TABLE = "dr-example-eu-central-1-state"
TOPIC = f"arn:aws:sns:{HERE}:111122223333:dr-example-{HERE}-notices"
MACHINE = f"arn:aws:states:{HERE}:111122223333:stateMachine:dr-example-{HERE}-recovery"
START_MS = 1_800_000_000_000


@functools.cache
def _model(service: str) -> tuple[Any, dict[str, str]]:
    model = botocore.session.get_session().get_service_model(service)
    return model, {xform_name(name): name for name in model.operation_names}


_SESSION = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b")


def arn(region: str) -> str:
    """Return the ARN of the cluster in ``region``."""
    return f"arn:aws:rds:{region}:111122223333:cluster:dr-example-{region}"


def client_error(code: str, message: str = "refused", status: int = 400) -> ClientError:
    """Return the exception that botocore raises for an error of AWS."""
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r"},
    }
    return ClientError(response, "Operation")  # type: ignore[arg-type]


def timed_out(service: str = "service") -> ReadTimeoutError:
    """Return the exception that botocore raises when no answer comes in time."""
    return ReadTimeoutError(endpoint_url=f"https://{service}")


class Double:
    """A client of ``service`` whose operations are functions; requests and answers fit botocore's model."""

    def __init__(self, service: str, operations: dict[str, Callable[..., Any]]) -> None:
        self._model, self._names = _model(service)
        self._operations = operations
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, method: str) -> Callable[..., Any]:
        name = self._names.get(method)
        if name is None:
            raise AttributeError(method)
        operation = self._model.operation_model(name)

        def call(**request: Any) -> Any:
            _check(request, operation.input_shape)
            self.calls.append((method, request))
            answer = self._operations[method](**request)
            plain = {key: value for key, value in answer.items() if key != "Payload"}
            _check(plain, operation.output_shape)
            return answer

        return call

    def get_paginator(self, method: str) -> Any:
        """Return a paginator of one page."""
        return _OnePage(getattr(self, method))


@dataclass(frozen=True)
class _OnePage:
    call: Callable[..., Any]

    def paginate(self, **request: Any) -> list[Any]:
        return [self.call(**request)]


def _check(value: dict[str, Any], shape: Any) -> None:
    if shape is None:
        return
    report = ParamValidator().validate(value, shape)
    assert not report.has_errors(), report.generate_report()


@dataclass
class Clock:
    """Milliseconds since 1970, moved by whoever waits; each move lets the world catch up."""

    now: int = START_MS
    ticks: list[Callable[[], None]] = field(default_factory=list)

    def ms(self) -> int:
        """Return the time."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        self.now += int(seconds * 1000)
        for tick in self.ticks:
            tick()


@dataclass
class Service:
    """Aurora's control plane: who is the writer, and what it is at.

    takes_seconds: how long a promotion takes. deaf: how many calls get no answer. obeys: whether an
    accepted call takes effect. errors: raised, one a call, before anything happens.
    """

    clock: Clock
    regions: tuple[str, ...] = (AWAY, HERE)
    writer: str = AWAY
    instances: dict[str, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    synchronisation: dict[str, str] = field(default_factory=dict)
    takes_seconds: int = 30
    deaf: int = 0
    obeys: bool = True
    errors: list[Exception] = field(default_factory=list)
    describing: list[Exception] = field(default_factory=list)
    promotions: list[tuple[str, str]] = field(default_factory=list)
    swap: dict[str, Any] | None = None
    until: int = 0

    def tick(self) -> None:
        """Finish a promotion whose time has come."""
        if self.swap and self.obeys and self.clock.now >= self.until:
            self.writer = self.swap["ToDbClusterArn"].split(":")[3]
            self.swap = None

    def client(self, region: str) -> Double:
        """Return a client of RDS in ``region``."""
        return Double(
            "rds",
            {
                "describe_global_clusters": self._describe,
                "describe_db_clusters": self._cluster,
                "failover_global_cluster": lambda **request: self._swap(region, "failover", **request),
                "switchover_global_cluster": lambda **request: self._swap(region, "switchover", **request),
            },
        )

    def _describe(self, GlobalClusterIdentifier: str) -> dict[str, Any]:
        self.tick()
        if self.describing:
            raise self.describing.pop(0)
        if GlobalClusterIdentifier != GLOBAL:
            raise client_error("GlobalClusterNotFoundFault", status=404)
        members = [
            {
                "DBClusterArn": arn(region),
                "Readers": [arn(one) for one in self.regions if one != region] if region == self.writer else [],
                "IsWriter": region == self.writer,
                "SynchronizationStatus": self.synchronisation.get(region, "connected"),
            }
            for region in self.regions
        ]
        found: dict[str, Any] = {
            "GlobalClusterIdentifier": GLOBAL,
            "EngineVersion": "16.8",
            "GlobalClusterMembers": members,
        }
        return {"GlobalClusters": [found | ({"FailoverState": self.swap} if self.swap else {})]}

    def _cluster(self, DBClusterIdentifier: str) -> dict[str, Any]:
        region = DBClusterIdentifier.split(":")[3]
        members = [{"DBInstanceIdentifier": f"i-{at}"} for at in range(self.instances.get(region, 1))]
        version = self.versions.get(region, "16.8")
        return {"DBClusters": [{"Status": "available", "EngineVersion": version, "DBClusterMembers": members}]}

    def _swap(self, region: str, verb: str, **request: Any) -> dict[str, Any]:
        target = request["TargetDbClusterIdentifier"].split(":")[3]
        assert target, "the target is an ARN"
        if self.errors:
            raise self.errors.pop(0)
        self.tick()
        if self.swap or target == self.writer:
            raise client_error("InvalidGlobalClusterStateFault", "not in a state for this")
        if verb == "failover":
            assert region == target, "a failover is called in the target's region"
            assert request.get("AllowDataLoss") is True
        else:
            assert region == self.writer, "a switchover is called in the active region"
        self.promotions.append((verb, target))
        self.swap = {
            "Status": "pending",
            "FromDbClusterArn": arn(self.writer),
            "ToDbClusterArn": arn(target),
            "IsDataLossAllowed": verb == "failover",
        }
        self.until = self.clock.now + self.takes_seconds * 1000
        if not self.obeys:
            self.swap = None
        if self.deaf:
            self.deaf -= 1
            raise timed_out("rds")
        return {"GlobalCluster": {"GlobalClusterIdentifier": GLOBAL}}


def local_table(name: str = TABLE, region: str = HERE) -> Any:
    """Return a client of moto's DynamoDB with an empty state table."""
    once = Config(retries={"total_max_attempts": 1})
    client = _SESSION.client("dynamodb", region_name=region, config=once)
    if name in client.list_tables()["TableNames"]:
        client.delete_table(TableName=name)  # a world before this one in the same story
    client.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "kind", "KeyType": "HASH"},
            {"AttributeName": "name", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "kind", "AttributeType": "S"},
            {"AttributeName": "name", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


class Body:
    """The payload of an answer of Lambda's, read once."""

    def __init__(self, value: Any) -> None:
        self._text = json.dumps(value).encode()

    def read(self) -> bytes:
        """Return the payload."""
        return self._text
