"""The local cloud's process: up at once, alone in its folder, gone without a trace."""

from __future__ import annotations

import concurrent.futures
import io
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from generator.errors import UsageError
from tests.cloud.cloud_world import World, until
from twin.cloud import process
from twin.cloud.launch import CloudProcessError, health
from twin.cloud.process import Options, Running, down, local_cloud, names, status, up

OWNER = """
import sys, time
from twin.cloud.process import Options, local_cloud
with local_cloud(Options(folder=sys.argv[1])) as cloud:
    print(cloud.pid, cloud.url, cloud.folder, flush=True)
    time.sleep(600)
"""


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def working(world: World) -> int:
    """Have the cloud run a function that does not end, and return the number of its process."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("work.py", "import os, time\ndef handle(event, context):\n    time.sleep(600)\n")
    world.role(world.account, "function", {"Service": "lambda.amazonaws.com"})
    functions = world.client("lambda")
    functions.create_function(
        FunctionName="work",
        Runtime="python3.12",
        Role=f"arn:aws:iam::{world.account}:role/function",
        Handler="work.handle",
        Code={"ZipFile": packed.getvalue()},
        Timeout=900,
    )
    functions.invoke(FunctionName="work", InvocationType="Event")
    server = psutil.Process(world.knobs.health()["pid"])
    found: list[psutil.Process] = until(lambda: server.children(recursive=True))
    return found[0].pid


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder of the test's own, with nothing running in it afterwards."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    yield tmp_path / "state"
    for name in names():
        down(name)


def test_a_cloud_listens_on_loopback_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with local_cloud(Options(folder=str(tmp_path))) as running:
        addresses = {each.laddr.ip for each in psutil.Process(running.pid).net_connections() if each.status == "LISTEN"}
        assert addresses == {"127.0.0.1"}
        assert running.folder.parent == tmp_path
        assert World(running.url).client("sts").get_caller_identity()["Account"]
    assert gone(running.pid)
    assert list(tmp_path.iterdir()) == []
    assert health(running.url) is None


def test_the_variables_are_all_that_a_client_needs(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    identity = boto3.client("sts").get_caller_identity()
    assert identity["Account"] == running.environment["AWS_ACCESS_KEY_ID"]
    storage = boto3.client("s3")
    storage.create_bucket(Bucket="variables")
    storage.put_object(Bucket="variables", Key="a/b", Body=b"c")
    assert storage.get_object(Bucket="variables", Key="a/b")["Body"].read() == b"c"
    storage.delete_object(Bucket="variables", Key="a/b")
    storage.delete_bucket(Bucket="variables")


def test_several_clouds_run_side_by_side_and_know_nothing_of_each_other(running: Running) -> None:
    with local_cloud() as other:
        first, second = World(running.url), World(other.url)
        first.client("s3").create_bucket(Bucket=f"side-{first.account}")
        assert second.client("s3", account=first.account).list_buckets()["Buckets"] == []
        assert other.url != running.url


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGTERM])
def test_a_cloud_dies_with_its_owner_however_that_dies(tmp_path: Path, death: int) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert owner.stdout is not None
    pid, url, folder = owner.stdout.readline().split()
    assert health(url)
    owner.send_signal(death)
    owner.wait(10)
    owner.stdout.close()
    until(lambda: gone(int(pid)))
    until(lambda: not Path(folder).exists())


def test_a_cloud_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ministack").mkdir()
    (tmp_path / "ministack" / "__init__.py").write_text("raise RuntimeError('broken installation')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(CloudProcessError, match="broken installation"), local_cloud(Options(folder=str(tmp_path))):
        pass
    assert [each.name for each in tmp_path.iterdir()] == ["ministack"]


def test_a_cloud_that_does_not_answer_in_time_is_killed(tmp_path: Path) -> None:
    with (
        pytest.raises(CloudProcessError, match="within 0 seconds"),
        local_cloud(Options(folder=str(tmp_path), deadline=0.0)),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_options_that_nobody_knows_are_refused() -> None:
    with pytest.raises(UsageError, match="functions is walk"):
        Options(functions="walk")
    with pytest.raises(UsageError, match="can't be named"):
        up("../elsewhere")


def test_a_named_cloud_stays_until_it_is_taken_down(state: Path) -> None:
    first = up("mine", Options(account="123456789012", region="eu-west-1"))
    assert first.began and first.running is not None
    again = up("mine", Options(account="999999999999"))
    assert not again.began and again.running is not None
    assert again.running.environment == first.running.environment
    assert again.running.environment["AWS_REGION"] == "eu-west-1"
    World(first.running.url).create()
    found = status("mine")
    assert (found.stacks, found.stacksets, found.answers) == (0, 1, True)
    assert names() == ["mine"]
    assert down("mine") is True
    assert gone(first.running.pid)
    assert status("mine").running is None
    assert names() == []
    assert down("mine") is False
    assert [each.name for each in state.rglob("*") if each.is_file()] == [".mine.turn"]


def test_two_at_once_start_one_cloud(state: Path) -> None:
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: up("both"), range(2))
    assert one.running is not None and other.running is not None
    assert one.running.pid == other.running.pid
    assert sorted((one.began, other.began)) == [False, True]


def test_what_a_killed_cloud_left_is_cleared_away(state: Path) -> None:
    running = up("killed").running
    assert running is not None
    worker = working(World(running.url))
    os.kill(running.pid, signal.SIGKILL)
    os.waitpid(running.pid, 0)
    assert not gone(worker)
    assert status("killed").running is None
    assert names() == ["killed"]
    assert down("killed") is False
    until(lambda: gone(worker))
    assert not running.folder.exists()
    assert up("killed").began


def test_a_state_file_of_another_time_kills_nobody(state: Path) -> None:
    bystander = subprocess.Popen(["sleep", "600"], start_new_session=True)
    folder = state / "multi-region-recovery" / "cloud" / "old"
    folder.mkdir(parents=True)
    (folder / process.STATE).write_text(
        f'{{"url": "http://127.0.0.1:9", "pid": {bystander.pid}, "account": "1", "region": "eu-west-1"}}'
    )
    assert status("old").running is None
    assert down("old") is False
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait(10)
