"""The fence: made once, lifted once, and never an error."""

from __future__ import annotations

from typing import Any

import fence
import pytest
import settings
from perimeter import ACL, EXTERNAL_ID, Perimeter
from recovery_world import AWAY, HERE, Double


def fencing(perimeter: Perimeter, **changes: Any) -> fence.Fence:
    told: dict[str, Any] = {
        "region": HERE,
        "suffix": "example",
        "table": "t",
        "data_regions": (AWAY, HERE),
        "witness_regions": (),
        "fence_roles": "arn:aws:iam::111122223333:role/dr-example-{region}-fence",
        "network_acls": {AWAY: ACL},
        "external_id": EXTERNAL_ID,
    }

    def clients(service: str, region: str) -> Double:
        assert (service, region) == ("sts", HERE), "the own region's STS, never another's (trap 57)"
        return perimeter.sts()

    return fence.Fence(fence.Settings(**(told | changes)), clients, perimeter.ec2)


def test_a_fence_denies_the_databases_port_from_everywhere_by_the_first_rule() -> None:
    perimeter = Perimeter()
    answer = fence.run(fencing(perimeter), {"region": AWAY})
    assert answer["outcome"] == "fenced" and answer["reason"]
    assert perimeter.fenced == {AWAY}
    (request,) = perimeter.requests
    assert request["NetworkAclId"] == ACL and request["RuleNumber"] < 100 and request["Egress"] is False
    assert request["RuleAction"] == "deny" and request["CidrBlock"] == "0.0.0.0/0"
    assert request["Protocol"] == "6" and request["PortRange"] == {"From": 5432, "To": 5432}


def test_each_region_fences_under_a_number_of_its_own_wherever_home_is() -> None:
    regions = ("eu-west-1", "eu-central-1", "eu-north-1")
    for order in (regions, regions[::-1]):
        rules = [fencing(Perimeter(), region=each, data_regions=order).settings.rule for each in regions]
        assert rules == [3, 1, 2]


def test_a_fence_that_stands_and_one_that_is_gone_are_done() -> None:
    perimeter = Perimeter()
    made = fencing(perimeter)
    for _ in range(2):
        assert fence.run(made, {"region": AWAY})["outcome"] == "fenced"
    for _ in range(2):
        assert fence.run(made, {"region": AWAY, "action": "unfence"})["outcome"] == "unfenced"
    assert perimeter.fenced == set()


@pytest.mark.parametrize(
    ("perimeter", "said"),
    [
        (Perimeter(reachable=False), "does not answer"),
        (Perimeter(denied_role="AccessDenied"), "could not be assumed: AccessDenied"),
        (Perimeter(denied_entry="UnauthorizedOperation"), "UnauthorizedOperation"),
        (Perimeter(denied_entry="RequestLimitExceeded"), "RequestLimitExceeded"),
    ],
)
def test_a_fence_that_fails_answers_with_the_reason(perimeter: Perimeter, said: str) -> None:
    answer = fence.run(fencing(perimeter), {"region": AWAY})
    assert answer["outcome"] == "failed" and said in answer["reason"]
    assert perimeter.fenced == set()


def test_a_region_that_is_not_known_is_not_fenced() -> None:
    for region in (HERE, "elsewhere", ""):
        assert fence.run(fencing(Perimeter()), {"region": region})["outcome"] == "failed"


def test_a_dry_run_tries_the_role_and_both_calls_without_effect() -> None:
    perimeter = Perimeter()
    answer = fence.run(fencing(perimeter), {"dry_run": True})
    assert answer["ok"] and perimeter.fenced == set()
    assert [request["DryRun"] for request in perimeter.requests] == [True, True]


def test_a_dry_run_finds_a_right_that_was_removed() -> None:
    for perimeter in (Perimeter(denied_role="AccessDenied"), Perimeter(denied_entry="UnauthorizedOperation")):
        answer = fence.run(fencing(perimeter), {"dry_run": True})
        assert not answer["ok"] and "dr-example-eu-west-1-fence" in answer["findings"][0]["hint"]
    assert not fence.run(fencing(Perimeter(), network_acls={}), {"dry_run": True})["ok"]


def test_all_calls_together_fit_into_the_machines_step() -> None:
    longest = sum(one.attempts * (one.connect + one.read) for one in (fence.AT_HOME, fence.AWAY))
    assert longest < 20


def test_settings_are_read_from_text() -> None:
    told = settings.read(
        fence.Settings,
        {
            "AWS_REGION": HERE,
            "DR_SUFFIX": "example",
            "DR_TABLE": "t",
            "DR_DATA_REGIONS": f"{AWAY},{HERE}",
            "DR_WITNESS_REGIONS": "none",
            "DR_FENCE_ROLES": "arn:aws:iam::111122223333:role/dr-example-{region}-fence",
            "DR_NETWORK_ACLS": f"{AWAY}={ACL}",
            "DR_EXTERNAL_ID": "none",
        },
    )
    assert told.network_acls == {AWAY: ACL} and told.external_id is None
