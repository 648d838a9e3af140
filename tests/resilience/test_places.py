"""Both permission models, two accounts, two to ten regions, and several environments in one account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.aws import observe
from generator.config import Environment, load
from generator.config.parts import Accounts
from generator.plan.recorded import placed
from tests.resilience.portrait import portrait
from tests.resilience.world import HOME, REGIONS, ROOT, SOAK, Deploying, account, clouds_at, deployed, environment
from twin.cloud.knobs import Knobs

UNIT = "ou-ab12-abcdefgh"


def _stands(url: str, wanted: Environment) -> None:
    """Deploy: every stack is there, each region's database has joined, and a second time nothing is changed."""
    result = deployed(clouds_at(url, wanted))
    for each in placed(wanted, result.seen).instances:
        found = result.seen.stack_of(each)
        assert found is not None, each
        assert found.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), (each, found)
    members = {each.region: each.writer for each in result.seen.database.members}
    assert members == {each.name: each == wanted.origin for each in wanted.data_regions}
    assert deployed(clouds_at(url, wanted)).changed == ()
    assert portrait(clouds_at(url, wanted)).removals == ()


def _file(path: Path, count: int) -> Environment:
    """Return an environment that was read from a file with so many data regions."""
    values: dict[str, Any] = yaml.safe_load((ROOT / "stacksets" / "example.yaml").read_text())
    regions = {
        name: {"role": "origin" if index == 0 else "standby", "range": f"10.{index}.0.0/16"}
        for index, name in enumerate(REGIONS[:count])
    }
    values |= {"suffix": f"of{count}", "accounts": {"workload": account()}, "regions": regions}
    values["dns"] |= {"region": HOME}
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return load(path)


@pytest.mark.parametrize("count", [10] if SOAK > 1 else [5])
def test_a_file_with_many_regions_is_deployed(url: str, tmp_path: Path, count: int) -> None:
    wanted = _file(tmp_path / "environment.yaml", count)
    assert len(wanted.data_regions) == count
    _stands(url, wanted)


def test_stacksets_of_one_account_deploy_into_another_through_roles(url: str, knobs: Knobs) -> None:
    wanted = environment(accounts=Accounts(workload=account(), administration=account(), access_role="reach"))
    _stands(url, wanted)
    administration, workload = wanted.accounts.administration, wanted.accounts.workload
    seen = observe.seen(wanted, clouds_at(url, wanted))
    assert {each.permission_model for each in seen.stacksets.values()} == {"SELF_MANAGED"}
    assert {each.account for one in seen.stacksets.values() for each in one.instances} == {workload}
    assert {name for name in knobs.calls(account=workload) if name.endswith(("StackSet", "StackInstances"))} == set()
    assert knobs.calls(account=administration)["CreateStackInstances"] > 20


@pytest.mark.parametrize("delegated", [False, True], ids=["management", "delegated"])
def test_stacksets_of_an_organization_deploy_into_another_account(url: str, knobs: Knobs, delegated: bool) -> None:
    accounts = Accounts(workload=account(), administration=account(), access_role="reach")
    management = account() if delegated else accounts.administration
    members = [accounts.workload, accounts.administration] if delegated else [accounts.workload]
    knobs.organize(
        management=management,
        trusted_access=True,
        units={UNIT: {"accounts": members}},
        delegated=[accounts.administration] if delegated else [],
    )
    wanted = environment(permission_model="service-managed", organizational_units=(UNIT,), accounts=accounts)
    result = deployed(clouds_at(url, wanted))
    again = deployed(clouds_at(url, wanted))
    assert {each.permission_model for each in result.seen.stacksets.values()} == {"SERVICE_MANAGED"}
    instances = [each for one in result.seen.stacksets.values() for each in one.instances]
    assert {(each.account, each.status) for each in instances} == {(accounts.workload, "CURRENT")}
    assert all(result.seen.stack_of(each) for each in placed(wanted, result.seen).instances)
    assert again.changed == ()


def test_environments_side_by_side_in_one_account_do_not_touch_one_another(url: str) -> None:
    shared = Accounts(workload=account())
    every = [environment(f"side{index}", accounts=shared) for index in range(5 if SOAK > 1 else 3)]
    deployments = [Deploying(clouds_at(url, each)) for each in every]
    for deploying in deployments:
        deploying.fine()
    drawn = [portrait(clouds_at(url, each)) for each in every]
    alike = [json.dumps([each.stacks, each.stacksets, each.ledger], sort_keys=True) for each in drawn]
    assert len(set(alike)) == 1
    assert not any(each.removals for each in drawn)
    storage = every[0].storage.model_copy(update={"noncurrent_days": 77})
    before = {each.suffix: _ids(url, each) for each in every}
    changed = deployed(clouds_at(url, every[0].model_copy(update={"storage": storage}))).changed
    assert changed == ("dr-side0-storage",)
    assert all(_ids(url, each) == before[each.suffix] for each in every[1:])
    assert deployed(clouds_at(url, every[1])).changed == ()


def _ids(url: str, wanted: Environment) -> dict[str, Any]:
    seen = observe.seen(wanted, clouds_at(url, wanted))
    return {
        each.id: (each.status, each.tags, each.outputs) for one in seen.stacksets.values() for i in one.instances
        if (each := i.stack)
    }  # fmt: skip
