"""The models that everything else rests on: held against moto, the built templates, and their own promises."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from clients import PUBLISHING
from facts import QUICK
from moto import mock_aws
from recovery_world import arn, local_table
from state import StateTable

from generator.stacks import _recovery_functions, health
from generator.stacks.recovery import definition

from . import functions, machine, watch
from .calls import THROTTLED, UNANSWERED, Trouble
from .clockwork import Clockwork, EndedError
from .databases import WRITER, Row, Server
from .names import A, B
from .network import API, PEERING, Network
from .shape import Shape
from .tables import Exceptions, Table
from .world import World

KEY = {"kind": {"S": "lease"}, "name": {"S": "recovery"}}
HELD = KEY | {"holder": {"S": "one"}, "at_ms": {"N": "5"}}
CONDITIONS: list[tuple[str, dict[str, str], dict[str, Any]]] = [
    ("attribute_not_exists(#kind) OR holder = :me", {"#kind": "kind"}, {":me": {"S": "one"}}),
    ("attribute_not_exists(#kind) OR holder = :me", {"#kind": "kind"}, {":me": {"S": "two"}}),
    ("holder = :old OR holder = :me", {}, {":old": {"S": "one"}, ":me": {"S": "two"}}),
    ("holder = :me", {}, {":me": {"S": "two"}}),
    ("attribute_not_exists(at_ms) OR at_ms < :at", {}, {":at": {"N": "5"}}),
    ("attribute_not_exists(at_ms) OR at_ms < :at", {}, {":at": {"N": "10"}}),
    ("#kind = :kind AND at_ms = :at", {"#kind": "kind"}, {":kind": {"S": "lease"}, ":at": {"N": "5"}}),
    ("at_ms = :at", {}, {":at": {"S": "5"}}),
]


def _did(client: Any, method: str, request: dict[str, Any]) -> str:
    try:
        getattr(client, method)(**request)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(("condition", "names", "values"), CONDITIONS)
def test_a_conditional_write_goes_as_it_does_at_dynamodb(
    there: bool, condition: str, names: dict[str, str], values: dict[str, Any]
) -> None:
    told: dict[str, Any] = {"TableName": "t", "ConditionExpression": condition, "ExpressionAttributeValues": values}
    told |= {"ExpressionAttributeNames": names} if names else {}
    with mock_aws():
        real, ours = local_table("t"), Table()
        for method, request in (("put_item", {"Item": KEY | {"holder": {"S": "new"}}}), ("delete_item", {"Key": KEY})):
            for client in (real, ours):
                (client.put_item if there else client.delete_item)(
                    TableName="t", **({"Item": HELD} if there else {"Key": KEY})
                )
            assert _did(ours, method, told | request) == _did(real, method, told | request)
            found = [one.get_item(TableName="t", Key=KEY, ConsistentRead=True).get("Item") for one in (real, ours)]
            assert found[0] == found[1]


def test_a_query_by_prefix_answers_what_dynamodb_answers() -> None:
    class Ours(Table):
        exceptions = Exceptions

    with mock_aws():
        tables = [StateTable(client, "t") for client in (local_table("t"), Ours())]
        for table in tables:
            for name in ("a#b", "a#a", "b#a", "ab"):
                table.put("view", name, {"at_ms": 1})
            table.put("fence", "a#a", {"at_ms": 2})
        for prefix in ("", "a#", "c"):
            assert tables[0].items("view", prefix) == tables[1].items("view", prefix)


def test_the_limits_are_those_of_the_templates() -> None:
    assert definition()["TimeoutSeconds"] == machine.LIMIT_SECONDS
    built = {work.name: work.seconds for work in _recovery_functions.works()}
    assert {name: built[name] for name in functions.SECONDS} == functions.SECONDS
    assert watch.THRESHOLD == health.FAILURE_THRESHOLD


def test_processes_wait_in_order_and_take_no_time() -> None:
    clock, said = Clockwork(), list[str]()

    def body(name: str, seconds: float) -> None:
        said.append(f"{name} begins")
        clock.wait(seconds)
        said.append(f"{name} ends")

    first = clock.spawn("first", lambda: body("first", 20))
    clock.spawn("second", lambda: body("second", 10))
    clock.run(15)
    assert said == ["first begins", "second begins", "second ends"]
    clock.end(first, EndedError())
    clock.run(15)
    assert first.done and isinstance(first.error, EndedError) and said[-1] == "second ends"
    clock.close()


def test_what_has_not_arrived_when_a_replica_is_promoted_is_not_there() -> None:
    writer, replica = Server("a", WRITER), Server("b", upstream="a", behind_ms=5000)
    for second in range(10):
        writer.commit(Row(f"{second}", "a", second * 1000, beat_ms=second * 1000))
    replica.replay(writer, 10_000)
    assert [row.key for row in replica.log] == ["0", "1", "2", "3", "4"] and replica.beats == {"a": 4000}
    replica.promote()
    replica.replay(writer, 60_000)
    assert len(replica.log) == 5 and replica.writable


def test_a_line_that_is_cut_one_way_carries_no_session_and_lets_a_request_take_effect() -> None:
    network = Network()
    network.cut(PEERING, "a", "b")
    assert not network.connects(PEERING, "b", "a") and network.carries(PEERING, "b", "a")
    world = World(Shape())
    world.network.cut(API, A, B)
    client = world.calls.client(B, PUBLISHING, patient=False)("dynamodb", A)
    with pytest.raises(ReadTimeoutError):
        client.put_item(TableName="t", Item=KEY)
    assert world.cloud.tables[A].names("lease") == ["recovery"]
    with pytest.raises(ConnectTimeoutError):
        world.calls.client(A, PUBLISHING, patient=False)("dynamodb", B).put_item(TableName="t", Item=KEY)
    world.clock.close()


def test_a_call_is_repeated_as_botocore_does() -> None:
    world = World(Shape(strict=True))
    world.calls.troubles.append(Trouble(THROTTLED, "rds", "", B, 1))
    rds = world.calls.client(B, QUICK, patient=False)("rds", B)
    assert rds.describe_global_clusters(GlobalClusterIdentifier="dr-example")["GlobalClusters"]
    world.calls.troubles.append(Trouble(UNANSWERED, "rds", "failover_global_cluster", B, 2))
    with pytest.raises(ClientError, match="InvalidGlobalClusterState"):
        world.calls.client(B, QUICK, patient=False)("rds", B).failover_global_cluster(
            GlobalClusterIdentifier="dr-example", TargetDbClusterIdentifier=arn(A), AllowDataLoss=True
        )
    world.clock.close()


def test_the_doubles_refuse_what_the_service_does_not_have() -> None:
    for strict in (True, False):
        world = World(Shape(strict=strict))
        with pytest.raises((AttributeError, KeyError)):
            world.calls.client(B, QUICK, patient=False)("rds", B).promote_everything()
        world.clock.close()
