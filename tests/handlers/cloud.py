"""AWS's services over real HTTP, from moto's server, with regions that can go dark."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import Any, Self

import botocore.session
from botocore.config import Config
from clients import PUBLISHING

from tests import moto_server

KEYS: dict[str, Any] = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}


class Cloud:
    """A server of all services in all regions. An instance is a ``clients.Clients``.

    What is published to CloudWatch is kept in ``metrics`` as the client was told to send it, after botocore
    has validated it; ``(service, region)`` pairs in ``refusing`` and ``silent`` are dark.
    """

    def __init__(self) -> None:
        self._held = ExitStack()
        self._server = ""
        self._session = botocore.session.get_session()
        self._made: dict[tuple[str, str, str], Any] = {}
        self._closed = socket.socket()
        self._mute = socket.socket()
        self.metrics: list[tuple[str, dict[str, Any]]] = []
        self.calls: list[tuple[str, str, str]] = []
        self.refusing: set[tuple[str, str]] = set()
        self.silent: set[tuple[str, str]] = set()

    def __enter__(self) -> Self:
        self._server = self._held.enter_context(moto_server.started())
        self._closed.bind(("127.0.0.1", 0))  # bound and never listened on: refuses
        self._mute.bind(("127.0.0.1", 0))
        self._mute.listen(64)  # listened on and never accepted from: silent
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()
        self._closed.close()
        self._mute.close()

    def reset(self) -> None:
        """Forget everything."""
        moto_server.forget(self._server)
        self.metrics.clear()
        self.calls.clear()
        self.refusing.clear()
        self.silent.clear()

    def __call__(self, service: str, region: str) -> Any:
        """Return a client of ``service`` in ``region`` with the limits that functions publish with."""
        if (service, region) in self.refusing:
            url = self._url(self._closed.getsockname())
        elif (service, region) in self.silent:
            url = self._url(self._mute.getsockname())
        else:
            url = self._server
        key = (service, region, url)
        if key not in self._made:
            self._made[key] = self._make(service, region, url)
        return self._made[key]

    def make_table(self, name: str, region: str) -> None:
        """Make a state table."""
        self("dynamodb", region).create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "kind", "KeyType": "HASH"},
                {"AttributeName": "name", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "kind", "AttributeType": "S"},
                {"AttributeName": "name", "AttributeType": "S"},
            ],
        )

    def published(self, region: str) -> dict[tuple[str, str], float]:
        """Return the newest value of each metric in ``region``, by name and the region it is about."""
        return {
            (datum["MetricName"], datum["Dimensions"][0]["Value"]): datum["Value"]
            for place, request in self.metrics
            if place == region
            for datum in request["MetricData"]
        }

    def _make(self, service: str, region: str, url: str) -> Any:
        limits = PUBLISHING
        client = self._session.create_client(
            service,
            region_name=region,
            endpoint_url=url,
            config=Config(
                connect_timeout=limits.connect,
                read_timeout=limits.read,
                retries={"mode": "standard", "total_max_attempts": limits.attempts},
            ),
            **KEYS,
        )

        def record(params: dict[str, Any], model: Any, **_: Any) -> None:
            self.calls.append((region, service, model.name))
            if model.name == "PutMetricData":
                self.metrics.append((region, params))

        client.meta.events.register(f"provide-client-params.{service}.*", record)
        return client

    @staticmethod
    def _url(address: tuple[str, int]) -> str:
        return f"http://{address[0]}:{address[1]}"
