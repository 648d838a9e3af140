"""Calls are judged by the policies of whoever signed them: actions, resources, conditions, trust; and are noted."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from generator.config import load
from generator.resources import folder
from tests.cloud.policies_world import HERE, THERE, Court, allow, said, trust
from twin.cloud.callers import Caller, caller
from twin.cloud.organization import belonging, members
from twin.cloud.policies import sessions
from twin.cloud.process import Options, Running, local_cloud
from twin.cloud.settings import organization

ITEM = {"kind": {"S": "thing"}, "name": {"S": "a"}}


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with local_cloud(Options(functions="answers", policies=True)) as found:
        yield found


@pytest.fixture
def court(running: Running) -> Iterator[Court]:
    found = Court(running.url)
    yield found
    found.knobs.ask("DELETE", "policies/revoke")
    found.knobs.organize()


def test_a_role_may_do_what_its_policy_allows_and_nothing_else(court: Court) -> None:
    table = court.table()
    mine = f"arn:aws:dynamodb:{HERE}:{court.account}:table/{table}"
    database = court.client("dynamodb", keys=court.session(allow("dynamodb:PutItem", mine)))
    assert said(database.put_item, TableName=table, Item=ITEM) == ""
    assert said(database.delete_item, TableName=table, Key=ITEM) == "AccessDeniedException"


def test_a_right_is_for_its_resource_and_its_region(court: Court) -> None:
    for region in (HERE, THERE):
        court.table(region=region)
        court.table("other", region)
    keys = court.session(allow("dynamodb:PutItem", f"arn:aws:dynamodb:{HERE}:{court.account}:table/state"))
    here, there = (court.client("dynamodb", region, keys) for region in (HERE, THERE))
    assert said(here.put_item, TableName="state", Item=ITEM) == ""
    assert said(here.put_item, TableName="other", Item=ITEM) == "AccessDeniedException"
    assert said(there.put_item, TableName="state", Item=ITEM) == "AccessDeniedException"


def test_a_denial_wins_over_every_right(court: Court) -> None:
    table = court.table()
    denial = {"Sid": "Never", "Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}
    database = court.client("dynamodb", keys=court.session(allow("*"), denial))
    with pytest.raises(ClientError, match="the statement Never denies it"):
        database.put_item(TableName=table, Item=ITEM)


def test_a_call_is_denied_in_the_words_of_its_service(court: Court) -> None:
    keys = court.session()
    assert said(court.client("ec2", keys=keys).describe_vpcs) == "UnauthorizedOperation"
    assert said(court.client("rds", keys=keys).describe_global_clusters) == "AccessDenied"
    assert said(court.client("lambda", keys=keys).list_functions) == "AccessDeniedException"
    topic = court.client("sns").create_topic(Name="topic")["TopicArn"]
    assert said(court.client("sns", keys=keys).publish, TopicArn=topic, Message="m") == "AuthorizationError"


def test_a_call_that_nobody_can_name_is_for_administrators_only(court: Court) -> None:
    keys = court.session(allow("*"))
    request = AWSRequest("PATCH", f"{court.url}/2015-03-31/nothing", headers={"Host": court.url.rpartition("/")[2]})
    held = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    SigV4Auth(held, "lambda", HERE).add_auth(request)
    sent = urllib.request.Request(str(request.url), method="PATCH", headers=dict(request.headers))
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(sent, timeout=10)
    assert refused.value.code == 403
    assert "does not know what right this call needs" in refused.value.read().decode()
    assert court.denials()[-1]["action"] == "lambda:?"


def test_credentials_that_nobody_gave_out_are_refused_and_so_is_a_wrong_signature(court: Court) -> None:
    keys = court.session(allow("*"))
    stranger = {**keys, "AccessKeyId": "ASIASTRANGERSTRANGER"}
    assert said(court.client("dynamodb", keys=stranger).list_tables) == "UnrecognizedClientException"
    forger = {**keys, "SecretAccessKey": "guessed"}
    assert said(court.client("dynamodb", keys=forger).list_tables) == "InvalidSignatureException"
    assert said(court.client("dynamodb", keys={**keys, "SessionToken": "other"}).list_tables)
    assert said(court.client("dynamodb", keys=keys).list_tables) == ""


def test_a_role_is_assumed_only_by_whom_it_trusts(court: Court) -> None:
    partner = court.role(name="partner")
    fence = court.role(
        trusts=trust(
            {"AWS": f"arn:aws:iam::{court.account}:root"},
            ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{court.account}:role/trusted-*"},
        )
    )
    for each in (partner, court.role(name="trusted-one")):
        court.client("iam").put_role_policy(
            RoleName=each.rpartition("/")[2],
            PolicyName="assume",
            PolicyDocument=json.dumps({"Statement": [allow("sts:AssumeRole", fence)]}),
        )
    trusted = court.assume(f"arn:aws:iam::{court.account}:role/trusted-one")
    assert court.assume(fence, trusted)["AccessKeyId"].startswith("ASIA")
    for keys in (court.assume(partner), None):
        with pytest.raises(ClientError, match="allows it only if aws:PrincipalArn ArnLike"):
            court.assume(fence, keys)


def test_trust_is_not_enough_without_the_callers_own_right(court: Court) -> None:
    fence = court.role()
    with pytest.raises(ClientError, match="no statement allows it"):
        court.assume(fence, court.session())


@pytest.mark.parametrize(("given", "assumed"), [("dr-1", True), ("dr-2", False), (None, False)])
def test_an_external_id_has_to_be_said(court: Court, given: str | None, assumed: bool) -> None:
    own = {"AWS": f"arn:aws:iam::{court.account}:root"}
    role = court.role(trusts=trust(own, StringEquals={"sts:ExternalId": "dr-1"}))
    more: dict[str, Any] = {"ExternalId": given} if given else {}
    assert said(lambda: court.assume(role, **more)) == ("" if assumed else "AccessDenied")


def test_a_caller_has_to_belong_to_the_organization_that_a_role_trusts(court: Court) -> None:
    own = {"AWS": f"arn:aws:iam::{court.account}:root"}
    role = court.role(trusts=trust(own, StringEquals={"aws:PrincipalOrgID": "o-a1b2c3d4e5"}))
    assert said(lambda: court.assume(role)) == "AccessDenied"
    court.knobs.organize(management=court.account, id="o-zzzzzzzzzz")
    assert said(lambda: court.assume(role)) == "AccessDenied"
    court.knobs.organize(management=court.account, id="o-a1b2c3d4e5")
    assert said(lambda: court.assume(role)) == ""


def test_an_account_is_let_in_only_by_a_role_that_names_it(court: Court) -> None:
    other = Court(court.url)
    own = court.role()
    with pytest.raises(ClientError, match="no statement allows it in the resource's policy"):
        other.assume(own)
    shared = court.role(trusts=trust({"AWS": f"arn:aws:iam::{other.account}:root"}))
    keys = other.assume(shared)
    assert court.client("sts", keys=keys).get_caller_identity()["Account"] == court.account


def test_a_right_that_was_taken_away_is_denied_until_it_is_given_back(court: Court) -> None:
    table = court.table()
    role = court.role(allow("dynamodb:*"), name="worker")
    database = court.client("dynamodb", keys=court.assume(role))
    court.knobs.ask("PUT", "policies/revoke", {"role": "work*", "action": "dynamodb:Put*"})
    with pytest.raises(ClientError, match="the statement TakenAway denies it"):
        database.put_item(TableName=table, Item=ITEM)
    assert said(database.get_item, TableName=table, Key=ITEM) == ""
    court.knobs.ask("DELETE", "policies/revoke")
    assert said(database.put_item, TableName=table, Item=ITEM) == ""


def test_what_is_denied_is_told_once_with_its_reason_and_counted(court: Court) -> None:
    table = court.table()
    role = court.role(allow("dynamodb:GetItem", "arn:aws:dynamodb:*:*:table/other", sid="Others"))
    database = court.client("dynamodb", keys=court.assume(role))
    for _ in range(3):
        said(database.get_item, TableName=table, Key=ITEM)
    (denial,) = court.denials()
    assert (denial["action"], denial["count"]) == ("dynamodb:GetItem", 3)
    assert denial["reason"] == "the statement Others allows it on arn:aws:dynamodb:*:*:table/other only"
    events = [each for each in court.knobs.journal() if each["detail"].get("principal") == role]
    (event,) = events
    assert event["source"] == "policy" and "may not dynamodb:GetItem on" in event["what"]
    assert event["cause"] == denial["reason"]
    (called,) = [each for each in court.knobs.ask("GET", "callers") if each["principal"] == role]
    assert called == {
        "principal": role, "function": "", "service": "dynamodb", "action": "dynamodb:GetItem", "region": HERE,
        "count": 3, "denied": 3,
    }  # fmt: skip


def test_the_network_is_told_who_is_behind_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    function = "arn:aws:lambda:eu-west-1:111122223333:function:fence"
    records: dict[str, dict[str, Any]] = {
        "ASIAFUNCTION": {"Arn": "arn:aws:sts::111122223333:assumed-role/recovery/fence", sessions.FUNCTION: function},
        "ASIABORROWED": {
            "Arn": "arn:aws:sts::111122223333:assumed-role/partner/fence", "SourceAccessKeyId": "ASIAFUNCTION"
        },
    }  # fmt: skip
    monkeypatch.setattr(sessions, "session", records.get)
    assert caller("ASIANOBODY") is None
    assert caller("111122223333") == Caller("111122223333", "arn:aws:iam::111122223333:root")
    borrowed = caller("ASIABORROWED")
    assert borrowed is not None and (borrowed.function, borrowed.region) == (function, "eu-west-1")
    assert borrowed.role == "arn:aws:iam::111122223333:role/partner"


def test_the_local_cloud_of_an_environment_has_its_organization_and_both_its_accounts() -> None:
    told = belonging(load(folder("stacksets") / "three-regions.yaml"))
    made = organization(told)
    assert made.id == "o-a1b2c3d4e5"
    assert members(made) == {"111122223333", "444455556666"}
    assert belonging(load(folder("stacksets") / "example.yaml")) == {}
