"""What the tests of the local cloud share: clients of an account, roles, StackSets, and waiting to a deadline."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from twin.cloud.knobs import Knobs

ONE, TWO, THREE = "eu-west-1", "eu-central-1", "us-east-2"
ADMINISTRATION, EXECUTION = "administration", "execution"
DEADLINE = 20.0

PARAMETER = """\
Parameters:
  Value: {Type: String, Default: first}
  Name: {Type: String, Default: /stackset/value}
Resources:
  Parameter:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Name: !Ref Name, Value: !Ref Value}
Outputs:
  Name: {Value: !Ref Parameter}
"""
TOPIC = """\
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: !Sub "topic-${AWS::Region}"}
"""
NEEDY = PARAMETER.replace("{Type: String, Default: first}", "{Type: String}")


def fresh_account() -> str:
    """Return twelve digits that no other test has: everything in it is this test's alone."""
    return f"{random.SystemRandom().randrange(10**11, 10**12)}"


def until(what: Callable[[], Any], deadline: float = DEADLINE) -> Any:
    """Return what ``what`` returns once that is true; fail at the deadline."""
    last = time.monotonic() + deadline
    while not (found := what()):
        assert time.monotonic() < last, f"not within {deadline:g} seconds: {what}"
        time.sleep(0.005)
    return found


def given(values: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """Return parameters as the API takes them; None uses the previous value."""
    return [
        {"ParameterKey": name, **({"UsePreviousValue": True} if value is None else {"ParameterValue": value})}
        for name, value in values.items()
    ]


@dataclass
class World:
    """A cloud as one account sees it. ``targets``: the accounts that its StackSets deploy to."""

    url: str
    account: str = field(default_factory=fresh_account)
    region: str = "us-east-1"
    _clients: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    def client(self, service: str, region: str = "", account: str = "", **config: Any) -> Any:
        """Return a client that does not retry."""
        key = (service, region or self.region, account or self.account)
        if key not in self._clients or config:
            settings: dict[str, Any] = {"retries": {"total_max_attempts": 1}, **config}
            made: Any = boto3.client(  # type: ignore[call-overload]
                service, region_name=key[1], endpoint_url=self.url, aws_access_key_id=key[2],
                aws_secret_access_key="local", config=Config(**settings),
            )  # fmt: skip
            if config:
                return made
            self._clients[key] = made
        return self._clients[key]

    @property
    def formation(self) -> Any:
        """Return the client of the administration account's StackSets."""
        return self.client("cloudformation")

    @property
    def knobs(self) -> Knobs:
        """Return the local cloud's knobs."""
        return Knobs(self.url)

    def role(self, account: str, name: str, principal: Mapping[str, Any]) -> None:
        """Make a role that trusts the principal."""
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.client("iam", account=account).create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy))

    def administer(self) -> None:
        """Make the administration role."""
        self.role(self.account, ADMINISTRATION, {"Service": "cloudformation.amazonaws.com"})

    def admit(self, account: str = "") -> str:
        """Make the execution role in an account, a fresh one when none is given; return the account."""
        account = account or fresh_account()
        self.role(account, EXECUTION, {"AWS": f"arn:aws:iam::{self.account}:root"})
        return account

    def create(self, name: str = "set", template: str = PARAMETER, **settings: Any) -> str:
        """Make a self-managed StackSet and return its id."""
        return str(
            self.formation.create_stack_set(
                StackSetName=name,
                TemplateBody=template,
                AdministrationRoleARN=f"arn:aws:iam::{self.account}:role/{ADMINISTRATION}",
                ExecutionRoleName=EXECUTION,
                **settings,
            )["StackSetId"]
        )

    def begin(self, action: str, name: str = "set", /, **settings: Any) -> str:
        """Begin an operation and return its id."""
        if "overrides" in settings:
            settings["ParameterOverrides"] = given(settings.pop("overrides"))
        return str(getattr(self.formation, action)(StackSetName=name, **settings)["OperationId"])

    def operation(self, identity: str, name: str = "set") -> dict[str, Any]:
        """Return an operation as it is."""
        found = self.formation.describe_stack_set_operation(StackSetName=name, OperationId=identity)
        return dict(found["StackSetOperation"])

    def ended(self, identity: str, name: str = "set") -> dict[str, Any]:
        """Return an operation once it has ended."""
        over = ("SUCCEEDED", "FAILED", "STOPPED")
        until(lambda: self.operation(identity, name)["Status"] in over)
        return self.operation(identity, name)

    def do(self, action: str, name: str = "set", /, **settings: Any) -> str:
        """Carry an operation to its end and return its status."""
        return str(self.ended(self.begin(action, name, **settings), name)["Status"])

    def deploy(self, accounts: Sequence[str], regions: Sequence[str], name: str = "set", **settings: Any) -> str:
        """Make instances and return the operation's status."""
        return self.do("create_stack_instances", name, Accounts=list(accounts), Regions=list(regions), **settings)

    def instances(self, name: str = "set", **wanted: Any) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the instances by account and region."""
        found = self.formation.list_stack_instances(StackSetName=name, **wanted)["Summaries"]
        return {(each["Account"], each["Region"]): each for each in found}

    def states(self, name: str = "set") -> dict[str, tuple[str, str]]:
        """Return both statuses of the instances of StackSets with one account, by region."""
        return {
            region: (each["Status"], each["StackInstanceStatus"]["DetailedStatus"])
            for (_, region), each in self.instances(name).items()
        }

    def results(self, identity: str, name: str = "set") -> dict[tuple[str, str], dict[str, Any]]:
        """Return the results of an operation by account and region."""
        answer = self.formation.list_stack_set_operation_results(StackSetName=name, OperationId=identity)
        return {(each["Account"], each["Region"]): each for each in answer["Summaries"]}

    def value(self, account: str, region: str, name: str = "/stackset/value") -> str:
        """Return the value of the parameter that the template makes."""
        found = self.client("ssm", region, account).get_parameter(Name=name)
        return str(found["Parameter"]["Value"])

    def stack(self, account: str, region: str, name: str) -> dict[str, Any]:
        """Return a stack by its name or id."""
        return dict(self.client("cloudformation", region, account).describe_stacks(StackName=name)["Stacks"][0])

    def settled(self, account: str, region: str, name: str) -> str:
        """Return a stack's status once nothing works on it."""
        until(lambda: not self.stack(account, region, name)["StackStatus"].endswith("_IN_PROGRESS"))
        return str(self.stack(account, region, name)["StackStatus"])
