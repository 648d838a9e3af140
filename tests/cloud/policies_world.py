"""A local cloud that checks policies, and clients that are somebody: an administrator, or a role's session."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.cloud.cloud_world import fresh_account
from twin.cloud.knobs import Knobs

HERE, THERE = "eu-west-1", "eu-central-1"
Statement = dict[str, Any]


def allow(action: Any, resource: Any = "*", sid: Any = "", **condition: Any) -> Statement:
    """Return a statement that allows; ``condition`` is by operator."""
    return {
        **({"Sid": sid} if sid else {}),
        "Effect": "Allow",
        "Action": action,
        "Resource": resource,
        **({"Condition": condition} if condition else {}),
    }


def trust(principal: Mapping[str, Any], **condition: Any) -> Statement:
    """Return a statement of a trust policy."""
    return {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "sts:AssumeRole",
        **({"Condition": condition} if condition else {}),
    }


@dataclass
class Court:
    """The cloud as one account sees it."""

    url: str
    account: str = field(default_factory=fresh_account)

    @property
    def knobs(self) -> Knobs:
        """Return the knobs."""
        return Knobs(self.url)

    def client(self, service: str, region: str = HERE, keys: Mapping[str, str] | None = None) -> Any:
        """Return a client of an administrator, or of whoever holds the keys that STS gave out."""
        keys = keys or {"AccessKeyId": self.account, "SecretAccessKey": "local"}
        settings: dict[str, Any] = {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys.get("SessionToken"),
            "config": Config(retries={"total_max_attempts": 1}),
        }
        return boto3.client(service, region_name=region, endpoint_url=self.url, **settings)  # type: ignore[call-overload]

    def role(self, *statements: Statement, trusts: Statement | None = None, name: str = "") -> str:
        """Make a role with these rights, which the account's administrator may assume, and return its ARN."""
        name = name or f"role-{random.randrange(10**9)}"
        trusted = trusts or trust({"AWS": f"arn:aws:iam::{self.account}:root"})
        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trusted]}))["Role"][
            "Arn"
        ]
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=policy)
        return str(arn)

    def assume(self, role: str, keys: Mapping[str, str] | None = None, **more: str) -> dict[str, str]:
        """Return the keys of a session of a role."""
        sts = self.client("sts", keys=keys)
        return dict(sts.assume_role(RoleArn=role, RoleSessionName="session", **more)["Credentials"])

    def session(self, *statements: Statement) -> dict[str, str]:
        """Return the keys of a session of a new role with these rights."""
        return self.assume(self.role(*statements))

    def table(self, name: str = "state", region: str = HERE) -> str:
        """Make a table with the keys that the state table has, and return its name."""
        self.client("dynamodb", region).create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "name", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("kind", "name")],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def denials(self) -> list[dict[str, Any]]:
        """Return what was denied in this account."""
        return [each for each in self.knobs.ask("GET", "denials") if f":{self.account}:" in each["principal"]]


def said(call: Any, **parameters: Any) -> str:
    """Return the error code that a call comes back with, an empty string when it succeeds."""
    try:
        call(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""
