"""The proof by an endpoint: the deployed REST API answers from DynamoDB, and Route 53's checkers ask it."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from generator import naming
from generator.stacks import health, marker
from tests.cloud.cloud_world import until
from tests.cloud.watch_world import DEADLINE, SUFFIX, A, B, Watched
from twin.cloud.process import Options, local_cloud
from twin.cloud.watch.checkers import ADDRESSES, HEADER
from twin.cloud.watch.evaluation import UnsupportedError
from twin.cloud.watch.templates import render

SPEED = 20.0
TABLE = naming.STATE_TABLE.of(suffix=SUFFIX, region=A)


@pytest.fixture(scope="module")
def deployed() -> Iterator[tuple[Watched, dict[str, str]]]:
    with local_cloud(Options(functions="run", speed=SPEED)) as running:
        world = Watched(running.url)
        keys = [("kind", "HASH"), ("name", "RANGE")]
        world.client("dynamodb", A).create_table(
            TableName=TABLE, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        )  # fmt: skip
        about = world.deploy_stack(marker, B, {"SupersededRegion": A})["MarkerCheckId"]
        yield world, world.deploy_stack(health, A, {"HealthThreshold": "2", "MarkerChecks": about}, "endpoint")


@pytest.fixture
def world(deployed: tuple[Watched, dict[str, str]]) -> Iterator[Watched]:
    yield deployed[0]
    deployed[0].knobs.darken()
    deployed[0].knobs.ask("PUT", "checkers", {"region": A, "share": 1})


@pytest.fixture
def outputs(deployed: tuple[Watched, dict[str, str]]) -> dict[str, str]:
    return deployed[1]


def prove(world: Watched, *, writer: bool, seconds: float) -> None:
    """Write the region's newest proof, as the probe does."""
    until_ms = int((time.time() + seconds) * 1000)
    world.client("dynamodb", A).put_item(
        TableName=TABLE,
        Item={"kind": {"S": "view"}, "name": {"S": f"{A}#{A}"}, "writer": {"BOOL": writer},
              "voter": {"S": A}, "about": {"S": A}, "reason": {"S": "a test says so"},
              "valid_until_ms": {"N": str(until_ms)}},
    )  # fmt: skip


def asked(world: Watched, outputs: dict[str, str], address: str = ADDRESSES["eu-west-1"]) -> int:
    """Return how the endpoint answers somebody at that address."""
    url = urlsplit(outputs["ProofUrl"])
    api = str(url.hostname).partition(".")[0]
    connection = http.client.HTTPConnection(str(urlsplit(world.url).netloc), timeout=10)
    connection.request("GET", f"/_aws/execute-api/{api}{url.path}", headers={HEADER: address} if address else {})
    return connection.getresponse().status


def healthy(world: Watched, outputs: dict[str, str]) -> bool:
    found = world.told()["checks"].get(outputs["ProofCheckId"])
    return bool(found and found["healthy"])


def test_the_endpoint_answers_from_the_newest_proof_alone(world: Watched, outputs: dict[str, str]) -> None:
    prove(world, writer=True, seconds=60)
    assert asked(world, outputs) == 200
    prove(world, writer=False, seconds=60)
    assert asked(world, outputs) == 503
    prove(world, writer=True, seconds=-1)
    assert asked(world, outputs) == 503


def test_nobody_but_the_checkers_may_ask(world: Watched, outputs: dict[str, str]) -> None:
    prove(world, writer=True, seconds=60)
    assert asked(world, outputs, "203.0.113.9") == 403
    assert asked(world, outputs, "") == 403


def test_a_check_follows_the_proof_after_as_many_answers_as_its_threshold(
    world: Watched, outputs: dict[str, str]
) -> None:
    prove(world, writer=True, seconds=60)
    until(lambda: healthy(world, outputs), DEADLINE)
    prove(world, writer=False, seconds=60)
    begun = time.monotonic()
    until(lambda: not healthy(world, outputs), DEADLINE)
    assert time.monotonic() - begun >= 2 * 10 / SPEED
    assert "HTTP 503" in world.told()["checks"][outputs["ProofCheckId"]]["reason"]
    assert not world.told()["checks"][outputs["HealthCheckId"]]["healthy"]
    prove(world, writer=True, seconds=60)
    until(lambda: world.told()["checks"][outputs["HealthCheckId"]]["healthy"], DEADLINE)


@pytest.mark.parametrize(("share", "said"), [(0.17, False), (0.19, True)])
def test_more_than_eighteen_percent_of_the_checkers_must_find_it_healthy(
    world: Watched, outputs: dict[str, str], share: float, said: bool
) -> None:
    prove(world, writer=True, seconds=60)
    until(lambda: healthy(world, outputs), DEADLINE)
    world.knobs.ask("PUT", "checkers", {"region": A, "share": 0.0})
    until(lambda: not healthy(world, outputs), DEADLINE)
    world.knobs.ask("PUT", "checkers", {"region": A, "share": share})
    until(lambda: f"{share:.0%}" in world.told()["checks"][outputs["ProofCheckId"]]["reason"], DEADLINE)
    assert healthy(world, outputs) is said
    route53 = world.client("route53", "us-east-1")
    seen = route53.get_health_check_status(HealthCheckId=outputs["ProofCheckId"])["HealthCheckObservations"]
    assert {each["StatusReport"]["Status"].partition(":")[0] for each in seen} == {"Success", "Failure"}


@pytest.mark.parametrize("mode", ["refuses", "hangs"])
def test_a_dark_regions_endpoint_answers_nobody(world: Watched, outputs: dict[str, str], mode: str) -> None:
    prove(world, writer=True, seconds=60)
    until(lambda: healthy(world, outputs), DEADLINE)
    world.knobs.darken(**{A.replace("-", "_"): mode})
    until(lambda: not healthy(world, outputs), DEADLINE)


def test_a_template_that_is_not_known_is_refused_and_not_passed_through() -> None:
    for template in ("$util.escapeJavaScript('x')", "#foreach($x in $y)", "#if($input.path('$.a') == 1)", "#end"):
        with pytest.raises(UnsupportedError):
            render(template, '{"a": 1}', {})


def test_a_template_takes_the_branch_that_holds() -> None:
    refused = "#set($context.responseOverride.status = 503)\nno\n"
    template = f"#if($input.path('$.Count') == 1)\nyes $context.time\n#else\n{refused}#end\n"
    assert render(template, '{"Count": 1}', {"time": 7}) == ("yes 7\n", {"time": 7})
    assert render(template, '{"Count": 0}', {"time": 7}) == ("no\n", {"time": 7, "responseOverride": {"status": 503}})
