"""What an operation waits for is seen, and neither a deployment nor a teardown waits for what only the dark can end."""

from __future__ import annotations

from generator.aws import inventory, observe
from generator.aws.clients import Keys
from generator.aws.deploy import Options, deploy
from generator.aws.destroy import planned
from generator.aws.events import Said
from generator.plan.model import DeleteInstances, Wait
from tests.aws.deploy_world import Heard, clouds_of, eventually
from tests.aws.status_world import A, B, silence
from tests.aws.test_destroy import Night, disposable
from twin.cloud.knobs import Knobs
from twin.cloud.process import Running


def test_an_operation_that_hangs_in_a_dark_region_holds_up_nobody(shared_cloud: Running) -> None:
    made = disposable("hangs")
    clouds, knobs = clouds_of(shared_cloud, made), Knobs(shared_cloud.url)
    deploy(made, clouds, Heard())
    name = "dr-hangs-observability"
    with knobs.held(stackset=name, region=A), silence() as nobody:
        clouds.stacksets().update_stack_instances(
            StackSetName=name, Accounts=[made.accounts.workload], Regions=[A, B],
            OperationPreferences={"RegionConcurrencyType": "PARALLEL", "MaxConcurrentPercentage": 100},
        )  # fmt: skip
        eventually(lambda: [each.waiting for each in inventory.stackset(clouds, name, {}).operations] == [(A,)])
        night, heard = Night(made, local=Keys(shared_cloud.url, {A: nobody})), Heard()
        assert observe.seen(made, night).dark == (A,)
        result = deploy(made, night, heard, Options(allowed=frozenset({"--without-dark"})))
        assert result.changed == ()
        said = [each.text for each in heard.of(Said)]
        assert any(each.startswith(f"{name} is left as it is everywhere") and A in each for each in said)
        found, _ = planned(made, night, data=False)
        assert not [each for each in found.steps if isinstance(each, Wait)]
        assert not [each for each in found.steps if isinstance(each, DeleteInstances) and each.name == name]
        assert any(each.name == name and B in each.regions and "has not ended" in each.why for each in found.left)
    eventually(lambda: not inventory.stackset(clouds, name, {}).operations)
