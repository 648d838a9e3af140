"""Starting a recovery in its target region, with that region's own endpoints and nothing else.

A recovery has to begin while the old region is gone and while IAM's, Route 53's and CloudFormation's control planes
are: so what is asked here is Step Functions, Lambda, DynamoDB and STS of the target, each call with an end after
seconds. The state machine's ARN is worked out from the configured account: a caller of another account is refused by
the service, and is told so by name as long as the region's STS answers.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from generator import naming
from generator.aws.clients import Clouds, Patience
from generator.aws.errors import code
from generator.aws.looking import DarkError, ask, unhurried
from generator.config import Environment
from generator.errors import CloudError
from recovery import signals

PATIENCE = Patience(connect=2.0, read=5.0, tries=3)
"""For every call: a region that does not answer is known to be dark after some twenty seconds."""

ASSESSING = Patience(connect=2.0, read=35.0, tries=1)
"""The function that assesses may take thirty seconds (``generator/stacks/_recovery_functions.py``)."""

ONCE = Patience(connect=2.0, read=3.0, tries=1)
"""For what can be done without."""

RUNNING = frozenset({"RUNNING", "PENDING_REDRIVE"})
"""Statuses of an execution that has not ended (Step Functions API, ``DescribeExecution``)."""

_USED = "ExecutionAlreadyExists"
_GONE = frozenset({"ExecutionDoesNotExist", "StateMachineDoesNotExist", "ResourceNotFoundException"})

Answer = TypeVar("Answer")


class SilentError(CloudError):
    """The target region does not answer; a refusal is not that."""


@dataclass(frozen=True)
class Request:
    """What is asked for; the state machine's input. ``lost`` is the region that it is asked for, or empty."""

    verb: str
    target: str
    requested_by: str
    reason: str
    lost: str = ""
    accept_data_loss: bool = False
    approval: bool = False
    approval_seconds: int = 900


@dataclass(frozen=True)
class Holder:
    """The recovery that runs in a region: its execution, verb, who asked for it, and since when."""

    execution: str
    verb: str
    requested_by: str
    since: str

    def __str__(self) -> str:
        """Return it in words."""
        return f"a {self.verb} for {self.requested_by}, since {self.since}: {self.execution}"


class Target:
    """The region that a recovery is to or was started in. Safe to use from several threads."""

    def __init__(self, clouds: Clouds, region: str) -> None:
        self.environment: Environment = clouds.environment
        self.region = region
        self.clouds = Clouds(clouds.environment, patience=PATIENCE, local=clouds.local, near=region)

    @property
    def machine(self) -> str:
        """Return the state machine's ARN."""
        return f"{self._states()}:stateMachine:{self._machine_name}"

    @property
    def table(self) -> str:
        """Return the name of the state table."""
        return naming.STATE_TABLE.of(suffix=self.environment.suffix, region=self.region)

    def function(self, name: str) -> str:
        """Return the ARN of a function: another account's caller can't reach one of the same name by it."""
        named = naming.function(name).of(suffix=self.environment.suffix, region=self.region)
        return f"arn:{self._partition}:lambda:{self.region}:{self.environment.accounts.workload}:function:{named}"

    def execution(self, name: str) -> str:
        """Return the ARN of an execution; an ARN is returned as it is."""
        return name if name.startswith("arn:") else f"{self._states()}:execution:{self._machine_name}:{name}"

    def client(self, service: str, patience: Patience = PATIENCE) -> Any:
        """Return a client of the region. Raises CloudError when there are no credentials."""
        return self.clouds.having(patience).client(service, self.region)

    def asked(self, doing: str, question: Callable[[], Answer]) -> Answer:
        """Return the answer of one of the region's services. Raises CloudError, a SilentError when none came.

        A question may be put again, so it has to be one that does nothing twice.
        """
        try:
            return ask(self.region, doing, lambda: unhurried(question))
        except DarkError as error:
            raise SilentError(
                str(error).replace("\n", " "),
                hint=f"{self.region} has to answer for a recovery to it; another standby is started in that one",
            ) from error

    def check_account(self) -> str:
        """Return what is doubtful about the credentials, empty when nothing is.

        Raises CloudError when STS says that they belong to another account, or are no good at all.
        """
        accounts = self.environment.accounts
        sts = self.clouds.having(ONCE).client("sts", self.region, accounts.administration)
        try:
            found = str(ask(self.region, "asking whose credentials these are", sts.get_caller_identity)["Account"])
        except DarkError:
            return f"STS in {self.region} does not say whose credentials these are: going on without"
        if found == accounts.workload != accounts.administration:
            self._stay_at_home()
        elif found != accounts.administration:
            raise CloudError(
                f"these credentials belong to the account {found}, the environment {self.environment.suffix} to "
                f"{accounts.workload}",
                hint="choose the right profile with AWS_PROFILE, or correct accounts in the environment file",
            )
        return ""

    def _stay_at_home(self) -> None:
        """Use the credentials as they are: they are the workload account's, and need no role there."""
        accounts = self.environment.accounts
        accounts = accounts.model_copy(update={"administration": accounts.workload})
        self.environment = self.environment.model_copy(update={"accounts": accounts})
        self.clouds = Clouds(self.environment, patience=PATIENCE, local=self.clouds.local, near=self.region)

    @property
    def _partition(self) -> str:
        return str(self.client("stepfunctions").meta.partition)

    @property
    def _machine_name(self) -> str:
        return naming.STATE_MACHINE.of(suffix=self.environment.suffix, region=self.region)

    def _states(self) -> str:
        return f"arn:{self._partition}:states:{self.region}:{self.environment.accounts.workload}"


def lease(target: Target) -> dict[str, Any] | None:
    """Return the region's lease as it stands in its table, ``None`` without one. Raises CloudError."""
    key = {signals.KEY_KIND: {"S": signals.LEASE}, signals.KEY_NAME: {"S": signals.LEASE_NAME}}
    read = target.client("dynamodb").get_item
    answer = target.asked("reading the lease", lambda: read(TableName=target.table, Key=key, ConsistentRead=True))
    item = answer.get("Item")
    return {name: next(iter(value.values())) for name, value in item.items()} if item else None


def holder(target: Target) -> Holder | None:
    """Return the recovery that holds the region's lease and has not ended, ``None`` when there is none.

    Raises CloudError when the region can't be asked.
    """
    held = lease(target)
    if held is None:
        return None
    found = Holder(*(str(held.get(name, "")) for name in ("holder", "verb", "requested_by", "since")))
    return found if describe(target, found.execution).get("status", "") in RUNNING else None


def describe(target: Target, execution: str) -> dict[str, Any]:
    """Return the execution as Step Functions describes it, empty when there is none. Raises CloudError."""
    call = target.client("stepfunctions").describe_execution

    def question() -> dict[str, Any]:
        try:
            return dict(call(executionArn=execution))
        except ClientError as error:
            if code(error) in _GONE:
                return {}
            raise

    return target.asked(f"looking at {execution}", question)


def newest(target: Target) -> str:
    """Return the ARN of the execution that was started last, empty when there was none. Raises CloudError."""
    call = target.client("stepfunctions").list_executions
    machine = target.machine
    found = target.asked("listing recoveries", lambda: call(stateMachineArn=machine, maxResults=1)["executions"])
    return str(found[0]["executionArn"]) if found else ""


def start(target: Target, request: Request) -> str:
    """Start the recovery and return its execution's ARN.

    The name is this call's own, so that a call whose answer was lost is known by it when it is made again: the
    service then says that it was used (Step Functions API, ``StartExecution``). What keeps two people's calls apart
    is the lease. Raises CloudError.
    """
    name = f"{request.verb}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(4)}"
    call, machine, given = target.client("stepfunctions").start_execution, target.machine, json.dumps(asdict(request))

    def question() -> str:
        try:
            return str(call(stateMachineArn=machine, name=name, input=given)["executionArn"])
        except ClientError as error:
            if code(error) != _USED:
                raise
            return target.execution(name)

    return target.asked(f"starting the {request.verb}", question)
