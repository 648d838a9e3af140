"""A whole local cloud with a global database of two regions, as RDS's clients and the knobs see it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3

from tests.cloud.databases_world import IRELAND, until
from twin.cloud.databases.knobs_client import DatabaseKnobs
from twin.cloud.knobs import Knobs
from twin.cloud.process import Running

ACCOUNT = "111122223333"
GLOBAL = "dr-example"
MEMBER = {
    "Cluster": {
        "Type": "AWS::RDS::DBCluster",
        "Properties": {
            "DBClusterIdentifier": {"Fn::Sub": "dr-example-${AWS::Region}"},
            "Engine": "aurora-postgresql",
            "EngineVersion": "16.8",
            "Port": 5432,
            "GlobalClusterIdentifier": GLOBAL,
        },
    },
    "Instance": {
        "Type": "AWS::RDS::DBInstance",
        "Properties": {
            "DBClusterIdentifier": {"Ref": "Cluster"},
            "Engine": "aurora-postgresql",
            "DBInstanceClass": "db.r6g.large",
        },
    },
}


@dataclass
class Clouds:
    """A cloud with a global database of two regions."""

    running: Running
    knobs: Knobs
    databases: DatabaseKnobs

    def rds(self, region: str) -> Any:
        """Return a client that does not retry."""
        return self.client("rds", region)

    def client(self, service: str, region: str) -> Any:
        """Return a client of the workload account."""
        return _client(self.running.url, service, region)

    def deploy(self, region: str, resources: dict[str, Any]) -> None:
        """Deploy a stack, and wait until it is there."""
        made = self.client("cloudformation", region)
        made.create_stack(StackName="database", TemplateBody=json.dumps({"Resources": resources}))
        until(lambda: made.describe_stacks()["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE")

    def group(self) -> dict[str, Any]:
        """Return the global cluster as RDS shows it."""
        return dict(self.rds(IRELAND).describe_global_clusters()["GlobalClusters"][0])

    def writer(self) -> str:
        """Return the region of the writer as RDS shows it."""
        return next(
            str(each["DBClusterArn"].split(":")[3]) for each in self.group()["GlobalClusterMembers"] if each["IsWriter"]
        )

    def cluster(self, region: str) -> dict[str, Any]:
        """Return a region's cluster as RDS shows it."""
        return dict(self.rds(region).describe_db_clusters()["DBClusters"][0])

    def arn(self, region: str) -> str:
        """Return the ARN of a region's cluster."""
        return f"arn:aws:rds:{region}:{ACCOUNT}:cluster:dr-example-{region}"

    def watched(self) -> list[tuple[str, str, str]]:
        """Return each different thing that RDS shows until a swap is over: its state, who writes, who synchronises."""
        seen: list[tuple[str, str, str]] = []
        while "FailoverState" in (group := self.group()):
            writer = next(each["DBClusterArn"] for each in group["GlobalClusterMembers"] if each["IsWriter"])
            waiting = [
                each["DBClusterArn"].split(":")[3]
                for each in group["GlobalClusterMembers"]
                if each["SynchronizationStatus"] != "connected"
            ]
            now = (group["FailoverState"]["Status"], writer.split(":")[3], ",".join(waiting))
            if now not in seen:
                seen.append(now)
        return seen

    def settled(self, writer: str) -> bool:
        """Tell whether that region writes, and the other streams from it, as PostgreSQL and RDS say."""
        looks = self.databases.look()
        follows = all(look["streaming"] for region, look in looks.items() if region != writer)
        states = {each["SynchronizationStatus"] for each in self.group()["GlobalClusterMembers"]}
        return looks[writer]["role"] == "writer" and follows and states == {"connected"} and self.writer() == writer


@cache
def _client(url: str, service: str, region: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        region_name=region,
        endpoint_url=url,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="local",
    )
