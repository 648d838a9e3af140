"""Deployments with the StackSets in another account, through an organization; and signals to a real process."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from generator.aws.clients import Clouds
from generator.aws.deploy import RefusedError, deploy
from generator.aws.lease import Lease
from generator.aws.organization import management
from generator.config.parts import Accounts
from generator.errors import CloudError
from generator.plan.recorded import placed
from tests.aws.deploy_world import ROOT, Heard, changing, clouds_of, environment, eventually
from twin.cloud.knobs import Knobs
from twin.cloud.process import Running

MANAGEMENT, WORKLOAD, UNIT = "711122223333", "744455556666", "ou-ab12-abcdefgh"


def test_an_organizations_stacksets_deploy_into_another_account(shared_cloud: Running) -> None:
    knobs = Knobs(shared_cloud.url)
    wanted = environment("orga").model_copy(
        update={
            "permission_model": "service-managed",
            "organizational_units": (UNIT,),
            "accounts": Accounts(workload=WORKLOAD, administration=MANAGEMENT, access_role="reach"),
        }
    )
    clouds = clouds_of(shared_cloud, wanted)
    knobs.organize(management=MANAGEMENT, trusted_access=False, units={UNIT: {"accounts": [WORKLOAD]}})
    try:
        with pytest.raises(CloudError, match="no trusted access") as error:
            deploy(wanted, clouds, Heard())
        assert "activate-organizations-access" in error.value.hint
        assert not changing(knobs, MANAGEMENT)
        knobs.organize(management=MANAGEMENT, trusted_access=True, units={UNIT: {"accounts": [WORKLOAD]}})
        result = deploy(wanted, clouds, Heard())
        again = deploy(wanted, clouds, Heard())
        renamed = wanted.model_copy(update={"tags": {**wanted.tags, "owner": "somebody else"}})
        changed = deploy(renamed, Clouds(renamed, local=clouds.local), Heard())
    finally:
        knobs.organize()
    assert {each.tags["owner"] for each in changed.seen.stacksets.values()} == {"somebody else"}
    assert {"dr-orga-keys", "dr-orga-network", "dr-orga-storage"} <= set(changed.changed)
    places = placed(wanted, result.seen).instances
    assert {each.stack for each in places if each.account == MANAGEMENT} == {"deployment"}
    assert all(result.seen.stack_of(each) is not None for each in places)
    for each in (result, again):
        assert {found.permission_model for found in each.seen.stacksets.values()} == {"SERVICE_MANAGED"}
    assert again.changed == ()


def test_nothing_is_deployed_to_an_organizations_management_account(shared_cloud: Running) -> None:
    knobs = Knobs(shared_cloud.url)
    wanted = environment("orgb").model_copy(
        update={
            "permission_model": "service-managed",
            "organizational_units": (UNIT,),
            "accounts": Accounts(workload=MANAGEMENT),
        }
    )
    clouds = clouds_of(shared_cloud, wanted)
    before = changing(knobs, MANAGEMENT)
    knobs.organize(management=MANAGEMENT, trusted_access=True, units={UNIT: {"accounts": [WORKLOAD]}})
    try:
        assert management(clouds) == MANAGEMENT
        with pytest.raises(RefusedError, match=f"{MANAGEMENT} is the organization's management account"):
            deploy(wanted, clouds, Heard())
        knobs.organize()
        assert management(clouds) == ""  # nobody knows of an organization, which is no failure
    finally:
        knobs.organize()
    assert changing(knobs, MANAGEMENT) == before


_DEPLOYS = """
import sys
from pathlib import Path
sys.path[:0] = [{root!r}]
from generator.aws.clients import Clouds, Keys
from generator.aws.deploy import deploy
from generator.cli.deploy import terminable
from generator.config import load
from generator.config.parts import Accounts
from generator.errors import DisasterRecoveryError
wanted = load(Path({example!r})).model_copy(
    update={{"suffix": {suffix!r}, "accounts": Accounts(workload={account!r})}}
)
try:
    with terminable():
        deploy(wanted, Clouds(wanted, local=Keys({url!r})), lambda event: None)
except DisasterRecoveryError as error:
    print(error)
    print(error.hint)
    raise SystemExit(error.exit)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_in_good_order(shared_cloud: Running, tmp_path: Path, number: signal.Signals) -> None:
    suffix = f"by{number.name.lower()}"
    wanted, knobs = environment(suffix), Knobs(shared_cloud.url)
    account = wanted.accounts.workload
    script = tmp_path / "deploys.py"
    example = str(ROOT / "stacksets" / "example.yaml")
    script.write_text(
        _DEPLOYS.format(root=str(ROOT), example=example, suffix=suffix, account=account, url=shared_cloud.url)
    )
    knobs.hold(stackset=f"dr-{suffix}-keys")
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    try:
        eventually(lambda: knobs.calls(account=account).get("CreateStackInstances", 0) >= 3, 60)
        process.send_signal(number)
        said, _ = process.communicate(timeout=40)
    finally:
        process.kill()
        process.wait(10)
        knobs.release()
    assert process.returncode == 130
    assert said.startswith("interrupted: still running in the cloud: ")
    assert f"CREATE of dr-{suffix}-keys in eu-west-1, eu-central-1 (" in said
    assert "stop them with: python -m generator stop; go on with: python -m generator deploy" in said
    assert not Lease(clouds_of(shared_cloud, wanted)).read().holder
