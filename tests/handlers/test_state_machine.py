"""The recovery machine, run: its real definition, the real functions, a world that can be broken."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from interpreter import TaskError
from moto import mock_aws
from recovery_world import AWAY, HERE, client_error
from stage import DEFINITION, Stage, definition

from recovery.state import violations

STATES = json.loads(DEFINITION.read_text())["States"]


@pytest.fixture(autouse=True)
def emulated() -> Iterator[None]:
    with mock_aws():
        yield


def test_a_lost_region_is_taken_over_from_and_people_are_told_what_may_be_lost() -> None:
    stage = Stage()
    ended = stage.start()
    assert ended.status == "SUCCEEDED", ended
    assert stage.service.writer == HERE
    assert stage.fenced == {AWAY}
    assert stage.markers == (AWAY,)
    assert stage.lease is None
    assert ended.output["fence"]["outcome"] == "fenced"
    assert ended.output["told"] == "told"
    assert ended.output["verb"] == "failover" and ended.output["target"] == HERE
    assert ended.output["confirmed_at_ms"] > 0
    assert ended.output["lost_at_most_seconds"] == 30
    assert [message["Subject"] for message in stage.messages] == [f"{HERE} is the writer"]
    assert "Lost at most: 30 s" in stage.messages[0]["Message"]
    assert violations(stage.facts(), stage.clock.now) == ()


def test_the_same_request_again_changes_nothing_and_tells_nobody() -> None:
    stage = Stage()
    stage.start()
    before, messages = stage.end(), len(stage.messages)
    again = stage.start("second")
    assert again.status == "SUCCEEDED"
    assert again.output["outcome"] == "nothing"
    assert stage.end() == before
    assert len(stage.messages) == messages


def test_a_target_that_lagged_is_refused_with_the_number_and_nothing_is_touched() -> None:
    stage = Stage(lag_seconds=300)
    ended = stage.start()
    assert ended.status == "FAILED" and ended.error == "Refused"
    assert "300 s behind" in ended.cause
    assert stage.service.promotions == [] and not stage.fenced and stage.lease is None
    assert "300 s behind" in stage.messages[0]["Message"]


def test_a_target_that_lagged_takes_over_once_the_loss_is_accepted() -> None:
    stage = Stage(lag_seconds=300)
    ended = stage.start(accept_data_loss=True)
    assert ended.status == "SUCCEEDED"
    assert ended.output["lost_at_most_seconds"] == 330


def test_a_second_start_is_told_who_holds_the_lease_and_changes_nothing() -> None:
    stage = Stage(kill=("Promote", "before"))
    stage.start("first")
    stage.running["first"] = "RUNNING"  # it is slow, not dead
    stage.kill = None
    ended = stage.start("second")
    assert ended.status == "FAILED" and ended.error == "Busy"
    assert "first" in ended.cause and "someone" in ended.cause
    assert stage.service.promotions == []
    lease = stage.lease
    assert lease is not None and lease["holder"] == "first"


def test_a_lease_left_by_an_execution_that_ended_is_taken_over() -> None:
    stage = Stage(kill=("Promote", "before"))
    stage.start("first")
    stage.kill = None
    ended = stage.start("second")
    assert ended.status == "SUCCEEDED"
    assert "TakeOver" in ended.trail
    assert stage.lease is None


def test_a_lease_whose_execution_is_forgotten_is_taken_over() -> None:
    stage = Stage()
    stage.table.put("lease", "recovery", {"holder": "ninety-days-ago", "since": "", "verb": "", "requested_by": ""})
    assert stage.start().status == "SUCCEEDED"


def test_a_fence_that_fails_is_recorded_and_does_not_hold_the_failover_up() -> None:
    stage = Stage(reachable=False)
    ended = stage.start()
    assert ended.status == "SUCCEEDED"
    assert ended.output["fence"]["outcome"] == "failed"
    assert "does not answer" in ended.output["fence"]["reason"]
    assert "Fence: failed" in stage.messages[0]["Message"]


def test_a_fence_function_that_never_answers_is_given_up() -> None:
    stage = Stage(lambda_errors={"fence": [TaskError("States.Timeout")]})
    ended = stage.start()
    assert ended.status == "SUCCEEDED"
    assert ended.output["fence"]["outcome"] == "failed"


def test_a_promotion_whose_call_timed_out_but_took_effect_is_not_called_again() -> None:
    stage = Stage()
    stage.service.deaf = 1
    ended = stage.start()
    assert ended.status == "SUCCEEDED"
    assert stage.service.promotions == [("failover", HERE)]
    assert stage.markers == (AWAY,)


def test_a_promotion_that_is_accepted_and_never_happens_ends_with_the_reason() -> None:
    stage = Stage()
    stage.service.obeys = False
    ended = stage.start()
    assert ended.status == "FAILED" and ended.error == "NotConfirmed"
    assert "does not take writes yet" in ended.cause
    assert f"the service shows {AWAY} as the writer" in ended.cause
    assert stage.fenced == {AWAY} and stage.markers == (AWAY,), "what may have been promoted is not undone"
    assert stage.lease is None
    assert stage.messages


def test_a_promotion_that_is_refused_lets_the_old_writer_go_again() -> None:
    stage = Stage()
    stage.service.errors = [client_error("InvalidDBClusterStateFault", "the cluster is being modified")]
    ended = stage.start()
    assert ended.status == "FAILED" and ended.error == "PromotionRefused"
    assert "being modified" in ended.cause
    assert not stage.fenced and not stage.markers and stage.lease is None


def test_a_throttled_promotion_is_tried_again() -> None:
    stage = Stage()
    stage.service.errors = [client_error("Throttling"), client_error("Throttling")]
    assert stage.start().status == "SUCCEEDED"
    assert stage.service.promotions == [("failover", HERE)]


def test_an_approval_is_asked_for_with_the_exact_commands_and_assessed_again_after_it() -> None:
    stage = Stage(person=lambda message, limit: ("approve", "Ada"))
    ended = stage.start(approval=True)
    assert ended.status == "SUCCEEDED"
    assert ended.trail.count("Assess") == 2
    asked = stage.messages[0]["Message"]
    assert f"aws stepfunctions send-task-success --region {HERE} --task-token token-of-first" in asked
    assert """--task-output '{"by": "YOUR NAME"}'""" in asked
    assert "--error Refused" in asked


def test_an_approval_that_is_refused_ends_with_the_name_and_changes_nothing() -> None:
    stage = Stage(person=lambda message, limit: ("refuse", "Ada: it is the network"))
    ended = stage.start(approval=True)
    assert ended.status == "FAILED" and ended.error == "NotApproved"
    assert "Ada: it is the network" in ended.cause
    assert stage.service.promotions == [] and not stage.fenced and stage.lease is None


def test_an_approval_that_is_refused_without_a_word_ends_the_same_way_and_is_told() -> None:
    stage = Stage(person=lambda message, limit: ("refuse", ""))
    ended = stage.start(approval=True)
    assert ended.status == "FAILED" and ended.error == "NotApproved"
    assert "it was refused" in ended.cause and "TellFailure" in ended.trail
    assert "it was refused" in stage.messages[-1]["Message"]
    assert stage.service.promotions == [] and stage.lease is None


def test_no_state_reads_a_part_of_an_error_that_a_failure_need_not_have() -> None:
    assert "$.error." not in json.dumps(STATES)


def test_an_approval_that_never_comes_ends_in_time() -> None:
    stage = Stage()
    ended = stage.start(approval=True, approval_seconds=600)
    assert ended.status == "FAILED" and ended.error == "NotApproved"
    assert "nobody answered within 600 seconds" in ended.cause
    assert stage.service.promotions == []


def test_an_approval_does_not_outlive_what_was_approved() -> None:
    stage = Stage(alive=True)

    def recovered(message: str, limit: int) -> tuple[str, str]:
        stage.service.writer = HERE
        stage.clock.wait(30)
        return "approve", "Ada"

    stage.person = recovered
    ended = stage.start(approval=True)
    assert ended.status == "SUCCEEDED" and ended.output["outcome"] == "nothing"
    assert stage.service.promotions == []


def test_a_topic_that_is_dark_does_not_stop_a_failover() -> None:
    stage = Stage(deaf_topic=RuntimeError("dark"))
    ended = stage.start()
    assert ended.status == "SUCCEEDED"
    assert ended.output["told"] == "failed"
    assert stage.service.writer == HERE and stage.lease is None


def test_a_topic_that_is_dark_does_not_hide_why_a_recovery_was_refused() -> None:
    stage = Stage(lag_seconds=300, deaf_topic=RuntimeError("dark"))
    ended = stage.start()
    assert ended.error == "Refused" and "300 s" in ended.cause and stage.lease is None


def test_a_switchover_hands_over_without_fence_marker_or_loss() -> None:
    stage = Stage(alive=True)
    ended = stage.start(verb="switchover")
    assert ended.status == "SUCCEEDED", ended
    assert stage.service.promotions == [("switchover", HERE)]
    assert not stage.fenced and not stage.markers
    assert ended.output["lost_at_most_seconds"] == 0


def test_a_switchover_from_a_lost_region_is_refused_and_failover_named() -> None:
    stage = Stage(alive=False)
    stage.clock.wait(30)
    ended = stage.start(verb="switchover")
    assert ended.error == "Refused" and "use failover" in ended.cause


def test_a_verb_that_nobody_knows_and_a_wrong_target_are_refused() -> None:
    assert "no such verb" in Stage().start(verb="failsideways").cause
    assert f"start it in {AWAY}" in Stage().start(target=AWAY).cause


def test_an_approval_time_that_is_no_number_is_refused() -> None:
    assert "can't be waited for" in Stage().start(approval=True, approval_seconds="soon").cause


@pytest.mark.parametrize(
    "error", ["Lambda.TooManyRequestsException", "Lambda.ResourceNotReadyException", "States.Timeout"]
)
@pytest.mark.parametrize("function", ["assess", "promote", "confirm_writer"])
def test_one_passing_failure_of_a_function_does_not_end_a_failover(function: str, error: str) -> None:
    stage = Stage(lambda_errors={function: [TaskError(error)]})
    assert stage.start().status == "SUCCEEDED"


@pytest.mark.parametrize("function", ["assess", "promote", "confirm_writer"])
def test_a_function_that_fails_for_good_ends_the_recovery_with_a_reason(function: str) -> None:
    stage = Stage(lambda_errors={function: [TaskError("Lambda.Unknown", "out of memory")] * 1000})
    ended = stage.start()
    assert ended.status == "FAILED" and "out of memory" in ended.cause
    assert stage.lease is None and stage.messages


def test_every_task_has_a_time_limit_a_retry_and_a_catch() -> None:
    for name, state in STATES.items():
        if state["Type"] == "Task":
            assert "TimeoutSeconds" in state or "TimeoutSecondsPath" in state, name
            assert state["Retry"] and state["Catch"], name
            caught = [error for catcher in state["Catch"] for error in catcher["ErrorEquals"]]
            assert "States.ALL" in caught, name
            for catcher in state["Catch"]:
                assert catcher["ResultPath"] not in (None, "$"), f"{name} loses its input"


def test_the_machine_outlives_the_longest_approval_and_the_longest_wait() -> None:
    import assess

    waiting = 120 * (STATES["WaitForProof"]["Seconds"] + STATES["Confirm"]["TimeoutSeconds"])
    assert definition()["TimeoutSeconds"] > assess.LONGEST_APPROVAL_SECONDS
    assert waiting < definition()["TimeoutSeconds"]
