"""What a pre-flight finds from outside, and what each region's own found, each with what to do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator import naming
from generator.aws.clients import Clouds
from generator.aws.deploy import deploy
from generator.aws.events import silent
from generator.aws.preflighting import findings
from generator.config import Environment
from generator.errors import Exit
from tests.aws.deploy_world import clouds_of, environment
from tests.aws.recover_world import A, B
from twin.cloud.knobs import Knobs
from twin.cloud.process import Running


@pytest.fixture(scope="module")
def made() -> Environment:
    return environment("flown")


@pytest.fixture(scope="module")
def clouds(shared_cloud: Running, made: Environment) -> Iterator[Clouds]:
    clouds = clouds_of(shared_cloud, made)
    deploy(made, clouds, silent)
    for region in (A, B):
        flies(shared_cloud, made, region)
    yield clouds


def flies(running: Running, made: Environment, region: str, *found: dict[str, str]) -> None:
    """Have a region's own pre-flight find so much."""
    name = naming.function("preflight").of(suffix=made.suffix, region=region)
    Knobs(running.url).answer(name, {"event": "preflight", "ok": not found, "findings": list(found)})


def said(clouds: Clouds, seconds: float = 20.0) -> set[str]:
    """Return what is found, without what a new environment still waits for and which counts its seconds."""
    found = findings(clouds.environment, clouds, seconds=seconds)
    return {f"{each.where}: {each.what}" for each in found if not each.coming}


def test_what_a_regions_own_pre_flight_finds_is_told_with_its_region_and_its_hint(
    clouds: Clouds, made: Environment, shared_cloud: Running
) -> None:
    before = said(clouds)
    flies(shared_cloud, made, B, {"subject": A, "problem": "the fence role could not be assumed", "hint": "look at it"})
    found = findings(made, clouds, seconds=20.0)
    new = [each for each in found if not each.coming and f"{each.where}: {each.what}" not in before]
    assert [(each.where, each.what, each.hint) for each in new] == [
        (B, f"{A}: the fence role could not be assumed", "look at it")
    ]
    flies(shared_cloud, made, B)
    assert said(clouds) == before


def test_a_schedule_that_is_switched_off_or_gone_is_found(clouds: Clouds, made: Environment) -> None:
    assert not [each for each in said(clouds) if "schedule" in each]
    scheduler = clouds.client("scheduler", B)
    name = naming.function("notice").of(suffix=made.suffix, region=B)
    kept = scheduler.get_schedule(Name=name)
    wanted = {key: kept[key] for key in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
    scheduler.update_schedule(**wanted, State="DISABLED")
    assert f"{B}: the schedule {name} is switched off" in said(clouds)
    scheduler.delete_schedule(Name=name)
    assert f"{B}: the schedule {name} is not there" in said(clouds)
    scheduler.create_schedule(**wanted, State="ENABLED")
    assert not [each for each in said(clouds) if "schedule" in each]


def test_a_function_that_fails_is_a_finding(clouds: Clouds, made: Environment, shared_cloud: Running) -> None:
    name = naming.function("preflight").of(suffix=made.suffix, region=B)
    Knobs(shared_cloud.url).answer(name, {"errorMessage": "no module named recovery"})
    assert [each for each in said(clouds) if "no module named recovery" in each] == [
        f'{B}: {name} failed: {{"errorMessage": "no module named recovery"}}'
    ]
    flies(shared_cloud, made, B)


def test_a_region_that_hangs_is_a_finding_and_is_not_waited_for(clouds: Clouds, shared_cloud: Running) -> None:
    knobs = Knobs(shared_cloud.url)
    knobs.darken(eu_west_1="hangs")
    try:
        begun = time.monotonic()
        found = said(clouds, seconds=6.0)
        assert time.monotonic() - begun < 20
        assert f"{A}: no answer within 6 s" in found
    finally:
        knobs.darken()


def test_the_command_says_one_line_a_finding_and_ends_with_one(
    clouds: Clouds, made: Environment, shared_cloud: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    import yaml

    from generator.cli.app import main
    from tests.aws.deploy_world import EXAMPLE

    file = tmp_path / "flown.yaml"
    told = yaml.safe_load(EXAMPLE.read_text()) | {"suffix": made.suffix}
    told["accounts"] = {"workload": made.accounts.workload}
    file.write_text(yaml.safe_dump(told))
    monkeypatch.setenv("AWS_ENDPOINT_URL", shared_cloud.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", made.accounts.workload)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    assert main(["preflight", str(file), "--json"]) == Exit.FINDINGS
    document = json.loads(capsys.readouterr().out)
    assert main(["preflight", str(file)]) == Exit.FINDINGS
    shown = capsys.readouterr()
    assert not document["ok"] and len(shown.out.splitlines()) == len(document["findings"])
    assert f"{len(document['findings'])} findings in {A}, {B}" in shown.err
