"""Notice: tells once, starts once, lifts in order, and does nothing when nothing changed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import facts
import notice
import pytest
from moto import mock_aws
from recovery_world import AWAY, GLOBAL, HERE, MACHINE, TABLE, TOPIC, WITNESS, Body, Double, client_error
from stage import Stage

from generator import naming
from recovery.signals import FENCE, SUPERSEDED_ITEM


@pytest.fixture(autouse=True)
def emulated() -> Iterator[None]:
    with mock_aws():
        yield


@dataclass
class Desk:
    """A stage with the function that watches it."""

    mode: str = "manual"
    stage: Stage = field(default_factory=Stage)
    messages: list[dict[str, Any]] = field(default_factory=list)
    started: list[dict[str, Any]] = field(default_factory=list)
    topic_error: Exception | None = None
    start_error: Exception | None = None
    witness_agrees: bool = True

    def look(self, seconds: float = 0, event: dict[str, Any] | None = None) -> list[str]:
        """Let time pass, run the function once, and return what it did."""
        self.stage.clock.wait(seconds)
        if self.witness_agrees and not self.stage.alive:
            self.stage._see(WITNESS, AWAY, "unknown")
        done: list[str] = notice.run(self.made(), event or {})["done"]
        return done

    def made(self) -> notice.Notice:
        """Return the function, wired."""
        told = notice.Settings(
            HERE, "example", TABLE, (AWAY, HERE), (WITNESS,), GLOBAL, self.mode, MACHINE, TOPIC, 60, 60, 900
        )
        return notice.Notice(told, self.clients, self.clients, self.stage.clock.ms, lambda line: None)

    def clients(self, service: str, region: str) -> Any:
        """Return a client, as the function's factory does."""
        assert service == "rds" or region == HERE
        if service == "sns":
            return Double("sns", {"publish": self._publish})
        if service == "stepfunctions":
            return Double("stepfunctions", {"start_execution": self._start, "describe_execution": self._describe})
        if service == "lambda":
            return Double("lambda", {"invoke": self._invoke})
        return self.stage.clients(service, region)

    def _publish(self, **request: Any) -> dict[str, Any]:
        if self.topic_error:
            raise self.topic_error
        assert len(request["Subject"]) < 100
        self.messages.append(request)
        return {"MessageId": "m"}

    def _start(self, **request: Any) -> dict[str, Any]:
        if self.start_error:
            raise self.start_error
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", request["name"])
        if request["name"] in [one["name"] for one in self.started]:
            raise client_error("ExecutionAlreadyExists")
        self.started.append(request)
        return {"executionArn": "arn", "startDate": 0}

    def _describe(self, executionArn: str) -> dict[str, Any]:
        status = self.stage.running.get(executionArn)
        if status is None:
            raise client_error("ExecutionDoesNotExist")
        return {
            "executionArn": executionArn,
            "stateMachineArn": MACHINE,
            "status": status,
            "startDate": 0,
        }

    def _invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        assert FunctionName == f"dr-example-{HERE}-fence"
        return {"StatusCode": 200, "Payload": Body(self.stage.handlers()["fence"](json.loads(Payload)))}


def test_a_loss_is_told_once_with_the_reason_the_answer_and_the_exact_command() -> None:
    desk = Desk()
    assert [one.split(":")[0] for one in desk.look(60)] == ["open", "tell"]
    (message,) = desk.messages
    assert message["Subject"] == f"[example] {AWAY} looks lost"
    assert f"python -m generator failover ENV --to {HERE} --lost {AWAY}\n" in message["Message"]
    assert f'"lost": "{AWAY}"' in message["Message"]
    assert f"aws stepfunctions start-execution --region {HERE} --state-machine-arn {MACHINE} " in message["Message"]
    assert "a failover now would be accepted" in message["Message"]
    assert "ENV is the environment file of example" in message["Message"]
    for _ in range(5):
        assert desk.look(60) == []
    assert len(desk.messages) == 1 and desk.started == []


def test_a_loss_that_a_failover_would_be_refused_for_is_told_with_the_way_to_accept_it() -> None:
    desk = Desk(stage=Stage(lag_seconds=300))
    desk.look(60)
    assert "would be refused" in desk.messages[0]["Message"]
    assert "add --accept-data-loss" in desk.messages[0]["Message"]
    assert '"accept_data_loss": true' in desk.messages[0]["Message"]


def test_a_restart_within_the_threshold_is_no_incident() -> None:
    desk = Desk()
    assert desk.look(20) == [] and desk.messages == []


def test_automatic_starts_one_execution_named_after_the_incident() -> None:
    desk = Desk(mode="automatic")
    assert [one.split(":")[0] for one in desk.look(60)] == ["open", "tell", "start"]
    for _ in range(3):
        assert desk.look(60) == []
    (started,) = desk.started
    assert started["name"].startswith(f"loss-of-{AWAY}-")
    request = json.loads(started["input"])
    assert request["verb"] == "failover" and request["target"] == HERE
    assert request["accept_data_loss"] is False and request["approval"] is False


def test_automatic_waits_for_the_witness() -> None:
    desk = Desk(mode="automatic", witness_agrees=False)
    desk.look(60)
    assert desk.started == [] and "do not agree" in desk.messages[0]["Message"]
    desk.witness_agrees = True
    assert [one.split(":")[0] for one in desk.look(60)] == ["start"]


def test_approval_starts_the_machine_with_the_question_on() -> None:
    desk = Desk(mode="approval", witness_agrees=False)
    desk.look(60)
    request = json.loads(desk.started[0]["input"])
    assert request["approval"] is True and request["approval_seconds"] == 900


def test_a_start_that_was_made_by_another_run_is_fine() -> None:
    desk = Desk(mode="automatic", start_error=client_error("ExecutionAlreadyExists"))
    desk.look(60)
    assert desk.look(60) == [], "and is not tried again"


def test_a_start_that_failed_is_tried_again_by_the_next_look() -> None:
    desk = Desk(mode="automatic", start_error=client_error("ThrottlingException"))
    desk.look(60)
    desk.start_error = None
    desk.look(60)
    assert len(desk.started) == 1


def test_a_dark_topic_is_tried_again_and_stops_nothing() -> None:
    desk = Desk(mode="automatic", topic_error=client_error("InternalError", status=500))
    desk.look(60)
    assert len(desk.started) == 1 and desk.messages == []
    desk.topic_error = None
    desk.look(60)
    desk.look(60)
    assert len(desk.messages) == 1


def test_a_region_that_came_back_is_told_when_it_has_stayed_well() -> None:
    desk = Desk()
    desk.look(60)
    desk.stage.alive = True
    assert [one.split(":")[0] for one in desk.look(10)] == ["calm"]
    assert desk.look(30) == []
    assert [one.split(":")[0] for one in desk.look(40)] == ["close"]
    assert "closed" in desk.messages[-1]["Subject"]
    assert desk.look(60) == []


def test_a_region_that_flaps_does_not_drown_people() -> None:
    desk = Desk()
    desk.look(60)
    for _ in range(10):
        desk.stage.alive = not desk.stage.alive
        desk.look(45)
    assert len(desk.messages) == 1


def test_an_incident_ends_when_this_region_took_over() -> None:
    desk = Desk()
    desk.look(60)
    desk.stage.start()
    assert desk.look() == [f"closed the incident about {AWAY}"]
    assert f"{HERE} is the active region now" in desk.messages[-1]["Message"]


def test_after_a_failover_the_fence_goes_first_and_the_marker_when_the_old_region_speaks() -> None:
    desk = Desk()
    desk.stage.service.synchronisation[AWAY] = "pending-resync"
    desk.stage.start()
    assert desk.look(120) == [] and desk.stage.fenced == {AWAY}
    desk.stage.service.synchronisation[AWAY] = "connected"
    assert desk.look(60) == [f"fence of {AWAY} lifted: {AWAY} replicates again; its own probe has not said so yet"]
    assert desk.stage.fenced == set() and desk.stage.markers == (AWAY,)
    desk.stage._see(AWAY, AWAY, "replica", lag=1.0)
    assert desk.look() == [f"marker of {AWAY} lifted: {AWAY} is a confirmed replica"]
    assert not desk.stage.table.superseded()
    assert f"make {HERE} home" in desk.messages[-1]["Message"]
    assert f"python -m generator switchover ENV --to {AWAY}" in desk.messages[-1]["Message"]
    assert desk.look(60) == []


def test_a_zombie_does_not_get_its_marker_lifted() -> None:
    desk = Desk()
    desk.stage.start()
    desk.stage.clock.wait(120)
    desk.stage._see(AWAY, AWAY, "writer")
    desk.look()
    assert desk.stage.markers == (AWAY,)


def test_a_fence_that_a_killed_recovery_left_behind_is_taken_away() -> None:
    desk = Desk(stage=Stage(alive=True, kill=("Promote", "before")))
    desk.stage.start("killed")
    assert desk.stage.fenced == {AWAY}
    desk.stage.running["killed"] = "RUNNING"
    desk.look(65)
    assert desk.stage.fenced == {AWAY}, "its recovery may still be at it"
    desk.stage.running["killed"] = "ABORTED"
    assert "its recovery ended before the promotion" in desk.look(10)[0]
    assert desk.stage.fenced == set() and desk.stage.table.get(FENCE, AWAY) is None
    assert f"the fence on {AWAY} is lifted" in desk.messages[-1]["Subject"]


def test_a_fence_is_not_taken_away_on_a_description_that_may_lag_behind_a_call_that_was_taken() -> None:
    desk = Desk(stage=Stage(alive=True, kill=("Promote", "before")))
    desk.stage.start("killed")
    desk.look(30)
    assert desk.stage.fenced == {AWAY}


def test_a_marker_that_a_killed_recovery_did_not_come_to_write_is_written_and_not_twice() -> None:
    desk = Desk(stage=Stage(kill=("Promote", "after")))
    desk.stage.start("killed")
    desk.stage.running["killed"] = "RUNNING"
    desk.look(30)
    assert desk.stage.service.writer == HERE and desk.stage.fenced == {AWAY}
    assert desk.stage.markers == (), "its own execution is at it"
    desk.stage.running["killed"] = "ABORTED"
    desk.look(30)
    assert desk.stage.markers == (AWAY,)
    marked = desk.stage.table.get(SUPERSEDED_ITEM, AWAY)
    desk.look(30)
    assert desk.stage.table.get(SUPERSEDED_ITEM, AWAY) == marked
    desk.stage._see(AWAY, AWAY, "writer")
    desk.look()
    assert desk.stage.markers == (AWAY,), "a zombie stays marked"


def given_up() -> Desk:
    """Return the desk after a failover that the service took and then did not carry out."""
    desk = Desk()
    desk.stage.service.obeys = False
    assert desk.stage.start().error == "NotConfirmed"
    assert desk.stage.fenced == {AWAY} and desk.stage.markers == (AWAY,)
    return desk


def test_a_failover_that_the_service_gives_up_leaves_nothing_behind_and_says_so_once() -> None:
    desk = given_up()
    done = desk.look(60)
    assert [one.split(":")[0] for one in done if "lifted" in one] == [
        f"fence of {AWAY} lifted", f"marker of {AWAY} lifted",
    ]  # fmt: skip
    assert desk.stage.fenced == set() and desk.stage.markers == () and desk.stage.table.get(FENCE, AWAY) is None
    told = [one["Subject"] for one in desk.messages if "lifted" in one["Subject"]]
    assert told == [f"[example] the fence on {AWAY} is lifted: it was not taken over from",
                    f"[example] the marker on {AWAY} is lifted: it was not taken over from"]  # fmt: skip
    assert not [one for one in desk.look(60) if "lifted" in one]


def test_the_same_failover_can_be_started_again_after_it_was_given_up() -> None:
    desk = given_up()
    desk.look(60)
    desk.stage.service.obeys = True
    assert desk.stage.start("second").status == "SUCCEEDED"
    assert desk.stage.service.writer == HERE and desk.stage.fenced == {AWAY} and desk.stage.markers == (AWAY,)


def test_a_promotion_that_is_still_going_on_after_the_machine_has_ended_keeps_fence_and_marker() -> None:
    desk = Desk()
    desk.stage.service.takes_seconds = 1200
    assert desk.stage.start().error == "NotConfirmed"
    for _ in range(3):
        assert not [one for one in desk.look(60) if "lifted" in one]
    assert desk.stage.fenced == {AWAY} and desk.stage.markers == (AWAY,)


def test_a_region_that_really_was_taken_over_from_keeps_its_marker_though_the_description_goes_back() -> None:
    desk = Desk()
    desk.stage.start()
    desk.stage.clock.wait(900)
    desk.stage.service.writer = AWAY  # stale: this region's own database still takes writes
    desk.stage._see(HERE, HERE, "writer")
    notice.run(desk.made(), {})
    assert desk.stage.markers == (AWAY,) and desk.stage.fenced == {AWAY}


BROKEN = f"more than one region takes writes and none is superseded: {AWAY}, {HERE}"


def two_writers(desk: Desk, seconds: float = 60) -> list[str]:
    """Let time pass, have both regions prove to be the writer, and return what the function did."""
    desk.stage.clock.wait(seconds)
    desk.stage._see(HERE, HERE, "writer")
    return desk.look()


def unobserved(**made: Any) -> Desk:
    """Return a desk whose own region's proof is the test's to give."""
    return Desk(stage=Stage(alive=True, probing=False), **made)


def test_a_broken_invariant_is_told_once_when_it_lasts_and_again_when_it_holds() -> None:
    desk = unobserved()
    assert two_writers(desk) == [f"open: {BROKEN}"] and desk.messages == []
    assert two_writers(desk) == [] and desk.messages == [], "it may pass by itself"
    assert two_writers(desk) == [f"tell: {BROKEN}"]
    assert BROKEN in desk.messages[0]["Message"] and "generator status ENV" in desk.messages[0]["Message"]
    assert two_writers(desk) == [] and len(desk.messages) == 1
    assert desk.look(60) == [f"close: {BROKEN}"]
    assert "in order again" in desk.messages[-1]["Subject"] and desk.look(60) == []


def test_a_broken_invariant_that_passes_by_itself_is_told_to_nobody() -> None:
    desk = unobserved()
    two_writers(desk)
    desk.look(60)
    assert desk.messages == [] and desk.stage.table.items("breach") == []


def test_a_broken_invariant_that_nobody_could_be_told_of_is_told_when_the_topic_answers() -> None:
    desk = unobserved(topic_error=client_error("InternalError", status=500))
    two_writers(desk)
    two_writers(desk, 120)
    desk.topic_error = None
    two_writers(desk)
    assert [BROKEN in one["Message"] for one in desk.messages] == [True]


def test_a_dry_run_changes_and_tells_nothing() -> None:
    desk = Desk(mode="automatic")
    desk.stage.clock.wait(60)
    answer = notice.run(desk.made(), {"dry_run": True})
    assert answer["ok"] and desk.messages == [] and desk.started == []
    assert desk.stage.table.items("incident") == []


def nobody(service: str, region: str) -> Any:
    """Make no client: whoever asks for one fails."""
    raise AssertionError(f"{service} in {region} was asked")


@pytest.mark.parametrize("event", [{}, {"dry_run": True}])
def test_a_witness_returns_at_once_with_a_reason_and_asks_nobody(event: dict[str, Any]) -> None:
    made = Desk(mode="automatic").made()
    told = replace(made.settings, region=WITNESS)
    answer = notice.run(replace(made, settings=told, clients=nobody, invoking=nobody), event)
    assert answer["reason"] == "a witness decides nothing"
    assert answer.get("done", []) == [] and answer.get("findings", []) == []


def test_a_region_whose_state_table_is_not_made_yet_is_not_deployed_yet_and_no_error() -> None:
    desk = Desk(mode="automatic")
    desk.stage.dynamodb.delete_table(TableName=TABLE)
    answer = notice.run(desk.made(), {})
    assert "not deployed yet" in answer["reason"] and answer["done"] == []
    assert desk.messages == [] and desk.started == []
    tried = notice.run(desk.made(), {"dry_run": True})
    assert not tried["ok"] and "state table does not exist" in tried["findings"][0]["problem"]


def test_a_region_whose_service_does_not_answer_is_still_an_error_before_and_after_deployment() -> None:
    desk = Desk()
    for error in (client_error("Throttling"), client_error("AccessDenied")):
        desk.stage.service.describing = [error]
        with pytest.raises((facts.UnavailableError, facts.DeniedError)) as caught:
            notice.run(desk.made(), {})
        assert not isinstance(caught.value, facts.NotDeployedError)


def test_the_fence_functions_name_is_the_one_that_templates_give_it() -> None:
    told = replace(Desk().made().settings, suffix="shop", region="eu-west-1")
    assert told.fence_function == naming.function("fence").of(suffix="shop", region="eu-west-1")
