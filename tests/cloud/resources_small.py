"""A local cloud for tests of single resources: small stacks, and what they say when they fail."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

HERE, THERE = "eu-west-1", "eu-central-1"
ACCOUNT = "111122223333"
Resources = dict[str, Any]
_SESSION: Any = boto3.Session()  # one for all: it keeps the services' models


@dataclass(frozen=True)
class Cloud:
    url: str

    def client(self, service: str, region: str = HERE) -> Any:
        return _SESSION.client(
            service, region, endpoint_url=self.url, aws_access_key_id=ACCOUNT, aws_secret_access_key="local"
        )

    def stack(self, resources: Resources, region: str = HERE, *, name: str = "", **more: Any) -> tuple[str, str]:
        """Make or change a stack; returns its status and the first failure's reason."""
        cloudformation = self.client("cloudformation", region)
        call = cloudformation.update_stack if name else cloudformation.create_stack
        name = name or f"s{uuid4().hex[:12]}"
        call(
            StackName=name,
            TemplateBody=json.dumps({"Resources": resources, **more}),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        status = self.settled(name, region)
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        failed = [each for each in reversed(events) if each["ResourceStatus"].endswith("FAILED")]
        return status, str(failed[0].get("ResourceStatusReason", "")) if failed else name

    def settled(self, name: str, region: str) -> str:
        """Return the status that a stack comes to."""
        cloudformation, end = self.client("cloudformation", region), time.monotonic() + 30
        while time.monotonic() < end:
            status = str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
            if not status.endswith("IN_PROGRESS"):
                return status
        raise AssertionError("the stack does not settle")

    def made(self, resources: Resources, region: str = HERE, **more: Any) -> str:
        status, name = self.stack(resources, region, **more)
        assert status == "CREATE_COMPLETE", name
        return name

    def refused(self, resources: Resources, region: str = HERE) -> str:
        status, reason = self.stack(resources, region)
        assert status == "ROLLBACK_COMPLETE", status
        return reason

    def key(self, region: str) -> str:
        return str(self.client("kms", region).create_key()["KeyMetadata"]["Arn"])


def code(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as refused:
        call()
    return str(refused.value.response["Error"]["Code"])
