"""The handlers as Lambda calls them: a process of their own, nothing but the environment, real HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from cloud import Cloud
from conftest import ROOT
from state import StateTable
from world import FRANKFURT, IRELAND

CALL = """
import importlib, json, sys
class Context:
    def get_remaining_time_in_millis(self):
        return 70_000
answer = importlib.import_module(sys.argv[1]).handler(json.loads(sys.argv[2]), Context())
print(json.dumps({"answer": answer}))
"""


def environment(cloud: Cloud) -> dict[str, str]:
    """Return what Lambda would set; no name in it resolves, and a minute has one round."""
    host = f"dr-x-{IRELAND}.cluster-ro-c0ffee.invalid"
    return {
        "AWS_REGION": IRELAND,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_ENDPOINT_URL": cloud("dynamodb", IRELAND).meta.endpoint_url,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "lambda"), str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "DR_SUFFIX": "x",
        "DR_TABLE": f"dr-x-{IRELAND}-state",
        "DR_DATA_REGIONS": f"{IRELAND},{FRANKFURT}",
        "DR_WITNESS_REGIONS": "none",
        "DR_READER_HOST": host,
        "DR_PORT": "5432",
        "DR_DATABASE": "app",
        "DR_SECRET": "dr-x-database",
        "DR_PARTNER_READER_HOSTS": f"{FRANKFURT}={host}",
        "DR_INTERVAL_SECONDS": "60",
        "DR_WINDOW_SECONDS": "60",
        "DR_STEP_SECONDS": "3",
        "DR_HEALTH_PARAMETER": "/dr/x/health",
    }


def call(cloud: Cloud, name: str, event: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CALL, name, json.dumps(event)],
        env=environment(cloud),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def answered(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])["answer"]
    return answer


def table(cloud: Cloud, region: str) -> StateTable:
    return StateTable(cloud("dynamodb", region), f"dr-x-{region}-state")


def test_prove_writer_publishes_an_explicit_0_for_a_database_that_nobody_can_find(cloud: Cloud) -> None:
    cloud.make_table(f"dr-x-{IRELAND}-state", IRELAND)
    answer = answered(call(cloud, "prove_writer", {}))
    assert (answer["rounds"], answer["failed"]) == (1, {})
    assert answer["own"]["value"] == 0
    listed = cloud("cloudwatch", IRELAND).list_metrics(Namespace="DisasterRecovery/x")["Metrics"]
    assert {"WriterProof", "WriterProofFast", "PartnerReached"} <= {metric["MetricName"] for metric in listed}
    assert [view.writer for view in table(cloud, IRELAND).views(IRELAND)] == [False, False]


def test_vote_carries_what_the_probe_left(cloud: Cloud) -> None:
    for region in (IRELAND, FRANKFURT):
        cloud.make_table(f"dr-x-{region}-state", region)
    answered(call(cloud, "prove_writer", {}))
    answer = answered(call(cloud, "vote", {}))
    assert answer["pushed"] == {FRANKFURT: 2}
    assert table(cloud, FRANKFURT).views() == table(cloud, IRELAND).views()


def test_bootstrap_database_says_that_it_is_called_in_the_wrong_region(cloud: Cloud) -> None:
    secret = json.dumps({"username": "master", "password": "word"})
    cloud("secretsmanager", IRELAND).create_secret(Name="dr-x-database", SecretString=secret)
    done = call(cloud, "bootstrap_database", {"dry_run": True})
    assert done.returncode == 1
    assert f"{IRELAND} is not the active region" in done.stderr
