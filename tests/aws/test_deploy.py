"""A whole deployment in two regions, its failure on the way, and what a second one does: over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from generator import naming
from generator.aws import observe, works
from generator.aws.clients import Clouds
from generator.aws.deploy import Options, RefusedError, Result, deploy
from generator.aws.events import Checked, Fault, Said, Uploaded
from generator.aws.faults import DeployError
from generator.aws.uploads import Packages
from generator.aws.works import Library
from generator.config import Environment
from generator.plan.model import Kind, SeenStackSet, Work
from generator.plan.recorded import placed
from generator.plan.wanted import Facts
from tests.aws.deploy_world import Deploying, Heard, changing, clouds_of, environment
from twin.cloud.knobs import Knobs
from twin.cloud.process import Running

REASON = "the quota of keys in this region is used up"


@dataclass
class Story:
    """A deployment that failed, the one that went on from there, and one more, of the same environment."""

    wanted: Environment
    clouds: Clouds
    knobs: Knobs
    failed: Deploying
    after_failure: dict[str, int]
    result: Result
    heard: Heard
    calls: dict[str, int]
    again: Result
    heard_again: Heard
    calls_again: dict[str, int]
    all_calls_again: dict[str, int]


@pytest.fixture(scope="module")
def story(shared_cloud: Running) -> Iterator[Story]:
    wanted = environment("story")
    account = wanted.accounts.workload
    clouds, knobs = clouds_of(shared_cloud, wanted), Knobs(shared_cloud.url)
    knobs.fail(logical_id="Key", stack="StackSet-dr-story-keys-*", region="eu-central-1", reason=REASON)
    failed = Deploying(wanted, clouds).end()
    after_failure = changing(knobs, account)
    knobs.heal()
    heard, heard_again = Heard(), Heard()
    knobs.forget_calls()
    result = deploy(wanted, clouds, heard)
    calls = knobs.calls(account=account)
    knobs.forget_calls()
    again = deploy(wanted, clouds, heard_again)
    yield Story(
        wanted, clouds, knobs, failed, after_failure, result, heard, calls, again, heard_again,
        changing(knobs, account), knobs.calls(account=account),
    )  # fmt: skip


def test_a_failure_names_the_resource_the_region_the_reason_and_the_command_to_go_on(story: Story) -> None:
    error = story.failed.error
    assert isinstance(error, DeployError), error
    [fault] = [each for each in error.faults if each.stackset == "dr-story-keys"]
    assert (fault.region, fault.resource, fault.type, fault.reason) == ("eu-central-1", "Key", "AWS::KMS::Key", REASON)
    assert "quota" in fault.hint
    assert "go on with: python -m generator deploy" in error.hint
    assert fault in story.failed.heard.of(Fault)


def test_a_failure_does_not_keep_the_rest_of_its_wave_from_being_made(story: Story) -> None:
    assert story.after_failure["CreateStackSet"] == 3  # keys, global-database, zone
    seen = story.result.seen
    assert {"dr-story-zone", "dr-story-global-database"} <= set(seen.stacksets)


def test_the_next_deployment_goes_on_to_the_end(story: Story) -> None:
    for each in placed(story.wanted, story.result.seen).instances:
        found = story.result.seen.stack_of(each)
        assert found is not None, each
        assert found.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), (each, found.status, found.reason)


def test_the_database_has_a_writer_and_a_standby(story: Story) -> None:
    members = {each.region: each.writer for each in story.result.seen.database.members}
    assert members == {"eu-west-1": True, "eu-central-1": False}
    assert not [each for each in story.result.checks if each.failing and each.problem]


def test_the_name_servers_to_delegate_are_told(story: Story) -> None:
    assert len(story.result.name_servers) == 4


def test_a_second_deployment_makes_no_changing_call_and_says_so(story: Story) -> None:
    assert story.again.changed == ()
    assert "nothing to change" in [each.text for each in story.heard_again.of(Said)]
    assert {name for name in story.calls_again if name != "InvokeFunction"} == set()  # which is asked for a dry run


def test_a_second_deployment_only_asks_for_a_dry_run_of_the_bootstrap(story: Story) -> None:
    asked = [each for each in story.knobs.invocations() if each["account"] == story.wanted.accounts.workload]
    assert [each["event"] for each in asked] == [{"dry_run": False}, {"dry_run": True}]


def test_looking_takes_three_calls_a_stackset_and_few_more(story: Story) -> None:
    stacksets = len(story.again.seen.stacksets)
    assert story.all_calls_again["DescribeStackSet"] == stacksets
    assert story.all_calls_again["ListStackInstances"] == stacksets
    assert story.all_calls_again["ListStackSetOperations"] == stacksets
    assert story.all_calls_again["DescribeStacks"] <= 2 * 2  # pages of two regions
    assert sum(story.all_calls_again.values()) <= 3 * stacksets + 40


def test_every_package_is_uploaded_once_to_each_region(story: Story) -> None:
    uploaded = [(each.region, each.key) for each in story.heard.of(Uploaded) if each.key.endswith(".zip")]
    assert len(uploaded) == len(set(uploaded)) == 2 * 9


def test_a_template_that_is_too_long_for_a_call_went_through_the_bucket(story: Story) -> None:
    [template] = [each for each in story.heard.of(Uploaded) if each.key.endswith(".yaml")]
    assert template.size > 51_200
    account = story.wanted.accounts.administration
    assert template.bucket == naming.TEMPLATE_BUCKET.of(suffix="story", region="eu-central-1", account=account)


@pytest.mark.parametrize(
    ("stack", "resource"),
    [("database", "Cluster"), ("global-database", "GlobalCluster"), ("storage", "DataBucket"), ("keys", "Key")],
)
def test_stacks_that_hold_data_refuse_to_replace_or_delete_it(story: Story, stack: str, resource: str) -> None:
    place = next(each for each in placed(story.wanted, story.result.seen).instances if each.stack == stack)
    found = story.result.seen.stack_of(place)
    assert found is not None
    client = story.clouds.client("cloudformation", place.region)
    policy = json.loads(client.get_stack_policy(StackName=found.id)["StackPolicyBody"])
    denied = [each for each in policy["Statement"] if each["Effect"] == "Deny"]
    [statement] = [each for each in denied if f"LogicalResourceId/{resource}" in each["Resource"]]
    assert statement["Action"] == ["Update:Replace", "Update:Delete"]


def test_plain_stacks_are_protected_against_deletion_by_hand(story: Story) -> None:
    assert story.result.seen.plain
    assert all(each.protected for each in story.result.seen.plain.values())


def test_overrides_are_sent_whole(story: Story) -> None:
    client = story.clouds.stacksets()
    found = client.describe_stack_instance(
        StackSetName="dr-story-database",
        StackInstanceAccount=story.wanted.accounts.workload,
        StackInstanceRegion="eu-central-1",
    )["StackInstance"]
    template = client.describe_stack_set(StackSetName="dr-story-database")["StackSet"]
    assert len(found["ParameterOverrides"]) == len(template["Parameters"])


def test_an_output_that_is_missing_is_named_with_its_stack(story: Story) -> None:
    seen = story.result.seen
    network = seen.stacksets["dr-story-network"]

    def without(one: SeenStackSet, region: str) -> SeenStackSet:
        instances = tuple(
            replace(each, stack=replace(each.stack, outputs={})) if each.region == region and each.stack else each
            for each in one.instances
        )
        return replace(one, instances=instances)

    lacking = replace(seen, stacksets={**seen.stacksets, network.name: without(network, "eu-central-1")})
    packages = Packages()
    try:
        lists = observe.prefix_lists(story.wanted, story.clouds, lacking)
        facts = Facts(story.wanted, lacking, packages.keys, lists)
        places = tuple(each for each in placed(story.wanted, lacking).instances if each.stack == "probe")
        work = Work(Kind.STACKSET, "dr-story-probe", "probe", places)
        with pytest.raises(DeployError, match=r"probe in eu-central-1 needs .*: output \w+ of network in eu-central-1"):
            works.to_do(facts, Library(story.wanted, packages), work)
    finally:
        packages.close()


def test_a_dark_region_is_named_within_a_bounded_time_and_nothing_is_done_there(story: Story) -> None:
    heard, options = Heard(), Options(allowed=frozenset({"--without-dark"}))
    story.knobs.darken(eu_west_1="refuses")
    story.knobs.forget_calls()
    try:
        with pytest.raises(RefusedError, match="eu-west-1 does not answer"):
            deploy(story.wanted, story.clouds, heard)
        result = deploy(story.wanted, story.clouds, heard, options)
    finally:
        story.knobs.darken()
    assert result.seen.dark == ("eu-west-1",)
    assert result.changed == ()
    assert any("eu-west-1 does not answer" in each.text for each in heard.of(Said))
    made = changing(story.knobs, story.wanted.accounts.workload)
    assert set(made) <= {"InvokeFunction"}


def test_a_stack_that_was_deleted_behind_our_back_is_made_again(story: Story) -> None:
    place = next(each for each in placed(story.wanted, story.result.seen).instances if each.stack == "observability")
    found = story.result.seen.stack_of(place)
    assert found is not None
    client = story.clouds.client("cloudformation", place.region)
    client.delete_stack(StackName=found.id)
    client.get_waiter("stack_delete_complete").wait(StackName=found.id, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    result = deploy(story.wanted, story.clouds, Heard())
    assert result.changed == (place.stackset,)
    made = result.seen.stack_of(place)
    assert made is not None
    assert made.id != found.id


def test_a_changed_value_reaches_only_what_takes_it_in(story: Story) -> None:
    changed = story.wanted.model_copy(
        update={"storage": story.wanted.storage.model_copy(update={"noncurrent_days": 77})}
    )
    story.knobs.forget_calls()
    result = deploy(changed, clouds_of_same(story, changed), Heard())
    assert result.changed == ("dr-story-storage",)
    calls = changing(story.knobs, story.wanted.accounts.workload)
    assert {name for name in calls if name.endswith("StackInstances")} == {"UpdateStackInstances"}
    back = deploy(story.wanted, story.clouds, Heard(), Options())
    assert back.changed == ("dr-story-storage",)


def clouds_of_same(story: Story, wanted: Environment) -> Clouds:
    """Return the clients of the story's cloud for another state of its environment."""
    assert story.clouds.local is not None
    return Clouds(wanted, local=story.clouds.local)


def test_problems_that_only_a_person_can_solve_are_told_and_fail_nothing(story: Story) -> None:
    assert all(isinstance(each, Checked) for each in story.result.checks)
