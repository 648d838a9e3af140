"""Notice: tells once, starts once, and does nothing when nothing changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import facts
import notice
import pytest
from desk import Desk
from moto import mock_aws
from recovery_world import AWAY, HERE, MACHINE, TABLE, WITNESS, client_error
from stage import Stage

from generator import naming


@pytest.fixture(autouse=True)
def emulated() -> Iterator[None]:
    with mock_aws():
        yield


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
