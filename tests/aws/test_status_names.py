"""What ``status`` makes of DNS: Route 53's own word against what follows from the records, and answers by luck."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from generator.aws.status import dns as asking
from generator.aws.status import routes
from generator.aws.status.report import Alarm, Check, Dns, Report
from generator.aws.status.verdict import Verdict, judge
from generator.cli.status_page import page
from generator.config import Environment
from tests.aws import status_world as world
from tests.aws.status_world import A, B

WRITER, READER = f"writer.{world.DOMAIN}", f"reader.{world.DOMAIN}"
TARGETS = {
    f"{one}.{world.DOMAIN}.": {A: f"{one}.a.example.com", B: f"{one}.b.example.com"} for one in ("writer", "reader")
}


@pytest.fixture
def made(tmp_path: Path) -> Environment:
    return world.environment(tmp_path)


@pytest.fixture
def well(made: Environment) -> Report:
    return world.well(made)


def dns(report: Report) -> Dns:
    assert report.dns is not None
    return report.dns


def told(verdict: Verdict) -> list[str]:
    return [f"{each.where}: {each.what}" for each in verdict.findings]


def heard(well: Report, resolved: Mapping[str, tuple[str, ...]]) -> Report:
    return replace(well, dns=replace(dns(well), targets=TARGETS, resolved=resolved, asked=True))


def shared(well: Report, shares: Mapping[str, float]) -> Report:
    """Return the report with other word of Route 53's checkers about some checks."""
    checks = tuple(replace(each, share=shares.get(each.id, each.share)) for each in dns(well).checks)
    return replace(well, dns=replace(dns(well), checks=checks))


def test_an_answer_of_route_53_that_fits_the_records_is_no_news(made: Environment, well: Report) -> None:
    said = {f"{WRITER}.": ("Writer.A.example.com.",), f"{READER}.": ("reader.a.example.com",)}
    assert told(judge(made, heard(well, said))) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [(("wrong.example.com",), "wrong.example.com"), (("writer.b.example.com",), None), ((), "nothing")],
)
def test_an_answer_of_route_53_that_is_another_one_is_told(
    made: Environment, well: Report, said: tuple[str, ...], words: str | None
) -> None:
    found = told(judge(made, heard(well, {f"{WRITER}.": said})))
    wanted = f"DNS: Route 53 answers {WRITER} with {words or said[0]}, and its records and checks mean"
    assert found == [f"{wanted} writer.a.example.com"]


def test_route_53_that_could_be_asked_and_did_not_say_is_told(made: Environment, well: Report) -> None:
    denied = replace(well, dns=replace(dns(well), asked=True, unheard="AccessDenied: no"))
    assert told(judge(made, denied)) == ["DNS: Route 53 did not say what it answers: AccessDenied: no"]


def test_where_route_53_can_not_be_asked_the_page_says_that_its_answers_are_worked_out(
    made: Environment, well: Report
) -> None:
    words = "Route 53 itself can't be asked here"
    assert words in page(made, well, judge(made, well))
    asked = replace(well, dns=replace(dns(well), asked=True))
    assert words not in page(made, asked, judge(made, asked))


def test_home_that_is_answered_because_nobody_is_healthy_is_told_though_it_is_active(
    made: Environment, well: Report
) -> None:
    verdict = judge(made, shared(well, {f"proof-{A}": 0.0}))
    assert verdict.routes.answers[WRITER] == (A,)
    assert told(verdict) == ["DNS: no region counts as healthy, so home is answered whatever it is able to do"]


def test_a_standby_that_counts_as_healthy_is_told_while_the_answers_are_still_right(
    made: Environment, well: Report
) -> None:
    verdict = judge(made, shared(well, {f"proof-{B}": 1.0}))
    assert verdict.routes.answers[WRITER] == (A,)
    assert told(verdict) == [f"DNS: {B} counts as healthy, and the writer is {A}"]


def proof_alarm(name: str) -> Alarm:
    settings = {
        "AlarmName": "proof",
        "Namespace": "DisasterRecovery/example",
        "MetricName": "WriterProof",
        "Dimensions": [{"Name": "Region", "Value": name}],
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "LessThanThreshold",
    }
    return Alarm("proof", "OK", settings)


def test_route_53s_checkers_are_believed_before_its_metric_and_that_before_our_own_judgement(
    made: Environment, well: Report
) -> None:
    assert well.dns is not None
    alarmed = world.changed(world.changed(well, A, alarms=(proof_alarm(A),)), B, alarms=(proof_alarm(B),))

    def heard(share: float | None, mirrored: bool | None) -> routes.Routes:
        config = {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Region": A, "Name": "proof"}}
        checks = tuple(
            Check(each.id, config, share, mirrored) if each.id == f"proof-{A}" else each
            for each in well.dns.checks  # type: ignore[union-attr]
        )
        return routes.routes(replace(alarmed, dns=replace(well.dns, checks=checks)))  # type: ignore[type-var]

    assert (heard(0.0, True).healthy[A], heard(0.0, True).by) == (False, routes.CHECKERS)
    assert (heard(None, False).healthy[A], heard(None, True).healthy[A]) == (False, True)
    assert heard(None, False).by == f"{routes.CHECKERS}, {routes.MIRRORED}"
    judged = heard(None, None)  # the metric says 1, half a minute ago
    assert (judged.healthy[A], judged.by) == (True, f"{routes.CHECKERS}, {routes.JUDGED}")


class Stub:
    """Route 53 as far as its own answers go: of each name its values, or why not."""

    def __init__(self, answers: Mapping[str, tuple[str, ...]]) -> None:
        self.answers = answers

    def test_dns_answer(self, **asked: Any) -> dict[str, Any]:
        if asked["RecordName"] not in self.answers:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "TestDNSAnswer")
        return {"RecordData": list(self.answers[asked["RecordName"]])}


def test_a_name_of_which_route_53_did_not_say_anything_leaves_the_reason() -> None:
    found, why = asking._resolved(Stub({"a.": ("x",)}), "Z1", ["a.", "b."], time.monotonic() + 10)
    assert found == {"a.": ("x",)}
    assert "AccessDenied" in why
    assert asking._resolved(Stub({"a.": ()}), "Z1", ["a."], time.monotonic() + 10) == ({"a.": ()}, "")
