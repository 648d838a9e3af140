"""``status`` against moto's server, which someone else wrote, and against regions that never answer."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from generator import naming
from generator.aws.clients import Clouds, Keys
from generator.aws.status.bounded import ask_all
from generator.aws.status.look import clouds_for_looking, look
from generator.aws.status.report import Report
from generator.aws.status.verdict import judge
from generator.cli.status import Wishes, show
from generator.config import Environment
from generator.errors import CloudError, Exit
from tests.aws import status_world as world
from tests.aws.status_world import A, B

SOON = 4.0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return world.environment(tmp_path_factory.mktemp("env"))


@pytest.fixture(scope="module")
def url(made: Environment, moto: str) -> str:
    world.populate(Clouds(made, local=Keys(moto)))
    return moto


def seen(made: Environment, keys: Keys, seconds: float = 20.0) -> Report:
    return look(clouds_for_looking(Clouds(made, local=keys)), made, seconds=seconds)


def test_what_moto_holds_is_read_whole(made: Environment, url: str) -> None:
    report = seen(made, Keys(url))
    assert report.gaps == ()
    assert [each.gaps for each in report.regions] == [(), ()]
    assert report.active == A
    first, second = report.regions
    assert first.measured and first.measured.proof and first.measured.proof.value == 1
    assert second.measured and second.measured.proof and second.measured.proof.value == 0
    assert second.measured.heartbeat and second.measured.heartbeat.value == 1.5
    assert second.measured.superseded[A].value == 0
    assert second.database and second.database.instances == 1
    assert second.table and len(second.table.views) == 4
    assert second.subscribers and second.subscribers.confirmed + len(second.subscribers.pending) == 1
    assert report.dns and len(report.dns.records) == 4
    assert {each.config["Type"] for each in report.dns.checks} == {"CALCULATED", "CLOUDWATCH_METRIC"}
    verdict = judge(made, report)
    assert verdict.routes.answers[f"writer.{world.DOMAIN}"] == (A,)
    assert verdict.of(B).failover and verdict.of(B).failover.accepted  # type: ignore[union-attr]


@pytest.mark.parametrize("dark", [A, B])
def test_a_region_that_hangs_costs_its_own_column_and_a_bounded_time(made: Environment, url: str, dark: str) -> None:
    with world.silence() as nobody:
        keys = Keys(url, {dark: nobody})
        clouds = clouds_for_looking(Clouds(made, local=keys))
        look(clouds, made, seconds=0.01)  # makes the clients
        began = time.monotonic()
        report = look(clouds, made, seconds=SOON)
        assert time.monotonic() - began < SOON + 2
    other = B if dark == A else A
    hidden, shown = report.of(dark), report.of(other)
    assert hidden and hidden.dark == f"no answer within {SOON:g} s"
    assert shown and not shown.dark
    assert shown.database and shown.database.status == "available"
    assert report.active == A
    assert any(each.where == dark and "no answer" in each.what for each in judge(made, report).findings)


def test_a_dark_dns_home_region_does_not_hide_what_dns_answers(made: Environment, url: str) -> None:
    assert made.dns_region == B
    with world.silence() as nobody:
        report = seen(made, Keys(url, {B: nobody}), seconds=SOON)
    assert report.dns is not None
    assert judge(made, report).routes.answers[f"writer.{world.DOMAIN}"] == (A,)
    assert [gap.part for gap in report.gaps] == ["StackSets"]


def test_a_dark_control_plane_of_route_53_is_told_and_the_regions_are_shown(made: Environment, url: str) -> None:
    with world.silence() as nobody:
        report = seen(made, Keys(url, {"us-east-1": nobody}), seconds=SOON)
    assert [gap.part for gap in report.gaps] == ["DNS"]
    assert report.active == A
    assert all(not each.dark for each in report.regions)


def test_a_region_that_refuses_connections_is_told_at_once(made: Environment, url: str) -> None:
    with world.silence() as gone:
        pass  # nobody listens there any more
    began = time.monotonic()
    report = seen(made, Keys(url, {A: gone}), seconds=30)
    hidden = report.of(A)
    assert hidden and hidden.dark.startswith("no connection")
    assert time.monotonic() - began < 30


def test_everything_dark_is_a_report_and_no_crash(made: Environment) -> None:
    with world.silence() as nobody:
        report = seen(made, Keys(nobody), seconds=1.0)
    assert [each.dark for each in report.regions] == ["no answer within 1 s"] * 2
    assert judge(made, report).findings


def test_credentials_of_another_account_are_an_error_and_no_report(tmp_path: Path, url: str) -> None:
    stranger = world.environment(tmp_path, accounts={"workload": "111122223333"})
    with pytest.raises(CloudError, match="belong to the account"):
        seen(stranger, Keys(url))


def test_an_empty_cloud_says_that_nothing_is_deployed(tmp_path: Path, url: str) -> None:
    other = world.environment(tmp_path, suffix="other", dns={"domain": "nobody.example.net", "ttl": 10})
    findings = judge(other, seen(other, Keys(url))).findings
    assert [each.what for each in findings] == ["nothing of the environment other is deployed"]


def test_two_zones_of_the_name_are_not_guessed_between(tmp_path: Path, url: str) -> None:
    domain = "twins.example.net"
    other = world.environment(tmp_path, suffix="twins", dns={"domain": domain, "ttl": 10})
    clouds = Clouds(other, local=Keys(url))
    route53, ssm = clouds.client("route53", "us-east-1"), clouds.client("ssm", other.dns_region)
    zones = [
        route53.create_hosted_zone(Name=domain, CallerReference=each)["HostedZone"]["Id"].rsplit("/", 1)[-1]
        for each in ("one", "two")
    ]
    unknown = seen(other, Keys(url))
    assert unknown.dns is None
    (gap,) = unknown.gaps
    assert gap.part == "DNS"
    assert gap.reason.startswith(f"2 zones have the name {domain}, and {other.dns_region} does not say which is ours")
    for zone in zones:
        ssm.put_parameter(Name=naming.ZONE_PARAMETER.of(suffix="twins"), Value=zone, Type="String", Overwrite=True)
        report = seen(other, Keys(url))
        assert report.dns and report.dns.zone == zone


def test_as_json_the_report_is_whole_and_says_in_a_word_whether_all_is_fine(
    made: Environment, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = show(made, Clouds(made, local=Keys(url)), Wishes(as_json=True, seconds=20))
    told = json.loads(capsys.readouterr().out)
    assert code == Exit.FINDINGS
    assert (told["fine"], told["active"]) == (False, A)  # no stacks are there
    assert [each["region"] for each in told["regions"]] == [A, B]
    assert told["standings"][1]["failover"]["outcome"] == "proceed"


def test_questions_that_come_too_late_are_told_as_late_and_the_others_are_answered() -> None:
    began = time.monotonic()
    answers = ask_all({"soon": lambda: 1, "never": lambda: time.sleep(5), "wrong": lambda: 1 / 0}, began + 0.3)
    assert time.monotonic() - began < 2
    assert (answers["soon"].answer, answers["never"].late) == (1, True)
    assert isinstance(answers["wrong"].error, ZeroDivisionError)
    assert not answers["wrong"].silent


def test_no_more_questions_are_asked_at_a_time_than_allowed() -> None:
    going, most = [], []

    def question() -> None:
        going.append(1)
        most.append(len(going))
        going.pop()

    answers = ask_all(dict.fromkeys(range(50), question), time.monotonic() + 10, at_once=1)
    assert all(not each.late for each in answers.values())
    assert max(most) == 1
