"""A server's process: started on a socket that is bound beforehand, waited for, ended with everything it started."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator.errors import CloudError, UsageError
from twin.remains import DISK

LOOPBACK = "127.0.0.1"
LOG = "cloud.log"
ASKED_SECONDS = 5.0
FUNCTIONS = ("run", "answers")
TOLD = ("seconds", "functions", "organization", "quota", "speed", "policies")
"""The options that the server is told."""
_ROOT = Path(__file__).resolve().parents[2]


class CloudProcessError(CloudError):
    """The local cloud did not start, or does not end."""


@dataclass(frozen=True)
class Options:
    """How a local cloud is.

    account and region: what the printed variables name. seconds: what the operation of a StackSet's instance takes
    at least. functions: ``run`` (the emulator runs the zips) or ``answers`` (for tests: :mod:`twin.cloud.functions`).
    organization: :class:`twin.cloud.settings.Organization` as JSON. quota: StackSets in an account. deadline:
    seconds within which it has to answer. folder: where its folder is made; empty for the system's temporary one.
    speed: by what all intervals are divided (:mod:`twin.cloud.pace`). policies: whether calls are checked against the
    deployed policies.
    """

    account: str = "000000000000"
    region: str = "us-east-1"
    seconds: float = 0.02
    functions: str = "run"
    organization: Mapping[str, Any] = field(default_factory=dict)
    quota: int = 1000
    deadline: float = 30.0
    folder: str = ""
    speed: float = 1.0
    policies: bool = True

    def __post_init__(self) -> None:
        if self.functions not in FUNCTIONS:
            raise UsageError(f"functions is {self.functions}", hint=f"it is one of {', '.join(FUNCTIONS)}")


@dataclass(frozen=True)
class Running:
    """A local cloud that runs. ``environment`` is what any AWS client needs; the access key is the account."""

    url: str
    pid: int
    folder: Path
    environment: Mapping[str, str]


def environment(url: str, options: Options) -> dict[str, str]:
    """Return the variables that point AWS's clients at a local cloud, whatever else is configured."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": options.account,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": options.region,
        "AWS_REGION": options.region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def launch(folder: Path, options: Options, *, owned: bool) -> tuple[subprocess.Popen[bytes], Running]:
    """Start a server in the folder and wait until it answers. Raises :class:`CloudProcessError`."""
    (folder / "tmp").mkdir(exist_ok=True)
    with socket.socket() as listening, (folder / LOG).open("wb") as log:
        listening.bind((LOOPBACK, 0))
        listening.listen(128)
        port = listening.getsockname()[1]
        number = listening.fileno()
        told = {name: getattr(options, name) for name in TOLD}
        process = subprocess.Popen(
            [sys.executable, "-m", "twin.cloud.server", str(number), str(folder), json.dumps(told),
             "owned" if owned else "free"],
            cwd=folder,
            env=_variables(folder, port, options),
            pass_fds=(number,),
            stdin=subprocess.PIPE if owned else subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    url = f"http://{LOOPBACK}:{port}"
    try:
        _await(process, url, folder, options.deadline)
    except BaseException:
        end(process.pid, process)
        raise
    return process, Running(url, process.pid, folder, environment(url, options))


def health(url: str, timeout: float = 2.0) -> dict[str, Any] | None:
    """Return what the server at ``url`` says of itself, None when nobody answers."""
    try:
        with urllib.request.urlopen(f"{url}/_twin/health", timeout=timeout) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except (OSError, ValueError, urllib.error.URLError):
        return None


def end(pid: int, process: subprocess.Popen[bytes] | None = None) -> None:
    """End a server and all that it started, and wait for it if it is a child of ours.

    It is asked first, so that its databases, which run as another user, end with it; then killed with its group.
    """
    _ask(pid, process)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    if process is not None:
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        process.wait(10)


def _ask(pid: int, process: subprocess.Popen[bytes] | None) -> None:
    """Ask the server to end, and wait a while until it has."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGTERM)
    last = time.monotonic() + ASKED_SECONDS
    while time.monotonic() < last and (process.poll() is None if process else _exists(pid)):
        time.sleep(0.01)


def _exists(pid: int) -> bool:
    """Tell whether there is such a process; one that has ended and is a child of ours is none any more."""
    try:
        with contextlib.suppress(ChildProcessError):
            if os.waitpid(pid, os.WNOHANG)[0]:
                return False
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def remove(folder: Path) -> None:
    """Remove a server's folder; what still writes there has been killed."""
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def _variables(folder: Path, port: int, options: Options) -> dict[str, str]:
    """Return the server's environment: nothing of the user's AWS, everything it writes inside its folder.

    There is no Docker daemon for it: what it does with containers (databases, containers left over) must not
    touch the user's.
    """
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MINISTACK_", "LOCALSTACK"))
    }
    temporary = str(folder / "tmp")
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH", "")))),
        "HOME": str(folder),
        "TMPDIR": temporary,
        DISK: os.environ.get(DISK) or tempfile.gettempdir(),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": LOOPBACK,
        "MINISTACK_HOST": LOOPBACK,
        "MINISTACK_ACCOUNT_ID": options.account,
        "MINISTACK_REGION": options.region,
        "S3_DATA_DIR": f"{temporary}/s3",
        "STATE_DIR": f"{temporary}/state",
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "DOCKER_HOST": f"unix://{temporary}/no-docker.sock",
        "PYTHONUNBUFFERED": "1",
    }


def _await(process: subprocess.Popen[bytes], url: str, folder: Path, deadline: float) -> None:
    """Wait for the first answer: a call made now waits in the socket's queue until the server takes it."""
    last = time.monotonic() + deadline
    while health(url, timeout=max(0.1, min(2.0, last - time.monotonic()))) is None:
        if process.poll() is not None:
            raise CloudProcessError(
                f"the local cloud ended with {process.returncode} before it answered: {_end_of(folder / LOG)}",
                hint="ministack and hypercorn have to be installed as requirements.txt says",
            )
        if time.monotonic() > last:
            raise CloudProcessError(
                f"the local cloud did not answer within {deadline:g} seconds: {_end_of(folder / LOG)}",
                hint="try again with less load on this machine",
            )


def _end_of(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "it wrote nothing"
