"""What assess asks, and how it answers when AWS does not."""

from __future__ import annotations

from collections.abc import Iterator

import assess
import facts
import pytest
import settings
from moto import mock_aws
from recovery_world import AWAY, HERE, WITNESS, client_error, timed_out
from stage import Stage

FAILOVER = {"request": {"verb": "failover", "target": HERE}}


@pytest.fixture(autouse=True)
def emulated() -> Iterator[None]:
    with mock_aws():
        yield


def test_the_answer_is_plain_json_with_every_field_that_the_machine_reads() -> None:
    answer = Stage().handlers()["assess"](FAILOVER)
    assert answer["outcome"] == "proceed" and answer["accepted"]
    assert answer["old"] == AWAY and answer["target_arn"].startswith("arn:aws:rds:")
    assert answer["lost_at_most"] == "30 s" and answer["at_ms_text"] == str(answer["at_ms"])
    assert answer["steps"][0]["name"] == "lease"


def test_a_loss_that_can_not_be_judged_is_called_unknown() -> None:
    stage = Stage(probing=False)
    request = {"request": FAILOVER["request"] | {"accept_data_loss": True}}
    answer = stage.handlers()["assess"](request)
    assert answer["accepted"] and answer["loss_seconds"] == -1 and answer["lost_at_most"] == "unknown"


def test_accepting_a_loss_takes_the_word_true_and_nothing_like_it() -> None:
    stage = Stage(lag_seconds=300)
    for almost in ("true", 1, "yes", None):
        request = {"request": FAILOVER["request"] | {"accept_data_loss": almost}}
        assert not stage.handlers()["assess"](request)["accepted"]


@pytest.mark.parametrize(
    "error", [client_error("Throttling"), client_error("InternalFailure", status=500), timed_out()]
)
def test_an_own_region_that_does_not_answer_may_be_asked_again(error: Exception) -> None:
    stage = Stage()
    stage.service.describing = [error]
    with pytest.raises(facts.UnavailableError, match="DescribeGlobalClusters"):
        stage.handlers()["assess"](FAILOVER)


def test_a_right_that_is_missing_is_a_refusal_that_names_it() -> None:
    stage = Stage()
    stage.service.describing = [client_error("AccessDenied", "not authorized to perform: rds:Describe…", 403)]
    answer = stage.handlers()["assess"](FAILOVER)
    assert not answer["accepted"] and "AccessDenied" in answer["reason"] and answer["hint"]


def test_a_global_cluster_that_does_not_exist_is_a_refusal() -> None:
    stage = Stage()
    stage.service.describing = [client_error("GlobalClusterNotFoundFault", status=404)]
    assert "does not exist" in stage.handlers()["assess"](FAILOVER)["reason"]


def test_a_failover_asks_nothing_of_any_other_region() -> None:
    stage = Stage()
    told = assess.Settings(HERE, "example", stage.table.name, (AWAY, HERE), (), "dr-example", 60, "manual")

    def nowhere(service: str, region: str) -> object:
        raise AssertionError(f"{service} in {region} was asked")

    assessing = assess.Assess(told, stage.clients, nowhere, stage.clock.ms)
    assert assess.run(assessing, FAILOVER)["outcome"] == "proceed"


def test_a_switchover_goes_by_the_proof_when_the_active_regions_rds_does_not_answer() -> None:
    stage = Stage(alive=True)
    told = assess.Settings(HERE, "example", stage.table.name, (AWAY, HERE), (), "dr-example", 60, "manual")

    def deaf(service: str, region: str) -> object:
        assert (service, region) == ("rds", AWAY)

        class Deaf:
            def describe_db_clusters(self, **request: object) -> None:
                raise timed_out("rds")

        return Deaf()

    assessing = assess.Assess(told, stage.clients, deaf, stage.clock.ms)
    answer = assess.run(assessing, {"request": {"verb": "switchover", "target": HERE}})
    assert answer["outcome"] == "proceed"


def test_a_dry_run_reads_everything_and_finds_a_missing_member() -> None:
    stage = Stage()
    assert stage.handlers()["assess"]({"dry_run": True})["ok"]
    stage.service.regions = (AWAY,)
    answer = stage.handlers()["assess"]({"dry_run": True})
    assert not answer["ok"] and answer["findings"][0]["subject"] == HERE


def test_a_witness_refuses_with_a_reason_and_asks_nobody() -> None:
    told = assess.Settings(WITNESS, "example", "table", (AWAY, HERE), (WITNESS,), "dr-example", 60, "manual")

    def nowhere(service: str, region: str) -> object:
        raise AssertionError(f"{service} in {region} was asked")

    assessing = assess.Assess(told, nowhere, nowhere, lambda: 0)
    answer = assess.run(assessing, {"request": {"verb": "failover", "target": WITNESS}})
    assert answer["outcome"] == "refused" and not answer["accepted"]
    assert answer["reason"] == "a witness decides nothing" and HERE in answer["hint"]
    assert assess.run(assessing, {"dry_run": True})["reason"] == "a witness decides nothing"


def test_settings_name_every_variable_that_is_missing() -> None:
    with pytest.raises(settings.SettingsError) as caught:
        settings.read(assess.Settings, {"AWS_REGION": HERE, "DR_RPO_SECONDS": "soon"})
    for name in ("DR_GLOBAL_CLUSTER", "DR_RPO_SECONDS", "DR_MODE", "DR_TABLE", "DR_DATA_REGIONS"):
        assert name in str(caught.value)
