"""An example environment's stacks, deployed with plain CreateStack calls in the order that their links give."""

from __future__ import annotations

import io
import json
import time
import urllib.request
import zipfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from generator.build import library
from generator.catalog import stack as catalogued
from generator.config import Environment, load
from generator.links import Observed
from generator.placement import Instance, instances
from generator.sources import sources_of
from generator.values import Known, values
from tests.cloud.resources_reading import Record
from tests.cloud.resources_server import RECORDS

EXAMPLES = sorted((Path(__file__).parents[2] / "stacksets").glob("*.yaml"))
DONE_SECONDS = 120.0
_SESSION: Any = boto3.Session()  # one for all: it keeps the services' models
_CONFIG = Config(retries={"total_max_attempts": 1}, read_timeout=60)


@dataclass
class Stage:
    """A local cloud at ``url`` and the environment in the file."""

    url: str
    file: Path
    stacks: dict[Instance, dict[str, str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environment: Environment = load(self.file)
        self.templates = library(self.environment.shape)
        self._clients: dict[tuple[str, str, str], Any] = {}
        if self.environment.dns.zone_id:
            self.environment = self._with_a_zone(self.environment)

    def _with_a_zone(self, environment: Environment) -> Environment:
        """Make the zone that the environment brings along: Route 53 chooses its id."""
        route53 = self.client("route53", environment.dns_region)
        made = route53.create_hosted_zone(Name=environment.dns.domain, CallerReference="given")
        zone = made["HostedZone"]["Id"].rpartition("/")[2]
        return environment.model_copy(update={"dns": environment.dns.model_copy(update={"zone_id": zone})})

    def client(self, service: str, region: str, account: str = "") -> Any:
        account = account or self.environment.accounts.workload
        key = (service, region, account)
        if key not in self._clients:
            self._clients[key] = _SESSION.client(
                service,
                region,
                endpoint_url=self.url,
                config=_CONFIG,
                aws_access_key_id=account,
                aws_secret_access_key="local",
            )
        return self._clients[key]

    def cloudformation(self, instance: Instance) -> Any:
        return self.client("cloudformation", instance.region, instance.account)

    def order(self) -> list[Instance]:
        """Return every instance after those that it takes outputs from, and after those that it must follow."""
        left, done = list(instances(self.environment)), list[Instance]()
        while left:
            for each in left:
                if not any(other in left for other in self._first(each)):
                    left.remove(each)
                    done.append(each)
                    break
            else:
                raise AssertionError(f"a circle among {left}")
        return done

    def _first(self, instance: Instance) -> set[Instance]:
        stack = catalogued(instance.stack)
        everything = instances(self.environment)
        found = {
            one for link in stack.links(self.environment.shape) for one in sources_of(self.environment, instance, link)
        }
        found |= {each for each in everything if each.stack in stack.after}
        if instance.stack == "database" and instance.region != self.environment.origin.name:
            found |= {e for e in everything if e.stack == "database" and e.region == self.environment.origin.name}
        if instance.stack in ("probe", "recovery"):
            found |= {e for e in everything if e.stack == "artifacts"}
        return found

    def known(self, *, second_pass: bool) -> Known:
        return Known(self.output, self.observed, lambda name: f"functions/{name}.zip", second_pass=second_pass)

    def output(self, instance: Instance, name: str) -> str:
        return self.stacks[instance][name]

    def observed(self, instance: Instance, source: Observed) -> str:
        ec2 = self.client("ec2", instance.region)
        name = self.prefix_list(instance.region, source)
        found = ec2.describe_managed_prefix_lists(Filters=[{"Name": "prefix-list-name", "Values": [name]}])
        return str(found["PrefixLists"][0]["PrefixListId"])

    @staticmethod
    def prefix_list(region: str, source: Observed) -> str:
        service = "s3" if "s3" in str(source).lower() else "dynamodb"
        return f"com.amazonaws.{region}.{service}"

    def deploy(self, *, second_pass: bool = True) -> None:
        """Create every stack, the first pass and then the second, as a deployment does."""
        for instance in self.order():
            self.create(instance, second_pass=False)
            if instance.stack == "artifacts":
                self.upload(instance)
        if second_pass:
            for instance in self.order():
                self.update(instance)

    def upload(self, instance: Instance) -> None:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr("main.py", "def handler(event, context):\n    return {}\n")
        for name in ("fence", "notice", "preflight", "promote", "assess", "confirm_writer", "bootstrap_database",
                     "prove_writer", "vote"):  # fmt: skip
            for key in {f"functions/{name}.zip", f"functions/{name.replace('_', '-')}.zip"}:
                bucket = self.stacks[instance]["CodeBucket"]
                self.client("s3", instance.region).put_object(Bucket=bucket, Key=key, Body=held.getvalue())

    @staticmethod
    def name(instance: Instance) -> str:
        return "StackSet-" + instance.stackset

    def parameters(self, instance: Instance, *, second_pass: bool) -> list[dict[str, str]]:
        given = {**values(self.environment, instance, self.known(second_pass=second_pass)), **self._changes(instance)}
        return [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]

    def _changes(self, instance: Instance) -> dict[str, str]:
        names = {each.name for each in catalogued(instance.stack).inputs(self.environment.shape)}
        return {name: value for name, value in self.changed.items() if name in names}

    def create(self, instance: Instance, *, second_pass: bool = True) -> None:
        self._run("create_stack", instance, second_pass=second_pass)

    def update(self, instance: Instance) -> None:
        try:
            self._run("update_stack", instance, second_pass=True)
        except self.cloudformation(instance).exceptions.ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise

    def _run(self, call: str, instance: Instance, *, second_pass: bool) -> None:
        cloudformation, name = self.cloudformation(instance), self.name(instance)
        begun = time.monotonic()
        getattr(cloudformation, call)(
            StackName=name,
            **self.body(instance),
            Parameters=self.parameters(instance, second_pass=second_pass),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Tags=[{"Key": "owner", "Value": "orders"}],
        )
        stack = self.settled(instance)
        self.seconds[name + instance.region] = time.monotonic() - begun
        wanted = "CREATE_COMPLETE" if call == "create_stack" else "UPDATE_COMPLETE"
        assert stack["StackStatus"] == wanted, (instance, stack["StackStatus"], self.failures(instance))
        self.stacks[instance] = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}

    def body(self, instance: Instance) -> dict[str, str]:
        text = self.templates[f"{instance.stack}.yaml"]
        if len(text) <= 51_200:
            return {"TemplateBody": text}
        s3, bucket = self.client("s3", instance.region), f"templates-{instance.region}"
        if bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
            place = {"CreateBucketConfiguration": {"LocationConstraint": instance.region}}
            s3.create_bucket(Bucket=bucket, **({} if instance.region == "us-east-1" else place))
        s3.put_object(Bucket=bucket, Key=f"{instance.stack}.yaml", Body=text.encode())
        return {"TemplateURL": f"{self.url}/{bucket}/{instance.stack}.yaml"}

    def settled(self, instance: Instance, identifier: str = "") -> dict[str, Any]:
        cloudformation, end = self.cloudformation(instance), time.monotonic() + DONE_SECONDS
        stack_name = identifier or self.name(instance)
        while time.monotonic() < end:
            found = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
            if not found["StackStatus"].endswith("IN_PROGRESS"):
                return dict(found)
            time.sleep(0.02)
        raise AssertionError(f"{instance} does not settle")

    def failures(self, instance: Instance) -> list[str]:
        events = self.cloudformation(instance).describe_stack_events(StackName=self.name(instance))
        return [
            f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason', '')}"
            for each in events["StackEvents"]
            if each["ResourceStatus"].endswith("FAILED")
        ]

    def destroy(self) -> None:
        """Delete every stack, the last one first: what holds the others back goes before, by hand, as AWS has it."""
        self.changed["DeletionProtection"] = "false"
        for instance in (each for each in self.order() if each.stack in ("database", "global-database")):
            self.update(instance)
        for instance in reversed(self.order()):
            if instance.stack == "database":
                self._give_up_the_database(instance.region)
            self.delete(instance)

    def _give_up_the_database(self, region: str) -> None:
        rds, name = self.client("rds", region), f"dr-{self.environment.suffix}-{region}"
        cluster = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
        for member in cluster["DBClusterMembers"]:
            rds.delete_db_instance(DBInstanceIdentifier=member["DBInstanceIdentifier"], SkipFinalSnapshot=True)
        group = f"dr-{self.environment.suffix}"
        rds.remove_from_global_cluster(GlobalClusterIdentifier=group, DbClusterIdentifier=cluster["DBClusterArn"])
        rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)

    def delete(self, instance: Instance) -> None:
        cloudformation = self.cloudformation(instance)
        identifier = cloudformation.describe_stacks(StackName=self.name(instance))["Stacks"][0]["StackId"]
        cloudformation.delete_stack(StackName=self.name(instance))
        stack = self.settled(instance, identifier)
        assert stack["StackStatus"] == "DELETE_COMPLETE", (instance, stack["StackStatus"])
        del self.stacks[instance]

    def stack_of(self, record: Record) -> str:
        """Return the catalogue's name of the stack that a resource is in."""
        return next(each.stack for each in instances(self.environment) if self.name(each) == record.stack)

    def records(self) -> list[Record]:
        """Return every resource of every stack, as it was deployed."""
        with urllib.request.urlopen(self.url + RECORDS, timeout=30) as answer:
            found = json.load(answer)
        return [
            Record(
                each["account"],
                each["region"],
                each["type"],
                each["id"],
                each["properties"],
                each["stack"],
                each["logical"],
                partial(self.client, region=each["region"], account=each["account"]),
            )
            for each in found
        ]
