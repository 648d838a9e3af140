"""The databases of a whole local cloud: RDS's own actions move a real writer, and the knobs break what is real."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.cloud.databases_cloud import ACCOUNT, GLOBAL, MEMBER, Clouds
from tests.cloud.databases_world import FRANKFURT, IRELAND, until
from twin.cloud.databases.knobs_client import DatabaseKnobs
from twin.cloud.knobs import Knobs, KnobsError
from twin.cloud.process import Options, local_cloud


@pytest.fixture(scope="module")
def standing() -> Iterator[Clouds]:
    with local_cloud(Options(account=ACCOUNT)) as running:
        knobs = Knobs(running.url, timeout=40)
        made = Clouds(running, knobs, DatabaseKnobs(knobs))
        master = {"MasterUsername": "master", "MasterUserPassword": "a-long-password", "DatabaseName": "app"}
        first = json.loads(json.dumps(MEMBER))
        first["Cluster"]["Properties"] |= master
        group = {"GlobalClusterIdentifier": GLOBAL, "Engine": "aurora-postgresql", "EngineVersion": "16.8"}
        made.rds(IRELAND).create_global_cluster(**group)
        made.deploy(IRELAND, first)
        made.deploy(FRANKFURT, MEMBER)
        made.databases.query(IRELAND, "SET ROLE master; CREATE TABLE kept (id int)", "app")
        yield made


@pytest.fixture
def clouds(standing: Clouds) -> Iterator[Clouds]:
    """The cloud, at rest, with Ireland as the writer."""
    standing.knobs.ask("PUT", "databases/timing", {"zombie": 0})
    until(lambda: standing.settled(IRELAND))
    yield standing
    for region in (IRELAND, FRANKFURT):
        for act in ("resume", "fast", "free", "start", "writable"):
            if act != "resume" or standing.databases.look()[region]["process"] == "suspended":
                standing.databases.act(region, act)
    standing.databases.replication("*")
    writer = standing.writer()
    until(lambda: standing.settled(writer))
    if writer != IRELAND:
        swap(standing, "switchover", IRELAND)()
        until(lambda: standing.settled(IRELAND))


def swap(clouds: Clouds, verb: str, target: str, **more: Any) -> Callable[[], Any]:
    action = getattr(clouds.rds(IRELAND), f"{verb}_global_cluster")
    return lambda: action(GlobalClusterIdentifier=GLOBAL, TargetDbClusterIdentifier=clouds.arn(target), **more)


def test_a_switchover_is_answered_at_once_and_shows_each_state_until_the_old_writer_follows(clouds: Clouds) -> None:
    began = time.monotonic()
    said = swap(clouds, "switchover", FRANKFURT)()["GlobalCluster"]
    assert time.monotonic() - began < 1
    assert said["FailoverState"] == {
        "Status": "pending",
        "FromDbClusterArn": clouds.arn(IRELAND),
        "ToDbClusterArn": clouds.arn(FRANKFURT),
        "IsDataLossAllowed": False,
    }
    seen = clouds.watched()
    states = [state for state, _, _ in seen]
    assert states == sorted(states)  # pending comes before switching-over
    assert ("switching-over", IRELAND, "") in seen  # not promoted yet: the old one is the writer still
    assert ("switching-over", FRANKFURT, IRELAND) in seen
    until(lambda: clouds.settled(FRANKFURT))


def test_a_standby_has_no_writer_endpoint_until_it_is_promoted_and_the_old_writers_goes_away(clouds: Clouds) -> None:
    """Trap 70."""
    host = clouds.cluster(IRELAND)["Endpoint"]
    assert "Endpoint" not in clouds.cluster(FRANKFURT)
    assert host == clouds.cluster(IRELAND)["ReaderEndpoint"].replace(".cluster-ro-", ".cluster-")
    swap(clouds, "switchover", FRANKFURT)()
    until(lambda: clouds.settled(FRANKFURT))
    assert "Endpoint" not in clouds.cluster(IRELAND)
    assert clouds.cluster(FRANKFURT)["Endpoint"].endswith(f".{FRANKFURT}.rds.amazonaws.com")


def test_a_second_swap_is_refused_while_one_runs(clouds: Clouds) -> None:
    first, second = swap(clouds, "switchover", FRANKFURT), swap(clouds, "failover", FRANKFURT, AllowDataLoss=True)
    first()
    with pytest.raises(ClientError, match="switching-over") as refused:
        second()
    assert refused.value.response["Error"]["Code"] == "InvalidGlobalClusterStateFault"
    until(lambda: clouds.settled(FRANKFURT))


def test_a_failover_without_data_loss_is_a_switchover_and_needs_the_old_writer(clouds: Clouds) -> None:
    """Trap 1."""
    clouds.databases.act(IRELAND, "kill")
    with pytest.raises(ClientError, match="not in the available state"):
        swap(clouds, "failover", FRANKFURT)()
    swap(clouds, "failover", FRANKFURT, AllowDataLoss=True)()
    until(lambda: clouds.writer() == FRANKFURT)
    looks = clouds.databases.look()
    assert (looks[IRELAND]["role"], looks[FRANKFURT]["role"]) == ("none", "writer")
    clouds.databases.act(IRELAND, "start")
    until(lambda: clouds.settled(FRANKFURT))


def test_rows_that_only_the_old_writer_had_can_be_listed_after_it_was_rebuilt(clouds: Clouds) -> None:
    clouds.databases.replication(FRANKFURT, "cut")
    clouds.databases.query(IRELAND, "INSERT INTO kept VALUES (17)", "app")
    clouds.databases.act(IRELAND, "suspend")
    swap(clouds, "failover", FRANKFURT, AllowDataLoss=True)()
    until(lambda: clouds.writer() == FRANKFURT)
    parted = clouds.databases.look()[IRELAND]["diverged"]
    assert "/" in parted["lsn"]
    assert parted["end"] is None  # nobody knows yet how far it had come
    with pytest.raises(KnobsError, match="is suspended"):
        clouds.databases.query(IRELAND, "SELECT 1")
    clouds.databases.act(IRELAND, "resume")
    clouds.databases.replication(FRANKFURT)
    until(lambda: clouds.settled(FRANKFURT))
    assert clouds.databases.query(IRELAND, "SELECT id FROM kept", "app") == []
    assert clouds.databases.query(IRELAND, "SELECT id FROM kept", "app", lost=True) == [[17]]
    assert clouds.databases.look()[IRELAND]["diverged"]["end"]


def test_a_database_that_is_read_only_takes_no_writes_until_it_is_writable(clouds: Clouds) -> None:
    clouds.databases.act(IRELAND, "read-only")
    with pytest.raises(KnobsError, match="25006"):
        clouds.databases.query(IRELAND, "INSERT INTO kept VALUES (1)", "app")
    assert clouds.databases.writers() == []
    clouds.databases.act(IRELAND, "writable")
    assert clouds.databases.writers() == [IRELAND]


def test_connections_that_are_used_up_refuse_the_next_one_until_they_are_free(clouds: Clouds) -> None:
    assert "no connection left" in clouds.databases.act(IRELAND, "fill")
    count = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'master'"
    assert clouds.databases.query(IRELAND, count)[0][0] > 20  # who is a superuser still comes in
    clouds.databases.act(IRELAND, "free")
    until(lambda: clouds.databases.query(IRELAND, count) == [[0]])


def test_a_paused_replica_lags_and_a_long_transaction_is_ended_by_a_switchover(clouds: Clouds) -> None:
    clouds.databases.act(FRANKFURT, "pause")
    clouds.databases.query(IRELAND, "CREATE TABLE late ()", "app")
    until(lambda: clouds.databases.look()[FRANKFURT]["lag_seconds"] > 0)
    clouds.databases.act(FRANKFURT, "unpause")
    until(lambda: clouds.databases.look()[FRANKFURT]["lag_seconds"] == 0)
    clouds.databases.act(IRELAND, "long-transaction")
    swap(clouds, "switchover", FRANKFURT)()
    until(lambda: clouds.settled(FRANKFURT))


def test_a_slow_database_does_not_hold_the_cloud_up(clouds: Clouds) -> None:
    """What the knobs ask is asked in threads: a call of RDS is answered meanwhile."""
    asked = threading.Thread(target=clouds.databases.query, args=(IRELAND, "SELECT pg_sleep(1.5)"))
    asked.start()
    began = time.monotonic()
    clouds.group()
    assert time.monotonic() - began < 1
    asked.join()


def test_a_slow_act_delays_each_answer_until_it_is_fast_again(clouds: Clouds) -> None:
    ip, _, port = clouds.databases.look()[IRELAND]["doors"][f"{IRELAND}/application"].partition(":")

    def greeted() -> float:
        began = time.monotonic()
        with socket.create_connection((ip, int(port)), timeout=5) as opened:
            opened.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
            assert opened.recv(1) == b"S"
        return time.monotonic() - began

    clouds.databases.act(IRELAND, "slow", seconds=0.6)
    assert greeted() > 0.6
    clouds.databases.act(IRELAND, "fast")
    assert greeted() < 0.6


def test_a_query_that_takes_too_long_is_answered_with_an_error_in_time(clouds: Clouds) -> None:
    began = time.monotonic()
    with pytest.raises(KnobsError, match="did not answer"):
        clouds.databases.query(IRELAND, "SELECT pg_sleep(20)", seconds=0.5)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (("PUT", "databases", {"region": IRELAND, "act": "explode"}), "no act explode: there is kill"),
        (("PUT", "databases", {"region": "eu-north-1", "act": "kill"}), "0 databases fit eu-north-1; there is"),
        (("PUT", "databases", {"act": "kill"}), "region is missing"),
        (("PUT", "paths", {"from": IRELAND, "to": FRANKFURT, "how": "gone"}), "it is one of open, silent"),
        (("PUT", "paths", {"from": IRELAND, "to": FRANKFURT, "who": "nobody"}), "functions, application"),
        (("PUT", "replication", {"to": FRANKFURT, "how": "gone"}), "it is one of streaming, cut"),
    ],
)
def test_a_knob_that_makes_no_sense_says_what_would(clouds: Clouds, ask: tuple[Any, ...], said: str) -> None:
    with pytest.raises(KnobsError, match=said):
        clouds.knobs.ask(*ask)


def test_a_path_is_broken_for_its_origin_alone(clouds: Clouds) -> None:
    doors = clouds.databases.look()[IRELAND]["doors"]
    clouds.databases.path(FRANKFURT, IRELAND, "refuse")
    refused = []
    for place, address in doors.items():
        ip, _, port = address.partition(":")
        with socket.socket() as probe:
            if probe.connect_ex((ip, int(port))):
                refused.append(place)
    clouds.databases.path(FRANKFURT, IRELAND)
    assert set(refused) == {f"{FRANKFURT}/functions", f"{FRANKFURT}/application"}


def test_all_that_happened_is_in_the_journal(clouds: Clouds) -> None:
    after = (clouds.knobs.journal() or [{"number": 0}])[-1]["number"]
    swap(clouds, "switchover", FRANKFURT)()
    until(lambda: clouds.settled(FRANKFURT))
    clouds.databases.act(FRANKFURT, "restart")
    said = [(each["source"], each["region"], each["what"]) for each in clouds.knobs.journal(after)]
    whole = f"the switchover from {IRELAND} to {FRANKFURT}"
    wanted = [
        ("service", FRANKFURT, f"{whole} is pending"),
        ("service", FRANKFURT, f"{whole} is switching-over"),
        ("database", FRANKFURT, "is the writer"),
        ("database", IRELAND, f"is a replica of {FRANKFURT}"),
        ("service", FRANKFURT, f"{whole} is complete"),
        ("database", FRANKFURT, "was restarted"),
    ]
    assert [each for each in said if each in wanted] == wanted


def test_nothing_is_left_of_a_cloud_whose_process_is_killed_once_the_next_one_has_started() -> None:
    with local_cloud(Options(account=ACCOUNT)) as running:
        found = Clouds(running, Knobs(running.url), DatabaseKnobs(Knobs(running.url)))
        alone = json.loads(json.dumps(MEMBER))
        del alone["Cluster"]["Properties"]["GlobalClusterIdentifier"]
        alone["Cluster"]["Properties"] |= {
            "MasterUsername": "master",
            "MasterUserPassword": "a-long-password",
            "DatabaseName": "app",
        }
        found.deploy(IRELAND, alone)
        server = psutil.Process(running.pid)
        left = [child for child in server.children(recursive=True) if child.name() == "postgres"]
        assert left
        server.kill()
        with local_cloud(Options(account=ACCOUNT)):
            until(lambda: not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in left))
