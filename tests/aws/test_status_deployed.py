"""``status`` and ``diff`` on a whole deployment in the local cloud, before and after the roles have swapped."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from generator import naming
from generator.aws.clients import Clouds, Keys
from generator.aws.deploy import deploy
from generator.aws.diff import diff
from generator.aws.status.look import clouds_for_looking, look
from generator.aws.status.placing import missing
from generator.aws.status.report import Report
from generator.aws.status.verdict import Verdict, judge
from generator.cli import diff as diff_command
from generator.cli import status as status_command
from generator.config import Environment
from generator.errors import Exit
from recovery import signals
from tests.aws import status_world as world
from tests.aws.deploy_world import Heard, clouds_of, environment
from tests.aws.status_world import A, B
from twin.cloud.process import Running

LATE = 20.0


@pytest.fixture(scope="module")
def made() -> Environment:
    return environment("shown")


@pytest.fixture(scope="module")
def clouds(shared_cloud: Running, made: Environment) -> Iterator[Clouds]:
    clouds = clouds_of(shared_cloud, made)
    deploy(made, clouds, Heard())
    yield clouds


def publish(clouds: Clouds, active: str) -> None:
    """Publish what the probes of both regions would."""
    suffix = clouds.environment.suffix
    for name in (A, B):
        data = [(signals.WRITER_PROOF, name, float(name == active)), (signals.SUPERSEDED, B if name == A else A, 0.0)]
        clouds.client("cloudwatch", name).put_metric_data(
            Namespace=signals.namespace(suffix),
            MetricData=[
                {"MetricName": metric, "Dimensions": [{"Name": "Region", "Value": about}], "Value": value}
                for metric, about, value in data
            ],
        )


def swap(clouds: Clouds, origin: str, target: str) -> None:
    suffix = clouds.environment.suffix
    arn = f"arn:aws:rds:{target}:{clouds.environment.accounts.workload}:cluster:dr-{suffix}-{target}"
    clouds.client("rds", origin).switchover_global_cluster(
        GlobalClusterIdentifier=naming.GLOBAL_CLUSTER.of(suffix=suffix), TargetDbClusterIdentifier=arn
    )


def seen(clouds: Clouds, keys: Keys | None = None, seconds: float = LATE) -> tuple[Report, Verdict]:
    chosen = Clouds(clouds.environment, local=keys or clouds.local)
    report = look(clouds_for_looking(chosen), clouds.environment, seconds=seconds)
    return report, judge(clouds.environment, report)


def test_every_stack_is_there_current_and_counted(clouds: Clouds, made: Environment) -> None:
    report, _ = seen(clouds)
    assert report.gaps == ()
    assert [each.gaps for each in report.regions] == [(), ()]
    assert [missing(made, report, name) for name in (A, B)] == [(), ()]
    assert report.stacksets is not None
    assert {each.status for each in report.stacksets.instances} == {"CURRENT"}
    assert report.stacksets.busy == ()


def test_the_active_region_its_standby_and_the_answer_of_dns_are_told(clouds: Clouds, made: Environment) -> None:
    publish(clouds, A)
    report, verdict = seen(clouds)
    assert [(each.region, each.role) for each in verdict.standings] == [(A, "active"), (B, "standby")]
    assert [each.database.status for each in report.regions if each.database] == ["available"] * 2
    answers = {name: regions for name, regions in verdict.routes.answers.items() if name.startswith("writer.")}
    assert answers == {f"writer.{made.dns.domain}": (A,)}, verdict.routes
    assert verdict.routes.home == A
    assert not any("stacks" in each.what for each in verdict.findings)


def test_nothing_differs_right_after_a_deploy(
    clouds: Clouds, made: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diff_command.show(made, clouds, as_json=False) == Exit.FINE
    assert capsys.readouterr().out == ""
    assert diff_command.show(made, clouds, as_json=True) == Exit.FINE
    assert json.loads(capsys.readouterr().out)["differs"] is False


def test_what_the_file_says_anew_is_shown_before_it_is_deployed(
    clouds: Clouds, made: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    later = made.model_copy(update={"log_days": 90})
    chosen = Clouds(later, local=clouds.local)
    assert diff_command.show(later, chosen, as_json=False) == Exit.FINDINGS
    told = capsys.readouterr()
    assert "-LogDays: 400\n+LogDays: 90    (log_days)\n" in told.out
    assert "0 replaced, 0 removed" in told.err
    assert diff_command.show(later, chosen, as_json=True) == Exit.FINDINGS
    assert {each["verb"] for each in json.loads(capsys.readouterr().out)["stacks"]} == {"changed"}


def test_a_region_that_hangs_leaves_the_other_ones_column(shared_cloud: Running, clouds: Clouds) -> None:
    with world.silence() as nobody:
        report, verdict = seen(clouds, Keys(shared_cloud.url, {A: nobody}), seconds=6.0)
    dark, shown = report.regions
    assert dark.dark == "no answer within 6 s"
    assert shown.stacks and not shown.dark
    assert report.active == A  # the standby's own RDS says so
    assert report.stacksets is not None
    assert any(each.where == A for each in verdict.findings)


def test_as_a_page_and_as_json_it_says_the_same(
    clouds: Clouds, made: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(clouds, A)
    code = status_command.show(made, clouds, status_command.Wishes(seconds=LATE))
    text = capsys.readouterr().out
    assert status_command.show(made, clouds, status_command.Wishes(seconds=LATE, as_json=True)) == code
    told = json.loads(capsys.readouterr().out)
    assert told["fine"] is (code == Exit.FINE)
    assert told["active"] == A
    assert "role" in text and A in text and B in text
    assert max(map(len, text.splitlines())) <= 120


def test_after_the_roles_have_swapped_status_says_so_and_diff_says_nothing(clouds: Clouds, made: Environment) -> None:
    swap(clouds, A, B)
    try:
        publish(clouds, B)
        _, verdict = seen(clouds)
        assert [(each.region, each.role) for each in verdict.standings] == [(A, "standby"), (B, "active")]
        assert any(each.what.startswith(f"home is {A}, active is {B}") for each in verdict.findings)
        assert not diff(made, clouds).any
    finally:
        swap(clouds, B, A)


def test_something_deleted_by_hand_is_told_by_both(clouds: Clouds, made: Environment) -> None:
    client = clouds.client("cloudformation", B)
    prefix = f"StackSet-dr-{made.suffix}-observability-"
    (name,) = [each["StackName"] for each in client.describe_stacks()["Stacks"] if each["StackName"].startswith(prefix)]
    client.delete_stack(StackName=name)
    client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    report, verdict = seen(clouds)
    stackset = f"dr-{made.suffix}-observability"
    assert missing(made, report, B) == (stackset,)
    assert any(stackset in each.what and each.where == B for each in verdict.findings)
    found = diff(made, clouds)
    assert [(each.name, [(place.region, place.verb) for place in each.places]) for each in found.stacks] == [
        (stackset, [(B, "added")])
    ]
    deploy(made, clouds, Heard())
    assert not diff(made, clouds).any
