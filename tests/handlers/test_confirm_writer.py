"""The proof decides, whatever the service says or does not say."""

from __future__ import annotations

from collections.abc import Iterator

import confirm_writer
import facts
import pytest
from moto import mock_aws
from recovery_world import AWAY, HERE, START_MS, WITNESS, client_error
from stage import Stage

AFTER_START = {"target": HERE, "asked_at_ms": START_MS}


@pytest.fixture(autouse=True)
def emulated() -> Iterator[None]:
    with mock_aws():
        yield


def promoted() -> Stage:
    stage = Stage()
    stage.service.writer = HERE
    stage.clock.wait(10)
    return stage


def test_a_proof_after_the_promotion_confirms() -> None:
    answer = promoted().handlers()["confirm_writer"](AFTER_START)
    assert answer["confirmed"] and answer["confirmed_at_ms"] == START_MS + 10_000


def test_a_region_that_is_still_a_replica_is_not_confirmed_with_the_probes_reason() -> None:
    answer = Stage().handlers()["confirm_writer"](AFTER_START)
    assert not answer["confirmed"] and f"{HERE} is replica" in answer["reason"]


@pytest.mark.parametrize("code", ["AccessDenied", "Throttling"])
def test_a_service_that_does_not_answer_does_not_hold_the_proof_up(code: str) -> None:
    stage = promoted()
    stage.service.describing = [client_error(code)]
    answer = stage.handlers()["confirm_writer"](AFTER_START)
    assert answer["confirmed"] and code in answer["reason"]


def test_a_service_that_lags_is_said_to() -> None:
    stage = promoted()
    stage.service.writer = AWAY
    answer = stage.handlers()["confirm_writer"](AFTER_START)
    assert answer["confirmed"] and f"the service shows {AWAY}" in answer["reason"]


def test_a_table_that_does_not_answer_may_be_asked_again() -> None:
    stage = promoted()
    stage.dynamodb.delete_table(TableName=stage.table.name)
    with pytest.raises(facts.UnavailableError, match="state table"):
        stage.handlers()["confirm_writer"](AFTER_START)


def test_a_dry_run_finds_a_right_that_is_missing() -> None:
    stage = Stage()
    assert stage.handlers()["confirm_writer"]({"dry_run": True})["ok"]
    stage.service.describing = [client_error("AccessDenied")]
    assert not stage.handlers()["confirm_writer"]({"dry_run": True})["ok"]


def test_a_witness_confirms_nothing_and_asks_nobody() -> None:
    told = confirm_writer.Settings(WITNESS, "example", "table", (AWAY, HERE), (WITNESS,), "dr-example")

    def nowhere(service: str, region: str) -> object:
        raise AssertionError(f"{service} in {region} was asked")

    confirming = confirm_writer.Confirm(told, nowhere, lambda: START_MS)
    answer = confirm_writer.run(confirming, AFTER_START)
    assert answer == {"confirmed": False, "reason": "a witness decides nothing", "confirmed_at_ms": 0}
    assert confirm_writer.run(confirming, {"dry_run": True})["reason"] == "a witness decides nothing"
