"""The functions as Lambda starts them: their environment, real clients with real limits, cold imports."""

from __future__ import annotations

import importlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import facts
import fence
import pytest
import settings
from clients import ClientFactory
from perimeter import ACL
from recovery_world import AWAY, GLOBAL, HERE, MACHINE, TABLE, TOPIC

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("assess", "fence", "promote", "confirm_writer", "notice", "preflight")
ENVIRONMENT = {
    "AWS_REGION": HERE,
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "DR_SUFFIX": "example",
    "DR_TABLE": TABLE,
    "DR_DATA_REGIONS": f"{AWAY},{HERE}",
    "DR_WITNESS_REGIONS": "none",
    "DR_GLOBAL_CLUSTER": GLOBAL,
    "DR_RPO_SECONDS": "60",
    "DR_MODE": "manual",
    "DR_FENCE_ROLES": "arn:aws:iam::111122223333:role/dr-example-{region}-fence",
    "DR_NETWORK_ACLS": f"{AWAY}={ACL}",
    "DR_EXTERNAL_ID": "none",
    "DR_STATE_MACHINE": MACHINE,
    "DR_TOPIC": TOPIC,
    "DR_NOTICE_SECONDS": "60",
    "DR_APPROVAL_SECONDS": "900",
    "DR_FUNCTIONS": "dr-example-eu-central-1-assess",
    "DR_DOMAIN": "db.example.com",
    "DR_DNS_REGION": HERE,
    "DR_ZONE_PARAMETER": "/dr/example/zone",
}


@pytest.fixture
def mute() -> Iterator[str]:
    """An endpoint that takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def closed() -> Iterator[str]:
    """An endpoint that refuses connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment of a function, and functions that have not run yet."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    yield monkeypatch
    for name in NAMES:
        importlib.import_module(name)._configured.cache_clear()


@pytest.mark.parametrize("name", NAMES)
def test_a_function_without_its_environment_names_what_is_missing(name: str, deployed: pytest.MonkeyPatch) -> None:
    deployed.delenv("DR_TABLE")
    with pytest.raises(settings.SettingsError, match="DR_TABLE is missing"):
        importlib.import_module(name).handler({}, None)


@pytest.mark.parametrize("name", ["assess", "promote", "confirm_writer", "notice"])
def test_a_function_whose_region_refuses_connections_says_so(
    name: str, deployed: pytest.MonkeyPatch, closed: str
) -> None:
    deployed.setenv("AWS_ENDPOINT_URL", closed)
    event = {"verb": "failover", "target": HERE, "request": {"verb": "failover", "target": HERE}}
    with pytest.raises(facts.UnavailableError, match="EndpointConnectionError"):
        importlib.import_module(name).handler(event, None)


def test_a_pre_flight_whose_region_is_dark_still_ends_with_its_findings(
    deployed: pytest.MonkeyPatch, closed: str
) -> None:
    deployed.setenv("AWS_ENDPOINT_URL", closed)
    line = importlib.import_module("preflight").handler({}, None)
    assert not line["ok"] and len(line["findings"]) >= 5 and line["failed"]


def test_a_fence_whose_endpoint_never_answers_is_given_up_within_its_step(
    deployed: pytest.MonkeyPatch, mute: str
) -> None:
    deployed.setenv("AWS_ENDPOINT_URL", mute)
    begun = time.monotonic()
    answer = fence.handler({"region": AWAY}, None)
    assert answer["outcome"] == "failed" and "could not be assumed: ReadTimeoutError" in answer["reason"]
    assert time.monotonic() - begun < 12


def test_a_borrowed_client_gives_up_as_well(deployed: pytest.MonkeyPatch, mute: str) -> None:
    deployed.setenv("AWS_ENDPOINT_URL_EC2", mute)
    told = settings.read(fence.Settings, ENVIRONMENT)
    lent = {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "t"}

    class Sts:
        def assume_role(self, **request: Any) -> dict[str, Any]:
            return {"Credentials": lent}

    begun = time.monotonic()
    made = fence.Fence(told, lambda service, region: Sts(), fence._borrowed_ec2)
    answer = fence.run(made, {"region": AWAY})
    assert answer["outcome"] == "failed" and f"EC2 in {AWAY} does not answer" in answer["reason"]
    assert time.monotonic() - begun < 12


def test_sts_is_asked_in_the_own_region() -> None:
    assert ClientFactory(fence.AT_HOME)("sts", HERE).meta.endpoint_url == f"https://sts.{HERE}.amazonaws.com"


def test_a_cold_start_loads_no_sdk_and_nothing_of_the_generator() -> None:
    code = (
        f"import sys; sys.path[:0] = [{str(ROOT / 'lambda')!r}, {str(ROOT)!r}]; "
        f"import {', '.join(NAMES)}; "
        "loaded = {name.split('.')[0] for name in sys.modules}; "
        "print(sorted(loaded & {'boto3', 'botocore', 'generator', 'troposphere'}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("name", NAMES)
def test_a_function_names_its_calls_in_order(name: str) -> None:
    calls = importlib.import_module(name).CALLS
    assert isinstance(calls, tuple) and list(calls) == sorted(set(calls))
