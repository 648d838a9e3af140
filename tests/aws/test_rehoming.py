"""Home follows the writer: the one parameter, when the event is over, and in no other case."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator import naming
from generator.aws import observe
from generator.aws.clients import Clouds
from generator.aws.deploy import deploy
from generator.aws.events import silent
from generator.aws.rehoming import NotNowError, rehome, settled
from generator.aws.status.report import Table
from generator.config import Environment, load
from generator.config.editing import write_home
from recovery.state import Swap
from tests.aws import status_world
from tests.aws.deploy_world import EXAMPLE, changing, clouds_of, environment
from tests.aws.recover_world import A, Answers, B, hold_lease, prove, swap
from twin.cloud.knobs import Knobs
from twin.cloud.process import Running


@pytest.fixture(scope="module")
def made() -> Environment:
    return environment("homely")


@pytest.fixture(scope="module")
def clouds(shared_cloud: Running, made: Environment) -> Iterator[Clouds]:
    clouds = clouds_of(shared_cloud, made)
    deploy(made, clouds, silent)
    yield clouds


@pytest.fixture
def active(clouds: Clouds) -> Iterator[str]:
    """Have B be the active region for the length of a test, proved to both."""
    swap(clouds, A, B)
    prove(clouds, B)
    yield B
    swap(clouds, B, A)
    prove(clouds, A)
    rehome(clouds.environment, clouds, silent)


def parameters(clouds: Clouds) -> dict[str, str]:
    seen = observe.seen(clouds.environment, clouds)
    (instance,) = seen.stacksets[f"dr-{clouds.environment.suffix}-records-failover"].instances
    assert instance.stack is not None
    return dict(instance.stack.parameters)


def primaries(clouds: Clouds) -> set[str]:
    """Return the regions whose records are PRIMARY, as Route 53 has them."""
    route53 = clouds.client("route53", "us-east-1")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    records = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    return {each["SetIdentifier"] for each in records if each.get("Failover") == "PRIMARY"}


def test_home_moves_to_the_active_region_and_nothing_else_changes(
    clouds: Clouds, active: str, shared_cloud: Running, made: Environment
) -> None:
    before = parameters(clouds)
    edited = made.model_copy(update={"dns": made.dns.model_copy(update={"ttl": 30}), "log_days": 90})
    knobs = Knobs(shared_cloud.url)
    knobs.forget_calls()
    result = rehome(edited, Clouds(edited, local=clouds.local), silent)
    assert result.active == B and result.before == {B: A} and result.changed == (B,)
    assert parameters(clouds) == before | {"Home": B}, "what the file says besides is a deployment's business"
    assert primaries(clouds) == {B}
    done = changing(knobs, made.accounts.workload)
    assert done["UpdateStackInstances"] == 1
    assert not [name for name in done if name.startswith(("ChangeResourceRecordSets", "UpdateStackSet", "CreateStack"))]


def test_again_changes_nothing(clouds: Clouds, active: str, shared_cloud: Running, made: Environment) -> None:
    rehome(made, clouds, silent)
    knobs = Knobs(shared_cloud.url)
    knobs.forget_calls()
    assert rehome(made, clouds, silent).changed == ()
    assert set(changing(knobs, made.accounts.workload)) <= {"Scan", "TestDNSAnswer"}


def test_it_waits_until_a_recovery_has_ended(
    clouds: Clouds, active: str, made: Environment, shared_cloud: Running
) -> None:
    from generator.aws.recovering import Request, Target, start
    from tests.aws.deploy_world import eventually
    from tests.aws.recover_world import executions

    answers = Answers(Knobs(shared_cloud.url), made.suffix, B)
    answers.well("failover")
    answers.prove(False)
    execution = start(Target(clouds, B), Request("failover", B, "Ada", "why"))
    eventually(lambda: _holds(clouds, B))
    with pytest.raises(NotNowError, match=f"a recovery to {B} runs: a failover for Ada") as error:
        rehome(made, clouds, silent)
    assert f"follow ENVIRONMENT --to {B}" in error.value.hint
    assert parameters(clouds)["Home"] == A
    answers.prove(True)
    eventually(lambda: executions(clouds, B)[0] == "SUCCEEDED", 30)
    hold_lease(clouds, B, execution)
    assert rehome(made, clouds, silent).changed == (B,), "the lease of one that has ended holds nobody up"
    table = naming.STATE_TABLE.of(suffix=made.suffix, region=B)
    for kind, name in (("lease", "recovery"), ("superseded", A), ("fence", A)):
        clouds.client("dynamodb", B).delete_item(TableName=table, Key={"kind": {"S": kind}, "name": {"S": name}})


def _holds(clouds: Clouds, region: str) -> Any:
    from generator.aws.recovering import Target, holder

    return holder(Target(clouds, region))


def test_a_new_writer_that_does_not_prove_it_does_not_become_home(
    clouds: Clouds, active: str, made: Environment
) -> None:
    prove(clouds, B, ago=120)
    with pytest.raises(NotNowError, match=f"{B} has no fresh writer proof"):
        rehome(made, clouds, silent)
    prove(clouds, A)
    with pytest.raises(NotNowError, match=f"{B} does not prove to be the writer"):
        rehome(made, clouds, silent)
    assert parameters(clouds)["Home"] == A


def test_nothing_moves_while_a_swap_is_in_progress_or_nobody_is_active(tmp_path: Path) -> None:
    wanted = status_world.environment(tmp_path)
    well = status_world.well(wanted)
    assert settled(wanted, well) == A
    going = Swap("failing-over", status_world.arn(A), status_world.arn(B), True)
    swapping = replace(well, regions=tuple(
        replace(each, cluster=replace(each.cluster, swap=going) if each.cluster else None) for each in well.regions
    ))  # fmt: skip
    with pytest.raises(NotNowError, match="a failover is failing-over"):
        settled(wanted, swapping)
    nobody = replace(well, regions=tuple(replace(each, cluster=None) for each in well.regions))
    with pytest.raises(NotNowError, match="no region is known to be active"):
        settled(wanted, nobody)
    dark = replace(well, regions=tuple(replace(each, table=Table()) for each in well.regions))
    with pytest.raises(NotNowError, match="no fresh writer proof"):
        settled(wanted, dark)


@pytest.mark.parametrize("name", ["example", "three-regions", "witness"])
def test_the_file_gets_one_line_and_keeps_its_comments(tmp_path: Path, name: str) -> None:
    file = tmp_path / "mine.yaml"
    shutil.copy(EXAMPLE.with_name(f"{name}.yaml"), file)
    before = load(file)
    region = before.standbys[0].name
    assert write_home(file, region)
    text, old = file.read_text().splitlines(), EXAMPLE.with_name(f"{name}.yaml").read_text().splitlines()
    assert len(set(text) - set(old)) == 1 and [line for line in old if line not in text and "home" not in line] == []
    assert load(file).home == region
    assert write_home(file, before.origin.name)
    assert load(file).home == before.origin.name and len(file.read_text().splitlines()) == len(text)


def test_a_file_of_another_form_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    text = EXAMPLE.read_text().replace("dns:\n  domain: db.example.com\n  ttl: 10\n", "dns: {domain: db.example.com}\n")
    file.write_text(text)
    assert not write_home(file, B)
    assert file.read_text() == text and list(tmp_path.iterdir()) == [file]
