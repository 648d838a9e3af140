"""A local cloud in which functions run, and one that does what its event says."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

from tests.cloud.cloud_world import ONE, World, until

CODE = """
import json, os, time
import botocore.session
from botocore.config import Config

def call(service, name, region=None, **given):
    config = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
    client = botocore.session.get_session().create_client(
        service, region_name=region or os.environ["AWS_REGION"], config=config)
    try:
        getattr(client, name)(**given)
        return "fine"
    except Exception as error:
        said = getattr(error, "response", None) or {}
        return said.get("Error", {}).get("Code", type(error).__name__) + ": " + str(error)

def handler(event, context):
    if "mark" in event:
        call("ssm", "put_parameter", Name=event["mark"] + "/" + str(time.time_ns()), Value="x", Type="String")
    if "hold" in event:
        held = bytearray(event["hold"] * 1024 * 1024)
        held[::4096] = b"x" * len(held[::4096])
        time.sleep(1)
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "raise" in event:
        raise ValueError(event["raise"])
    if "call" in event:
        return call(*event["call"], **event.get("given", {}))
    return {"pid": os.getpid(), "now": time.time(), "variables": dict(os.environ)}
"""


def package() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("f.py", CODE)
    return packed.getvalue()


@dataclass
class Stage:
    """One account's functions, in one region."""

    world: World
    region: str = ONE

    @property
    def lambdas(self) -> Any:
        return self.world.client("lambda", self.region, read_timeout=60)

    def role(self, name: str = "runs") -> str:
        """Make a role that functions may have, which may do everything; return its ARN."""
        iam = self.world.client("iam")
        if name not in {each["RoleName"] for each in iam.list_roles()["Roles"]}:
            self.world.role(self.world.account, name, {"Service": "lambda.amazonaws.com"})
            statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)
        return f"arn:aws:iam::{self.world.account}:role/{name}"

    def function(self, act: str, variables: dict[str, str] | None = None, **settings: Any) -> str:
        """Make a function and return its name."""
        name = f"dr-x-{self.region}-{act}"
        self.lambdas.create_function(
            FunctionName=name, Runtime="python3.13", Role=self.role(), Handler="f.handler", Code={"ZipFile": package()},
            Environment={"Variables": variables or {}}, **settings,
        )  # fmt: skip
        until(lambda: self.lambdas.get_function(FunctionName=name)["Configuration"]["State"] == "Active")
        return name

    def invoke(self, name: str, **event: Any) -> Any:
        """Return what a function answers; its error, if it fails."""
        said = self.lambdas.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        return json.load(said["Payload"])

    def schedule(self, name: str, event: dict[str, Any]) -> None:
        """Start a function every minute."""
        arn = f"arn:aws:lambda:{self.region}:{self.world.account}:function:{name}"
        self.world.client("scheduler", self.region).create_schedule(
            Name=name,
            ScheduleExpression="rate(1 minute)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn, "RoleArn": self.role(), "Input": json.dumps(event)},
        )

    def marks(self, prefix: str) -> int:
        """Return how often a function has left its mark."""
        pages = self.world.client("ssm", self.region).get_paginator("describe_parameters").paginate()
        return sum(1 for page in pages for each in page["Parameters"] if each["Name"].startswith(f"{prefix}/"))

    def journal(self, source: str, containing: str = "") -> list[str]:
        """Return what the journal says of this region, from one source."""
        return [
            f"{each['what']}: {each['cause']}"
            for each in self.world.knobs.journal()
            if each["source"] == source and each["region"] == self.region and containing in each["what"]
        ]

    def break_(self, name: str, how: str, times: int | None = None) -> None:
        """Break a function."""
        self.world.knobs.ask("POST", "functions/faults", {"name": name, "how": how, "times": times})

    def heal(self) -> None:
        """Heal all functions."""
        self.world.knobs.ask("DELETE", "functions/faults")
