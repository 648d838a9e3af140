"""The standing pre-flight: finds beforehand what would fail on the day."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import inspection
import preflight
import pytest
from moto import mock_aws
from recovery_world import (
    AWAY,
    GLOBAL,
    HERE,
    MACHINE,
    TABLE,
    TOPIC,
    Body,
    Clock,
    Double,
    Service,
    client_error,
    local_table,
)
from state import StateTable

from generator import naming

FUNCTIONS = ("dr-example-eu-central-1-assess", "dr-example-eu-central-1-fence")
CHECK = "11111111-2222-3333-4444-555555555555"
DEFINITION = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})


@pytest.fixture(autouse=True)
def emulated() -> Iterator[None]:
    with mock_aws():
        yield


def record(name: str = "writer.db.example.com.", **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "CNAME", "SetIdentifier": HERE, "HealthCheckId": CHECK} | more


@dataclass
class Yard:
    """An environment in good order; a test breaks one thing."""

    service: Service = field(default_factory=lambda: Service(Clock()))
    answers: dict[str, Any] = field(default_factory=dict)
    waking: int = 0
    subscriptions: list[dict[str, str]] = field(
        default_factory=lambda: [{"SubscriptionArn": "arn:1", "Endpoint": "oncall@example.com"}]
    )
    records: list[dict[str, Any]] = field(default_factory=lambda: [record(), record("reader.db.example.com.")])
    check: dict[str, Any] = field(default_factory=lambda: {"Type": "CALCULATED"})
    machine: dict[str, Any] = field(default_factory=lambda: {"status": "ACTIVE", "definition": DEFINITION})
    secret: dict[str, Any] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    messages: list[dict[str, Any]] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    invoked: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    data_regions: tuple[str, ...] = (AWAY, HERE)
    functions: tuple[str, ...] = FUNCTIONS

    def __post_init__(self) -> None:
        self.table = local_table()

    def run(self, event: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the pre-flight once."""
        told = preflight.Settings(
            HERE, "example", TABLE, self.data_regions, (), GLOBAL, MACHINE, TOPIC, self.functions,
            "db.example.com", "eu-north-1", "/dr/example/zone",
        )  # fmt: skip
        clock = self.service.clock
        made = preflight.Preflight(told, self.clients, self.clients, clock.ms, clock.wait, lambda line: None)
        return preflight.run(made, event or {})

    def problems(self) -> str:
        """Return all problems that one run finds, as text."""
        return json.dumps(self.run()["findings"])

    def clients(self, service: str, region: str) -> Any:
        """Return a client, as the function's factory does."""
        self.asked.add(service)
        if service == "dynamodb":
            return self.table
        if service == "rds":
            return self.service.client(region)
        operations: dict[str, dict[str, Callable[..., Any]]] = {
            "lambda": {"invoke": self._invoke},
            "sns": {
                "publish": lambda **request: self._keep(self.messages, request),
                "list_subscriptions_by_topic": lambda **_: {"Subscriptions": self.subscriptions},
            },
            "cloudwatch": {"put_metric_data": lambda **request: self._keep(self.metrics, request)},
            "stepfunctions": {
                "describe_state_machine": lambda **_: {
                    "stateMachineArn": MACHINE, "name": "n", "roleArn": "r", "type": "STANDARD",
                    "creationDate": 0,
                } | self.machine,
            },
            "secretsmanager": {"describe_secret": lambda **_: self.secret},
            "ssm": {"get_parameter": lambda **_: {"Parameter": {"Value": "Z123"}}},
            "route53": {
                "list_resource_record_sets": lambda **_: {
                    "ResourceRecordSets": self.records, "IsTruncated": False, "MaxItems": "300",
                },
                "get_health_check": lambda **_: {
                    "HealthCheck": {
                        "Id": CHECK, "CallerReference": "c", "HealthCheckConfig": self.check,
                        "HealthCheckVersion": 1,
                    }
                },
            },
        }  # fmt: skip
        if service in self.denied:
            return Double(service, dict.fromkeys(operations[service], self._deny))
        return Double(service, operations[service])

    def _keep(self, where: list[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
        where.append(request)
        return {}

    def _deny(self, **request: Any) -> Any:
        raise client_error("AccessDenied", "not authorized", 403)

    def _invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        assert json.loads(Payload) == {"dry_run": True}
        if self.waking:
            self.waking -= 1
            raise client_error("ResourceNotReadyException", status=502)
        self.invoked.append(FunctionName)
        return self.answers.get(FunctionName) or {"StatusCode": 200, "Payload": Body({"findings": []})}


def test_an_environment_in_good_order_has_no_findings_and_tells_nobody() -> None:
    yard = Yard()
    line = yard.run()
    assert line["ok"] and line["findings"] == [] and line["failed"] == []
    assert yard.messages == [] and set(yard.invoked) == set(FUNCTIONS)
    (datum,) = yard.metrics[0]["MetricData"]
    assert yard.metrics[0]["Namespace"] == "DisasterRecovery/example"
    assert (datum["MetricName"], datum["Value"]) == ("Preflight", 1.0)
    kept = StateTable(yard.table, TABLE).get("preflight", "newest")
    assert kept is not None and kept["ok"] is True and kept["findings"] == []


def test_findings_are_told_when_they_change_and_only_then() -> None:
    yard = Yard(subscriptions=[])
    yard.run()
    yard.run()
    assert len(yard.messages) == 1 and "nobody is subscribed" in yard.messages[0]["Message"]
    assert yard.metrics[-1]["MetricData"][0]["Value"] == 0.0
    yard.subscriptions = [{"SubscriptionArn": "arn:1"}]
    yard.run()
    assert len(yard.messages) == 2 and "in order" in yard.messages[1]["Message"]


def test_a_function_that_wakes_up_is_waited_for_and_one_that_never_does_is_a_finding() -> None:
    assert Yard(waking=3).run()["ok"]
    assert "not ready" in Yard(waking=1000).problems()


@pytest.mark.parametrize(
    "answer",
    [
        {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": Body({"errorType": "SettingsError"})},
        {"StatusCode": 200, "Payload": Body("text")},
    ],
)
def test_a_dry_run_that_fails_is_a_finding(answer: dict[str, Any]) -> None:
    assert "dry run failed" in Yard(answers={FUNCTIONS[0]: answer}).problems()


def test_what_a_dry_run_finds_is_passed_on_with_its_hint() -> None:
    body = Body({"findings": [{"subject": AWAY, "problem": "role not assumable", "hint": "trust it"}]})
    (found,) = Yard(answers={FUNCTIONS[1]: {"StatusCode": 200, "Payload": body}}).run()["findings"]
    assert found == {
        "subject": f"{FUNCTIONS[1]}: {AWAY}",
        "problem": "role not assumable",
        "hint": "trust it",
    }


def test_a_member_without_an_instance_at_another_version_or_missing_is_a_finding() -> None:
    yard = Yard()
    yard.service.instances[HERE] = 0
    assert "no instance" in yard.problems()
    yard = Yard()
    yard.service.versions[AWAY] = "16.4"
    assert "16.4" in yard.problems()
    yard = Yard()
    yard.service.regions = (AWAY,)
    assert "not a member" in yard.problems()
    yard = Yard()
    yard.service.synchronisation[HERE] = "pending-resync"
    assert "pending-resync" in yard.problems()


def test_a_subscription_that_nobody_confirmed_is_a_finding() -> None:
    pending = {"SubscriptionArn": "PendingConfirmation", "Endpoint": "new@example.com"}
    assert "new@example.com has not confirmed" in Yard(subscriptions=[pending]).problems()


def test_a_routed_record_without_a_check_or_with_one_switched_off_is_a_finding() -> None:
    bare = {key: value for key, value in record().items() if key != "HealthCheckId"}
    assert "has no health check" in Yard(records=[bare]).problems()
    assert "switched off" in Yard(check={"Type": "CALCULATED", "Disabled": True}).problems()
    assert "has no routed record" in Yard(records=[]).problems()


def test_records_that_are_not_routed_need_no_check() -> None:
    plain = {"Name": "db.example.com.", "Type": "NS"}
    assert Yard(records=[plain, record(), record("reader.db.example.com.")]).run()["ok"]


def test_other_peoples_records_in_a_shared_zone_are_not_judged_and_our_own_three_names_are() -> None:
    others = [
        {"Name": name, "Type": "A", "SetIdentifier": "blue"}
        for name in ("shop.example.com.", "writer.other.example.com.", "api.db.example.com.")
    ]
    assert Yard(records=[*Yard().records, *others]).run()["ok"]
    bare = {"Name": "service.db.example.com.", "Type": "CNAME", "SetIdentifier": HERE}
    yard = Yard(records=[*Yard().records, bare])
    assert "service.db.example.com. eu-central-1 has no health check" in yard.problems()


@pytest.mark.parametrize("kept, missing", [("writer", "reader"), ("reader", "writer")])
def test_writer_and_reader_both_have_to_be_routed(kept: str, missing: str) -> None:
    found = Yard(records=[record(f"{kept}.db.example.com.")]).run()["findings"]
    assert [one["problem"] for one in found] == [f"{missing}.db.example.com. has no routed record"]


def test_a_state_machine_that_goes_away_or_was_deployed_half_is_a_finding() -> None:
    assert "DELETING" in Yard(machine={"status": "DELETING", "definition": DEFINITION}).problems()
    half = DEFINITION.replace('"A"', '"${AssessArn}"', 1)
    assert "not complete" in Yard(machine={"status": "ACTIVE", "definition": half}).problems()


def test_a_replicated_secret_out_of_step_is_a_finding() -> None:
    failed = {"ReplicationStatus": [{"Region": HERE, "Status": "Failed", "StatusMessage": "no key"}]}
    assert "no key" in Yard(secret=failed).problems()
    assert Yard(secret={"ReplicationStatus": [{"Region": HERE, "Status": "InSync"}]}).run()["ok"]


@pytest.mark.parametrize("service", ["lambda", "stepfunctions", "secretsmanager", "ssm", "route53"])
def test_what_can_not_be_looked_at_is_a_finding_and_stops_nothing_else(service: str) -> None:
    yard = Yard(denied={service})
    line = yard.run()
    assert any("could not be looked at" in one["problem"] for one in line["findings"])
    assert len(yard.messages) == 1


def test_a_dark_topic_is_a_finding_and_is_tried_again_the_next_day() -> None:
    yard = Yard(denied={"sns"})
    assert yard.run()["failed"]
    assert StateTable(yard.table, TABLE).get("preflight", "newest") is None
    yard.denied, yard.subscriptions = set(), []
    yard.run()
    assert len(yard.messages) == 1


def test_a_metric_that_is_refused_does_not_stop_the_rest() -> None:
    yard = Yard(denied={"cloudwatch"})
    assert yard.run()["failed"] and StateTable(yard.table, TABLE).get("preflight", "newest")


def test_a_dry_run_of_the_pre_flight_itself_asks_nothing() -> None:
    yard = Yard()
    assert yard.run({"dry_run": True})["ok"] and yard.invoked == [] and yard.metrics == []


def test_a_witness_tries_its_own_two_functions_and_the_topic_and_asks_for_nothing_else() -> None:
    path = ("assess", "fence", "promote", "confirm_writer", "notice", "prove_writer", "vote")
    every = {name: naming.function(name).of(suffix="example", region=HERE) for name in path}
    yard = Yard(data_regions=(AWAY, "eu-west-3"), functions=tuple(every.values()))
    line = yard.run()
    assert line["ok"] and set(yard.invoked) == {every["prove_writer"], every["vote"]}
    assert yard.asked == {"lambda", "sns", "cloudwatch", "dynamodb"}
    assert yard.metrics[0]["MetricData"][0]["Value"] == 1.0
    yard.subscriptions = []
    assert "nobody is subscribed" in yard.problems() and yard.metrics[-1]["MetricData"][0]["Value"] == 0.0


def test_the_secrets_name_is_the_one_that_templates_give_it() -> None:
    told = preflight.Settings(HERE, "shop", TABLE, (), (), GLOBAL, MACHINE, TOPIC, (), "d", HERE, "p")
    assert told.secret == naming.DATABASE_SECRET.of(suffix="shop")


def test_findings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        inspection.Finding("a", "b", "c").hint = "d"  # type: ignore[misc]
