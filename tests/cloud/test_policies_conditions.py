"""Every condition key of the templates is evaluated, and those of calls are filled from the calls themselves."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from generator.catalog import STACKS
from tests.cloud.policies_world import HERE, THERE, Court, allow, said
from tests.stacks.conftest import SHAPES, built
from twin.cloud.policies.evaluation import (
    Actor,
    Guard,
    Question,
    allowed_by,
    judge,
    parsed,
    service_allowed,
)
from twin.cloud.process import Options, Running, local_cloud

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/dr-one-recovery"
FUNCTION = f"arn:aws:lambda:{HERE}:{ACCOUNT}:function:prove-writer"
TOPIC = f"arn:aws:sns:{HERE}:{ACCOUNT}:notices"

FILLED = {
    "aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID", "aws:RequestedRegion", "aws:ResourceAccount",
    "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn", "aws:SourceIp", "cloudwatch:namespace",
    "dynamodb:LeadingKeys", "kms:EncryptionContext:aws:s3:arn", "kms:ViaService", "lambda:SourceFunctionArn",
    "s3:TlsVersion", "sts:ExternalId",
}  # fmt: skip
"""What a call of the local cloud brings along; each is shown below, or in the other tests of policies."""

NOT_ASKED = {"iam:AWSServiceName", "iam:PassedToService", "iam:PolicyARN", "kms:EncryptionContext:aws:logs:arn"}
"""Of rights that nobody uses here: what CloudFormation does, and what a log group asks of its key."""


def conditions(value: Any) -> Iterator[tuple[str, str]]:
    """Return every operator and key of the conditions in a template."""
    if isinstance(value, dict):
        if {"Effect", "Condition"} <= set(value):
            for operator, block in value["Condition"].items():
                yield from ((operator, key) for key in block)
        for each in value.values():
            yield from conditions(each)
    elif isinstance(value, list):
        for each in value:
            yield from conditions(each)


USED = sorted({found for shape in SHAPES for template in built(shape).values() for found in conditions(template)})


def actor(*statements: Mapping[str, Any], **keys: Any) -> Actor:
    return Actor(ACCOUNT, ROLE, [parsed({"Statement": list(statements)})], keys=keys)


def test_every_condition_key_of_the_templates_is_filled_or_belongs_to_what_is_not_asked() -> None:
    assert len(STACKS) > 10 and {key for _, key in USED} == FILLED | NOT_ASKED


FITTING: dict[str, tuple[Any, Any]] = {
    "Bool": ("false", "true"),
    "Null": (None, "there"),
    "NumericLessThan": ("1.1", "1.3"),
    "ArnNotEquals": ("another", "right"),
}
WANTED = {"Bool": "false", "Null": "true", "NumericLessThan": "1.2"}
GIVEN_BY_THE_CALL = ("aws:PrincipalArn", "aws:PrincipalAccount", "aws:RequestedRegion", "aws:ResourceAccount",
                     "aws:SecureTransport", "aws:SourceIp")  # fmt: skip


@pytest.mark.parametrize(("operator", "key"), [each for each in USED if each[1] not in GIVEN_BY_THE_CALL])
def test_a_condition_lets_the_right_value_in_and_no_other(operator: str, key: str) -> None:
    wanted = WANTED.get(operator, "right")
    right, wrong = FITTING.get(operator, ("right", "wrong"))
    who = actor(allow("*", **{operator: {key: wanted}}))
    answers = [judge(who, Question("x:Do", "*", HERE, {key: value})).allowed for value in (right, wrong)]
    assert answers == [True, False]


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/dr-*-recovery"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/dr-*"}}, False),
        ({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": "444455556666"}}, False),
        ({"StringEquals": {"aws:RequestedRegion": [HERE, THERE]}}, True),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, False),
        ({"StringEquals": {"aws:ResourceAccount": ACCOUNT}}, True),
        ({"StringEquals": {"aws:ResourceAccount": "444455556666"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, False),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"IpAddress": {"aws:SourceIp": "15.177.0.0/18"}}, False),
    ],
)
def test_what_every_call_has_is_evaluated(condition: dict[str, Any], met: bool) -> None:
    question = Question("sns:Publish", TOPIC, HERE)
    assert judge(actor(allow("sns:Publish", TOPIC, **condition)), question).allowed is met


def test_a_role_is_itself_in_a_policy_and_not_its_session() -> None:
    document = {"Statement": [{**allow("sns:Publish", TOPIC), "Principal": {"AWS": ROLE}}]}
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/dr-one-recovery/fence"
    assert allowed_by(document, session, "sns:Publish", TOPIC, {})[0]
    other = f"arn:aws:sts::{ACCOUNT}:assumed-role/another/fence"
    assert allowed_by(document, other, "sns:Publish", TOPIC, {}) == (
        False,
        "no statement allows it in the resource's policy",
    )


def test_the_policy_of_an_endpoint_says_which_statement_stands_in_the_way() -> None:
    document = {
        "Statement": [
            {**allow("cloudwatch:PutMetricData", sid="Own", StringEquals={"aws:PrincipalAccount": ACCOUNT}),
             "Principal": "*"}
        ]
    }  # fmt: skip
    assert allowed_by(document, ROLE, "cloudwatch:PutMetricData", "*", {}) == (True, "allowed by Own")
    foreign = ROLE.replace(ACCOUNT, "444455556666")
    allowed, reason = allowed_by(document, foreign, "cloudwatch:PutMetricData", "*", {})
    assert not allowed and reason.startswith("the statement Own of the resource's policy allows it only if aws:Princip")


@pytest.mark.parametrize(
    ("source", "account", "allowed"),
    [("alarm:dr-one", ACCOUNT, True), ("alarm:another", ACCOUNT, False), ("alarm:dr-one", "444455556666", False)],
)
def test_a_service_is_let_in_for_its_source_only(source: str, account: str, allowed: bool) -> None:
    statement = allow(
        "sns:Publish",
        TOPIC,
        StringEquals={"aws:SourceAccount": ACCOUNT},
        ArnLike={"aws:SourceArn": f"arn:aws:cloudwatch:{HERE}:{ACCOUNT}:alarm:dr-*"},
    )
    document = {"Statement": [{**statement, "Principal": {"Service": "cloudwatch.amazonaws.com"}}]}
    context = {"aws:SourceAccount": account, "aws:SourceArn": f"arn:aws:cloudwatch:{HERE}:{account}:{source}"}
    question = Question("sns:Publish", TOPIC, HERE, context)
    assert service_allowed(document, "cloudwatch.amazonaws.com", question)[0] is allowed
    assert not service_allowed(document, "events.amazonaws.com", question)[0]


def test_the_code_of_a_function_is_told_apart_from_lambda_itself() -> None:
    denial = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*",
              "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": FUNCTION}}}  # fmt: skip
    question = Question("ec2:CreateNetworkInterface", "*", HERE)
    assert judge(actor(allow("ec2:*"), denial), question).allowed
    assert not judge(actor(allow("ec2:*"), denial, **{"lambda:sourcefunctionarn": FUNCTION}), question).allowed


def test_a_key_lets_nobody_in_that_its_own_policy_does_not() -> None:
    question = Question("kms:Decrypt", f"arn:aws:kms:{HERE}:{ACCOUNT}:key/k", HERE)
    account = {**allow("kms:*"), "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    who = actor(allow("kms:Decrypt"))
    assert judge(who, question, Guard({"Statement": [account]}, ACCOUNT, required=True)).allowed
    assert not judge(who, question, Guard({"Statement": []}, ACCOUNT, required=True)).allowed


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with local_cloud(Options(functions="answers", policies=True)) as found:
        yield found


@pytest.fixture
def court(running: Running) -> Court:
    return Court(running.url)


def test_the_namespace_of_metrics_is_read_from_the_call(court: Court) -> None:
    keys = court.session(allow("cloudwatch:PutMetricData", StringEquals={"cloudwatch:namespace": "Own"}))
    metrics = court.client("cloudwatch", keys=keys)
    data = [{"MetricName": "m", "Value": 1.0}]
    assert said(metrics.put_metric_data, Namespace="Own", MetricData=data) == ""
    assert said(metrics.put_metric_data, Namespace="Other", MetricData=data) == "AccessDeniedException"
    many = [{"MetricName": f"{n}{random.random()}" * 5, "Value": 1.0} for n in range(300)]  # sent compressed
    assert said(metrics.put_metric_data, Namespace="Own", MetricData=many) == ""
    assert said(metrics.put_metric_data, Namespace="Other", MetricData=many) == "AccessDeniedException"


def test_the_partition_keys_of_items_are_read_from_the_call(court: Court) -> None:
    table = court.table()
    condition = {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["own"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    database = court.client("dynamodb", keys=court.session(allow("dynamodb:*", **condition)))
    denied = "AccessDeniedException"
    for kind, expected in (("own", ""), ("other", denied)):
        item = {"kind": {"S": kind}, "name": {"S": "n"}}
        asked = {":k": {"S": kind}}
        assert said(database.put_item, TableName=table, Item=item) == expected
        assert said(database.get_item, TableName=table, Key=item) == expected
        assert said(
            database.query, TableName=table, KeyConditionExpression="#k = :k",
            ExpressionAttributeNames={"#k": "kind"}, ExpressionAttributeValues=asked,
        ) == expected  # fmt: skip
        assert said(database.batch_write_item, RequestItems={table: [{"PutRequest": {"Item": item}}]}) == expected
    assert said(database.scan, TableName=table) == denied


def test_an_encrypted_topic_asks_for_the_right_to_its_key_by_way_of_the_topic(court: Court) -> None:
    key = court.client("kms").create_key()["KeyMetadata"]["Arn"]
    attributes = {"KmsMasterKeyId": key}
    topic = court.client("sns").create_topic(Name="notices", Attributes=attributes)["TopicArn"]
    publish = allow("sns:Publish", topic)
    use = ["kms:Decrypt", "kms:GenerateDataKey"]
    via = {"StringEquals": {"kms:ViaService": f"sns.{HERE}.amazonaws.com"}}
    elsewhere = {"StringEquals": {"kms:ViaService": f"s3.{HERE}.amazonaws.com"}}
    for statements, expected in (
        ((), "AuthorizationError"),
        ((publish,), "KMSAccessDenied"),
        ((publish, allow(use, key, **elsewhere)), "KMSAccessDenied"),
        ((publish, allow(use, key, **via)), ""),
    ):
        sns = court.client("sns", keys=court.session(*statements))
        assert said(sns.publish, TopicArn=topic, Message="m") == expected


def test_a_bucket_that_refuses_old_tls_lets_a_call_of_today_in(court: Court) -> None:
    name = f"bucket-{court.account}"
    court.client("s3", "us-east-1").create_bucket(Bucket=name)
    document = (
        '{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": '
        '{"NumericLessThan": {"s3:TlsVersion": "%s"}}}]}'
    )
    keys = court.session(allow("s3:*"))
    for oldest, expected in (("1.2", ""), ("1.4", "AccessDenied")):
        court.client("s3", "us-east-1").put_bucket_policy(Bucket=name, Policy=document % oldest)
        assert said(court.client("s3", "us-east-1", keys).put_object, Bucket=name, Key="k", Body=b"b") == expected


def test_a_switchover_asks_for_the_global_cluster_and_every_member(court: Court) -> None:
    """Trap 103."""
    rds = court.client("rds")
    whole = f"arn:aws:rds::{court.account}:global-cluster:dr"
    member = rds.create_db_cluster(
        DBClusterIdentifier="dr-one", Engine="aurora-postgresql", EngineVersion="16.8", MasterUsername="master",
        MasterUserPassword="a-long-password",
    )["DBCluster"]["DBClusterArn"]  # fmt: skip
    rds.create_global_cluster(GlobalClusterIdentifier="dr", SourceDBClusterIdentifier=member)
    asked = {"GlobalClusterIdentifier": "dr", "TargetDbClusterIdentifier": member}
    for resources, denied in (([whole], member), ([member], whole)):
        keys = court.session(allow("rds:SwitchoverGlobalCluster", resources))
        assert said(court.client("rds", keys=keys).switchover_global_cluster, **asked) == "AccessDenied"
        assert court.denials()[-1]["resource"] == denied
