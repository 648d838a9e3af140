"""Deploy the templates with taskcat, through its Python API, into a local cloud of its own; fail when anything fails.

A script and not a test, because taskcat needs an environment of its own (it pins urllib3 and jsonschema to old
versions; trap 65). Three parts:

1. ``.taskcat.yml`` as it is: the templates that can stand alone, each in two regions;
2. the whole set of an environment of two regions, wave by wave in the planner's order, with parameters from the
   planner and outputs from taskcat's stacks, and then its removal in the opposite order;
3. templates that must fail, in a process of its own: it has to end with 1 and name each of them.

taskcat only creates and deletes, so the second pass (replication rules, deletion protection) is not part of this;
tests of ``deploy`` hold it. taskcat's report is left out: it fetches a style sheet from the internet (trap 66). The
bucket that it puts templates in is made beforehand (trap 64).

    python -m tests.check_with_taskcat
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import yaml

from generator.aws import observe
from generator.aws.clients import Clouds, Keys
from generator.aws.uploads import Packages
from generator.build import library
from generator.config import Environment, load
from generator.placement import Instance, instances
from generator.plan.model import Kind, Seen, SeenInstance, SeenStack, SeenStackSet, Work
from generator.plan.wanted import Facts, wanted
from generator.plan.waves import plan
from twin.cloud.process import Options, local_cloud

ROOT = Path(__file__).resolve().parents[1]
ACCOUNT = "111122223333"
BUCKET = "taskcat-templates"
HOME = "us-east-1"
GOOD, GONE = "CREATE_COMPLETE", "DELETE_COMPLETE"
DEADLINE = 120.0
"""Seconds that the stacks of one configuration may take."""

BROKEN = {
    "unknown-type": "Resources: {Thing: {Type: 'AWS::Nothing::Here'}}\n",
    "missing-alarm": (
        "Resources: {Check: {Type: 'AWS::Route53::HealthCheck', Properties: {HealthCheckConfig:"
        " {Type: CLOUDWATCH_METRIC, AlarmIdentifier: {Name: nothing, Region: eu-west-1}}}}}\n"
    ),
}
"""Templates that no cloud may take: one is refused at once, one fails while its stack is made (trap 74)."""

_BEGUN = time.monotonic()


def said(text: str) -> None:
    """Write a line at once, with the seconds since the beginning, so that a log shows what is going on."""
    sys.stdout.write(f"{time.monotonic() - _BEGUN:4.0f} s  {text}\n")
    sys.stdout.flush()


def configured(config: Mapping[str, Any] | None, project: Path, *, upload: bool) -> Any:
    """Return taskcat's test of a configuration, or of the project's ``.taskcat.yml``, that waits for deletions."""
    from taskcat._tui import TerminalPrinter
    from taskcat.testing import CFNTest

    class Printer(TerminalPrinter):  # type: ignore[misc]
        """Waits for stacks as taskcat's own does, but looks at them each time, and oftener than once a minute."""

        def report_test_progress(self, stacker: Any, poll_interval: float = 0.05) -> None:
            end = time.monotonic() + DEADLINE
            while any(each.status.endswith("_IN_PROGRESS") for each in stacker.stacks):
                if time.monotonic() > end:
                    raise TimeoutError(f"taskcat's stacks are not done within {DEADLINE:.0f} s")
                time.sleep(poll_interval)
                for each in stacker.stacks:
                    each.refresh()

    made = (
        CFNTest.from_file(project_root=str(project))
        if config is None
        else CFNTest.from_dict(dict(config), project_root=str(project))
    )
    made.printer = Printer(minimalist=True)
    made.lint_disable = True  # `tox -e lint` lints every shape and region, with our own rules
    made.skip_upload = not upload
    made.dont_wait_for_delete = False
    return made


def problems(stacks: Sequence[Any], status: str) -> list[str]:
    """Return what failed, one line each: the stack, its region, and the resources' own reasons."""
    lines: list[str] = []
    for each in stacks:
        if each.status == status:
            continue
        where = f"{each.test_name} in {each.region_name}"
        lines.append(f"{where}: {each.status} {each.status_reason}".rstrip())
        if not each.launch_exception:
            lines += [
                f"{where}: {event.logical_id} ({event.type}): {event.status_reason}"
                for event in each.events(refresh=True)
                if event.status.endswith("_FAILED") and event.status_reason
            ]
    return lines


def stand_alone(project: Path) -> list[str]:
    """Deploy and delete what the project's ``.taskcat.yml`` says; return what failed."""
    test = configured(None, project, upload=True)
    test.run()
    stacks = list(test.result)
    found = problems(stacks, GOOD)
    said(f"taskcat, .taskcat.yml: {len(stacks)} stacks in {len({each.region_name for each in stacks})} regions")
    if not stacks:
        found.append(f"{project}: taskcat has made no stack")
    found += removed(test)
    return found


def removed(test: Any) -> list[str]:
    """Delete a test's stacks; return what is still there. taskcat raises for stacks that failed at any time."""
    from taskcat.exceptions import TaskCatException

    with suppress(TaskCatException):  # `problems` says it, and names the resource
        test.clean_up()
    return [each for each in problems(test.result, GONE) if "DELETE" in each]


class Whole:
    """The whole set of an environment: deployed by taskcat in the planner's order, and taken away again."""

    def __init__(self, environment: Environment, url: str, project: Path, packages: Packages) -> None:
        self.environment, self.project, self.packages = environment, project, packages
        self.clouds = Clouds(environment, local=Keys(url))
        self.seen = Seen(account=environment.accounts.administration)
        self.lists = observe.prefix_lists(environment, self.clouds, self.seen)
        self.tests: list[Any] = []
        self.made: list[Instance] = []

    def deploy(self) -> list[str]:
        """Deploy every wave; return what failed, at the first wave that does."""
        waves = plan(self.environment, self.seen).waves
        for number, wave in enumerate(waves, 1):
            for places in self._turns(wave):
                found = self._create(places)
                if found:
                    return [f"wave {number} of {len(waves)}: {each}" for each in found]
            for work in wave:
                if work.kind is Kind.PACKAGES:
                    self._upload(work.region)
        missing = set(instances(self.environment)) - set(self.made)
        said(f"taskcat, the whole set: {len(self.made)} stacks, {len(waves)} waves, {len(self.tests)} configurations")
        return [f"never deployed: {each.stackset} in {each.region}" for each in missing]

    def _turns(self, wave: Sequence[Work]) -> Iterator[dict[Instance, Work]]:
        """Yield what goes at a time: the wave's new places, and one by one where the order counts."""
        new = [
            (work, place)
            for work in wave
            if work.kind in (Kind.PLAIN, Kind.STACKSET)
            for place in work.places
            if place not in self.made
        ]
        together = {place: work for work, place in new if not work.ordered}
        if together:
            yield together
        for work, place in new:
            if work.ordered:
                yield {place: work}

    def _create(self, places: Mapping[Instance, Work]) -> list[str]:
        facts = Facts(self.environment, self.seen, self.packages.keys, self.lists)
        tests: dict[str, Any] = {}
        by_name: dict[str, Instance] = {}
        for place, work in places.items():
            values = wanted(facts, place, final=work.final)
            name = f"{place.stackset}-in-{place.region}"
            by_name[name] = place
            tests[name] = {
                "template": f"templates/{place.stack}.yaml",
                "stack_name": place.stackset,
                "regions": [place.region],
                "parameters": {key: each.text for key, each in values.items()},
            }
        project = {"name": "whole", "s3_bucket": BUCKET, "package_lambda": False}
        test = configured({"project": project, "tests": tests}, self.project, upload=not self.tests)
        self.tests.append(test)
        test.run()
        found = problems(test.result, GOOD)
        for stack in test.result:
            self._see(by_name[stack.test_name], stack)
        return found

    def _see(self, place: Instance, stack: Any) -> None:
        """Let the planner see a stack of taskcat's as an instance of the StackSet that it would be."""
        seen = SeenStack(
            place.stackset,
            stack.id,
            place.region,
            place.account,
            stack.status,
            parameters={each.key: each.value for each in stack.parameters},
            outputs={each.key: each.value for each in stack.outputs},
        )
        before = self.seen.stacksets.get(place.stackset) or SeenStackSet(place.stackset, "")
        grown = (*before.instances, SeenInstance(place.account, place.region, "CURRENT", stack=seen))
        self.seen = replace(
            self.seen, stacksets={**self.seen.stacksets, place.stackset: replace(before, instances=grown)}
        )
        self.made.append(place)

    def _upload(self, region: str) -> None:
        for package in self.packages.built:
            self._s3(region).put_object(
                Bucket=self._code_bucket(region), Key=package.file.name, Body=package.file.read_bytes()
            )

    def _s3(self, region: str) -> Any:
        return self.clouds.client("s3", region)

    def _code_bucket(self, region: str) -> str:
        artifacts = next(each for each in self.made if (each.stack, each.region) == ("artifacts", region))
        stack = self.seen.stack_of(artifacts)
        assert stack is not None
        return stack.outputs["CodeBucket"]

    def remove(self) -> list[str]:
        """Delete everything in the opposite order; return what is left."""
        for region in {each.region for each in self.made if each.stack == "artifacts"}:
            self._empty(region, self._code_bucket(region))
        left = [line for test in reversed(self.tests) for line in removed(test)]
        for region in {each.region for each in self.made}:
            client = self.clouds.client("cloudformation", region)
            there = [each["StackName"] for page in client.get_paginator("describe_stacks").paginate()
                     for each in page["Stacks"]]  # fmt: skip
            left += [f"{name} is left in {region}" for name in there]
        said(f"taskcat, the whole set: removed, {len(left)} left")
        return left

    def _empty(self, region: str, bucket: str) -> None:
        client = self._s3(region)
        for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                client.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])


def whole(url: str, folder: Path) -> list[str]:
    """Deploy the example's stacks with nothing retained, and remove them; return what failed."""
    text = yaml.safe_load((ROOT / "stacksets" / "example.yaml").read_text(encoding="utf-8"))
    text |= {"suffix": "taskcat", "disposable": True, "accounts": {"workload": ACCOUNT}}
    text["database"]["deletion_protection"] = False
    path = folder / "taskcat.yaml"
    path.write_text(yaml.safe_dump(text), encoding="utf-8")
    environment = load(path)
    project = folder / "whole"
    (project / "templates").mkdir(parents=True)
    for name, body in library(environment.shape).items():
        (project / "templates" / name).write_text(body, encoding="utf-8")
    packages = Packages()
    try:
        run = Whole(environment, url, project, packages)
        return run.deploy() + run.remove()
    finally:
        packages.close()


def broken(folder: Path) -> list[str]:
    """Run this script on templates that must fail; return what is wrong with how it ended."""
    project = folder / "broken"
    (project / "templates").mkdir(parents=True)
    tests = {name: {"template": f"templates/{name}.yaml"} for name in BROKEN}
    config = {"project": {"name": "broken", "regions": ["eu-west-1"], "package_lambda": False}, "tests": tests}
    (project / ".taskcat.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    for name, text in BROKEN.items():
        (project / "templates" / f"{name}.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "tests.check_with_taskcat", str(project)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE, check=False)
    said(f"taskcat, templates that must fail: ended with {done.returncode}")
    unnamed = [name for name in BROKEN if f"{name} in eu-west-1" not in done.stdout]
    found = [f"{each}: a broken template was not named as failed" for each in unnamed]
    if done.returncode != 1:
        found.append(f"broken templates ended with {done.returncode}, not 1: {done.stderr[-500:]}")
    return found


@contextmanager
def cloud(folder: Path) -> Iterator[str]:
    """Give a local cloud with taskcat's bucket in it, and nothing else of AWS in sight; yield its address."""
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "HOME": str(folder)}
    with local_cloud(Options(account=ACCOUNT, region=HOME, functions="answers")) as running:
        os.environ.pop("AWS_PROFILE", None)
        os.environ.update(nowhere | dict(running.environment) | {"TASKCAT_PROJECT_S3_BUCKET": BUCKET})
        boto3.client("s3", region_name=HOME).create_bucket(Bucket=BUCKET)
        yield running.url


def main(arguments: Sequence[str]) -> int:
    """Print what was done and what failed; return 1 when anything did. An argument: only that project, alone."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with cloud(folder) as url:
            if arguments:
                found = stand_alone(Path(arguments[0]))
            else:
                project = folder / "project"
                project.mkdir()
                (project / ".taskcat.yml").write_bytes((ROOT / ".taskcat.yml").read_bytes())
                (project / "templates").mkdir()
                for path in sorted((ROOT / "templates").glob("*.yaml")):
                    (project / "templates" / path.name).write_bytes(path.read_bytes())
                found = stand_alone(project) + whole(url, folder)
        if not arguments:
            found += broken(folder)
    for line in found:
        said(f"failed: {line}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
