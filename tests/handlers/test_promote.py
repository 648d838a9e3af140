"""The promotion: called in the right region, once, and told apart when nobody answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import facts
import promote
import pytest
from botocore.exceptions import ConnectTimeoutError
from moto import mock_aws
from recovery_world import AWAY, HERE, WITNESS, arn, client_error
from stage import Stage

FAILOVER = {"verb": "failover", "target": HERE}
SWITCHOVER = {"verb": "switchover", "target": HERE}


@pytest.fixture(autouse=True)
def emulated() -> Iterator[None]:
    with mock_aws():
        yield


def call(stage: Stage, event: dict[str, Any]) -> dict[str, Any]:
    return stage.handlers()["promote"](event)


def test_a_failover_is_called_here_and_a_switchover_in_the_active_region() -> None:
    assert call(Stage(), FAILOVER) | {"reason": ""} == {
        "outcome": "accepted",
        "reason": "",
        "asked_at_ms": 1_800_000_000_000,
        "called_in": HERE,
        "target_arn": arn(HERE),
        "old": AWAY,
    }
    assert call(Stage(alive=True), SWITCHOVER)["called_in"] == AWAY


def test_a_second_call_finds_it_in_progress_and_a_third_finds_it_done() -> None:
    stage = Stage()
    assert call(stage, FAILOVER)["outcome"] == "accepted"
    assert call(stage, FAILOVER)["outcome"] == "in progress"
    stage.clock.wait(60)
    assert call(stage, FAILOVER)["outcome"] == "done"
    assert len(stage.service.promotions) == 1


def test_a_call_without_an_answer_that_took_effect_is_seen_to_be_in_progress() -> None:
    stage = Stage()
    stage.service.deaf = 1
    answer = call(stage, FAILOVER)
    assert answer["outcome"] == "in progress" and "though the call said" in answer["reason"]
    assert len(stage.service.promotions) == 1


def test_a_call_without_an_answer_or_effect_is_unclear_and_was_made_once() -> None:
    stage = Stage()
    stage.service.deaf, stage.service.obeys = 1, False
    assert call(stage, FAILOVER)["outcome"] == "unclear"
    assert len(stage.service.promotions) == 1


def test_an_error_of_the_service_is_looked_into_before_it_is_believed() -> None:
    stage = Stage()
    stage.service.errors = [client_error("InternalError", status=500)]
    assert call(stage, FAILOVER)["outcome"] == "unclear"


def test_a_wrong_state_is_looked_into_because_an_earlier_call_may_be_the_cause() -> None:
    stage = Stage()
    call(stage, FAILOVER)
    swap, stage.service.swap = stage.service.swap, None  # what describes lags behind the call

    def late() -> None:
        stage.service.swap = stage.service.swap or swap

    stage.clock.ticks.append(late)
    stage.service.errors = [client_error("InvalidGlobalClusterStateFault")]
    assert call(stage, FAILOVER)["outcome"] == "in progress"


def test_a_refusal_says_what_the_service_said() -> None:
    stage = Stage()
    stage.service.errors = [client_error("InvalidDBClusterStateFault", "is being modified")]
    answer = call(stage, FAILOVER)
    assert answer["outcome"] == "refused" and "is being modified" in answer["reason"]
    denied = Stage()
    denied.service.errors = [client_error("AccessDenied", "not authorized", 403)]
    assert "AccessDenied" in call(denied, FAILOVER)["reason"]


def test_throttling_and_a_silent_own_region_may_be_tried_again() -> None:
    stage = Stage()
    stage.service.errors = [client_error("Throttling")]
    with pytest.raises(facts.UnavailableError):
        call(stage, FAILOVER)
    stage.service.describing = [client_error("ServiceUnavailable", status=503)]
    with pytest.raises(facts.UnavailableError):
        call(stage, FAILOVER)
    assert stage.service.promotions == []


def test_a_switchover_whose_region_can_not_be_reached_was_not_asked_for() -> None:
    stage = Stage(alive=True)
    stage.service.errors = [ConnectTimeoutError(endpoint_url="https://rds")]
    answer = call(stage, SWITCHOVER)
    assert answer["outcome"] == "refused" and f"RDS in {AWAY} can't be reached" in answer["reason"]


def test_an_own_region_that_can_not_be_reached_is_tried_again() -> None:
    stage = Stage()
    stage.service.errors = [ConnectTimeoutError(endpoint_url="https://rds")]
    with pytest.raises(facts.UnavailableError):
        call(stage, FAILOVER)


def test_a_verb_or_target_that_is_not_for_here_calls_nothing() -> None:
    stage = Stage()
    for event in ({"verb": "failover", "target": AWAY}, {"verb": "other", "target": HERE}, {}):
        assert call(stage, event)["outcome"] == "refused"
    assert stage.service.promotions == []


def test_botocore_never_repeats_the_call_by_itself() -> None:
    assert promote.ONCE.attempts == 1


def test_a_dry_run_reads_the_membership_and_promotes_nothing() -> None:
    stage = Stage()
    assert call(stage, {"dry_run": True})["ok"]
    stage.service.describing = [client_error("AccessDenied", status=403)]
    assert not call(stage, {"dry_run": True})["ok"]
    assert stage.service.promotions == []


def test_all_that_a_promotion_may_take_fits_into_the_functions_minute() -> None:
    look = facts.QUICK.attempts * (facts.QUICK.connect + facts.QUICK.read)
    call_ = promote.ONCE.connect + promote.ONCE.read
    assert look + call_ + promote.LOOKS * look + (promote.LOOKS - 1) * promote.PAUSE_SECONDS < 60


@pytest.mark.parametrize("verb", ["failover", "switchover"])
def test_a_witness_promotes_nothing_and_asks_nobody(verb: str) -> None:
    told = promote.Settings(WITNESS, "example", "table", (AWAY, HERE), (WITNESS,), "dr-example")

    def nowhere(service: str, region: str) -> object:
        raise AssertionError(f"{service} in {region} was asked")

    promoting = promote.Promote(told, nowhere, nowhere, lambda: 0, lambda seconds: None)
    answer = promote.run(promoting, {"verb": verb, "target": WITNESS})
    assert answer["outcome"] == "refused" and answer["reason"] == "a witness decides nothing"
    assert promote.run(promoting, {"dry_run": True})["reason"] == "a witness decides nothing"
