"""Deploy the example into a local cloud, then list, describe and read it with the AWS CLI; fail when they disagree.

A script and not a test, because the AWS CLI is a program of its own. What it says is compared with what the
generator says (``outputs --json``) and with what the environment file asks for. The CLI is given the variables
that ``python -m generator cloud status`` prints and nothing else, as a user would.

    python -m tests.check_with_aws_cli
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator import naming
from generator.build import library
from generator.config import Environment, load
from generator.inputs import FUNCTIONS
from generator.placement import Instance, instances

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "stacksets" / "example.yaml"
GENERATOR = (sys.executable, "-m", "generator")
SECONDS = 300
_SHOWN = 300
_BEGUN = time.monotonic()


@dataclass(frozen=True)
class Cli:
    """The AWS CLI with the local cloud's variables. calls: what was asked, for the summary."""

    variables: Mapping[str, str]
    calls: list[str]

    def ask(self, region: str, *words: str) -> Any:
        """Return the answer. Raises RuntimeError with the CLI's own words when it fails."""
        aws = str(Path(sys.executable).parent / "aws")
        done = ran([aws, *words, "--region", region, "--output", "json"], self.variables)
        self.calls.append(" ".join(words[:2]))
        return json.loads(done or "null") if words[0] != "s3" else done


def ran(command: list[str], variables: Mapping[str, str]) -> str:
    """Return what a command wrote. Raises RuntimeError when it fails."""
    done = subprocess.run(
        command, cwd=ROOT, env=dict(variables), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:])} ended with {done.returncode}: {done.stderr.strip()[-600:]}")
    return done.stdout


def clean(folder: Path) -> dict[str, str]:
    """Return an environment without anything of the user's AWS, whose local clouds live in the folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_PAGER": ""}
    return kept | nowhere | {"XDG_STATE_HOME": str(folder)}


def differing(what: str, found: object, wanted: object) -> list[str]:
    """Return a line when the two are not equal; of long ones the beginning."""
    return [] if found == wanted else [f"{what}: {repr(found)[:_SHOWN]}, and not {repr(wanted)[:_SHOWN]}"]


@dataclass(frozen=True)
class Deployed:
    """What was deployed: the environment, the CLI to ask, and every output by instance."""

    environment: Environment
    cli: Cli
    outputs: Mapping[tuple[str, str, str], Mapping[str, str]]

    def output(self, stack: str, region: str, name: str) -> str:
        """Return an output as the generator read it."""
        return self.outputs[stack, region, ""][name]

    @property
    def home(self) -> str:
        """Return the region of the StackSets."""
        return self.environment.dns_region

    @property
    def places(self) -> tuple[Instance, ...]:
        """Return the instances that StackSets made."""
        return tuple(each for each in instances(self.environment) if each.stack not in ("deployment", "stackset-roles"))


def account(on: Deployed) -> list[str]:
    """Compare whose credentials these are."""
    found = on.cli.ask(on.home, "sts", "get-caller-identity")["Account"]
    return differing("the account", found, on.environment.accounts.workload)


def stacksets(on: Deployed) -> list[str]:
    """Compare the StackSets' names, and their instances and template for one of them."""
    listed = on.cli.ask(on.home, "cloudformation", "list-stack-sets", "--status", "ACTIVE")["Summaries"]
    found = sorted(each["StackSetName"] for each in listed)
    name = f"dr-{on.environment.suffix}-keys"
    there = on.cli.ask(on.home, "cloudformation", "list-stack-instances", "--stack-set-name", name)["Summaries"]
    described = on.cli.ask(on.home, "cloudformation", "describe-stack-set", "--stack-set-name", name)["StackSet"]
    return [
        *differing("the StackSets", found, sorted({each.stackset for each in on.places})),
        *differing(
            f"the instances of {name}",
            sorted((each["Region"], each["Status"]) for each in there),
            sorted((region.name, "CURRENT") for region in on.environment.all_regions),
        ),
        *differing(f"the template of {name}", described["TemplateBody"], library(on.environment.shape)["keys.yaml"]),
    ]


def stacks(on: Deployed) -> list[str]:
    """Compare the outputs of every stack in every region, and read the templates back."""
    lines: list[str] = []
    wanted = sorted((region, sorted(given.items())) for (_, region, _), given in on.outputs.items())
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for region in on.environment.all_regions:
        there = on.cli.ask(region.name, "cloudformation", "describe-stacks")["Stacks"]
        for each in there:
            given = sorted((one["OutputKey"], one["OutputValue"]) for one in each.get("Outputs", []))
            found.append((region.name, given))
            if not each["StackStatus"].endswith("_COMPLETE"):
                lines.append(f"{each['StackName']} in {region.name} is {each['StackStatus']}")
        probe = next(each["StackName"] for each in there if f"dr-{on.environment.suffix}-probe" in each["StackName"])
        body = on.cli.ask(region.name, "cloudformation", "get-template", "--stack-name", probe)["TemplateBody"]
        lines += differing(f"the template of {probe}", body, library(on.environment.shape)["probe.yaml"])
    return lines + differing("the outputs of the stacks", sorted(found), wanted)


def databases(on: Deployed) -> list[str]:
    """Compare who is in the global database, and who writes."""
    name = naming.GLOBAL_CLUSTER.of(suffix=on.environment.suffix)
    answer = on.cli.ask(on.home, "rds", "describe-global-clusters", "--global-cluster-identifier", name)
    members = answer["GlobalClusters"][0]["GlobalClusterMembers"]
    found = sorted((each["DBClusterArn"].split(":")[3], each["IsWriter"]) for each in members)
    wanted = sorted((each.name, each.role == "origin") for each in on.environment.data_regions)
    return differing("the members of the global database", found, wanted)


def records(on: Deployed) -> list[str]:
    """Compare the zone that the parameter names, and the records in it."""
    suffix, domain = on.environment.suffix, on.environment.dns.domain
    name = naming.ZONE_PARAMETER.of(suffix=suffix)
    zone = on.cli.ask(on.home, "ssm", "get-parameter", "--name", name)["Parameter"]["Value"]
    listed = on.cli.ask(on.home, "route53", "list-resource-record-sets", "--hosted-zone-id", zone)
    found = {(each["Name"].split(".")[0], each.get("Failover", "")) for each in listed["ResourceRecordSets"]}
    roles = {(each, role) for each in ("writer", "service") for role in ("PRIMARY", "SECONDARY")}
    missing = sorted(roles - found)
    return [
        *differing("the zone's parameter", zone, on.output("zone", on.home, "HostedZoneId")),
        *(f"{who}.{domain} has no {role} record" for who, role in missing),
    ]


def buckets(on: Deployed) -> list[str]:
    """Compare the buckets, and what lies in those for the functions' packages."""
    listed = on.cli.ask(on.home, "s3", "ls").split()
    lines: list[str] = []
    for region in on.environment.all_regions:
        bucket = on.output("artifacts", region.name, "CodeBucket")
        if bucket not in listed:
            lines.append(f"{bucket} is not listed")
        packages = [each for each in on.cli.ask(region.name, "s3", "ls", f"s3://{bucket}/").split() if ".zip" in each]
        lines += differing(f"packages in {bucket}", len(packages), len(FUNCTIONS))
    return lines


def functions(on: Deployed) -> list[str]:
    """Compare which functions there are in each region."""
    lines: list[str] = []
    for region in on.environment.all_regions:
        listed = on.cli.ask(region.name, "lambda", "list-functions")["Functions"]
        wanted = {naming.function(each).of(suffix=on.environment.suffix, region=region.name) for each in FUNCTIONS}
        lines += differing(f"functions in {region.name}", {each["FunctionName"] for each in listed}, wanted)
    return lines


def secrets(on: Deployed) -> list[str]:
    """Compare where the database's secret is replicated to."""
    name, origin = naming.DATABASE_SECRET.of(suffix=on.environment.suffix), on.environment.origin.name
    described = on.cli.ask(origin, "secretsmanager", "describe-secret", "--secret-id", name)
    found = sorted(each["Region"] for each in described.get("ReplicationStatus", []))
    return differing("the secret's replicas", found, sorted(each.name for each in on.environment.standbys))


CHECKS: tuple[Callable[[Deployed], list[str]], ...] = (
    account, stacksets, stacks, databases, records, buckets, functions, secrets,
)  # fmt: skip


def compared(on: Deployed) -> Iterator[str]:
    """Yield a line for everything that is not as it should be; a check that can't be made is one too."""

    def one(check: Callable[[Deployed], list[str]]) -> list[str]:
        try:
            return check(on)
        except (RuntimeError, KeyError, IndexError, StopIteration) as error:
            return [f"{check.__name__}: {type(error).__name__}: {error}"]

    with ThreadPoolExecutor(max_workers=4) as pool:
        for lines in pool.map(one, CHECKS):
            yield from lines


def said(text: str) -> None:
    """Write a line at once, with the seconds since the beginning."""
    sys.stdout.write(f"{time.monotonic() - _BEGUN:4.0f} s  {text}\n")
    sys.stdout.flush()


def main() -> int:
    """Print what was done and what differs; return 1 when anything does."""
    with tempfile.TemporaryDirectory() as folder:
        variables = clean(Path(folder))
        try:
            ran([*GENERATOR, "deploy", str(FILE), "--local", "--json"], variables)
            said("deployed the example into a local cloud")
            outputs = json.loads(ran([*GENERATOR, "outputs", str(FILE), "--local", "--json"], variables))
            cloud = json.loads(ran([*GENERATOR, "cloud", "status", "--json"], variables))[0]
            by_place = {(each["stack"], each["region"], each["partner"]): each["outputs"] for each in outputs}
            on = Deployed(load(FILE), Cli({**variables, **cloud["environment"]}, []), by_place)
            found = list(compared(on))
            kinds = sorted(set(on.cli.calls))
            said(f"aws: {len(on.cli.calls)} calls of {len(kinds)} kinds: {', '.join(kinds)}")
        except RuntimeError as error:
            found = [str(error)]
        finally:
            ran([*GENERATOR, "cloud", "down"], variables)
    for line in found:
        said(f"failed: {line}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
