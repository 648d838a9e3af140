"""A switchover and the way back on real PostgreSQL: the deployed machine and functions, started by command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from generator import naming
from generator.aws.clients import Clouds, Keys
from generator.aws.deploy import deploy
from generator.aws.events import silent
from generator.aws.status.regions import read_table
from generator.cli.app import main
from generator.config import load
from generator.errors import Exit
from generator.resources import folder
from tests.aws.deploy_world import eventually
from tests.aws.recover_world import A, B
from twin.cloud import process

NAME = "on-postgres"
SPEED = 10.0
PROVED_SECONDS = 90.0


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Clouds]]:
    """A local cloud that runs functions and databases, with an environment in it, at ten times the pace."""
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    told = yaml.safe_load((folder("stacksets") / "example.yaml").read_text(encoding="utf-8")) | {"suffix": "real"}
    file = tmp_path_factory.mktemp("files") / "real.yaml"
    file.write_text(yaml.safe_dump(told), encoding="utf-8")
    try:
        running = process.up(NAME, process.Options(speed=SPEED)).running
        assert running is not None
        clouds = Clouds(load(file), local=Keys(running.url))
        deploy(clouds.environment, clouds, silent)
        yield str(file), clouds
    finally:
        process.down(NAME)
        patch.undo()


def proved(clouds: Clouds, active: str) -> bool:
    """Tell whether the active region proves to be the writer, and the other one to be its replica, as both know."""
    for region in (A, B):
        table = naming.STATE_TABLE.of(suffix=clouds.environment.suffix, region=region)
        own = {each.voter: each for each in read_table(clouds.client("dynamodb", region), table).views
               if each.voter == each.about}  # fmt: skip
        if set(own) != {A, B} or not all(view.writer == (name == active) for name, view in own.items()):
            return False
    return True


def run(verb: str, file: str, *options: str) -> int:
    return main([verb, file, *options, "--local", "--name", NAME])


def test_the_writer_is_handed_over_home_follows_and_both_go_back(
    deployed: tuple[str, Clouds], capsys: pytest.CaptureFixture[str]
) -> None:
    file, clouds = deployed
    eventually(lambda: proved(clouds, A), PROVED_SECONDS)
    assert run("switchover", file, "--yes", "--by", "Ada") == Exit.FINE, capsys.readouterr().err
    said = capsys.readouterr().err
    assert f"switchover to {B}: accepted" in said and f"{B} took a write and read it back" in said
    eventually(lambda: proved(clouds, B), PROVED_SECONDS)
    assert run("rehome", file, "--write") == Exit.FINE
    assert f"{B} is home now" in capsys.readouterr().err and load(Path(file)).home == B
    assert run("switchover", file, "--to", B, "--yes") == Exit.FINE
    assert "already is the writer" in capsys.readouterr().err
    assert run("failback", file, "--yes") == Exit.FINE, capsys.readouterr().err
    assert f"{A} took a write and read it back" in capsys.readouterr().err
    eventually(lambda: proved(clouds, A), PROVED_SECONDS)
