"""A local cloud that watches, an environment's DNS stacks in it, and stand-ins for the probes that publish."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

from botocore.exceptions import BotoCoreError

from generator import document, intrinsics
from generator.shape import ProbeKind, Shape
from generator.stacks import health, marker, records_failover, records_weighted, zone
from recovery import signals
from tests.cloud.cloud_world import World, until

A, B, C = "eu-west-1", "eu-central-1", "us-east-2"
SPEED = 60.0
"""A period of a minute is a second."""
DEADLINE = 30.0
DOMAIN = "db.example.com"
CHECKERS = ("54.0.0.0/8", "107.23.255.0/26")
SUFFIX = "watched"


@cache
def template(module: ModuleType, kind: ProbeKind) -> str:
    return document.text(
        module.build(Shape(probe=kind, checker_ranges=CHECKERS if kind == "endpoint" else ())).to_dict()
    )


@dataclass
class Watched(World):
    """The cloud, and what each region's probe says: ``says[region, metric, about]``; nothing is silence."""

    says: dict[tuple[str, str, str], float] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        return dict(self.knobs.ask("GET", "watch"))

    def answered(self, name: str = f"writer.{DOMAIN}") -> list[str]:
        return sorted(self.told()["answers"].get(name, {}).get("regions", []))

    def answers(self, *regions: str) -> None:
        """Wait until the writer's name answers these regions."""
        until(lambda: self.answered() == sorted(regions), DEADLINE)

    def alarm(self, name: str, region: str = A) -> dict[str, Any]:
        return dict(self.client("cloudwatch", region).describe_alarms(AlarmNames=[name])["MetricAlarms"][0])

    def becomes(self, name: str, state: str, region: str = A) -> None:
        until(lambda: self.alarm(name, region)["StateValue"] == state, DEADLINE)

    def events(self, source: str, region: str = "") -> list[dict[str, Any]]:
        every = self.knobs.journal()
        return [each for each in every if each["source"] == source and region in ("", each["region"])]

    def proves(self, region: str, *, writer: bool | None) -> None:
        """Have a region's probe say that it is the writer, that it is not, or nothing."""
        key = (region, signals.WRITER_PROOF, region)
        self.says.pop(key, None)
        if writer is not None:
            self.says[key] = float(writer)

    def marks(self, survivor: str, other: str, value: float) -> None:
        self.says[survivor, signals.SUPERSEDED, other] = value

    def deploy_stack(
        self, module: ModuleType, region: str, given: Mapping[str, str] | None = None, kind: ProbeKind = "metric"
    ) -> dict[str, str]:
        """Deploy a template as it is built; return its outputs."""
        formation = self.client("cloudformation", region)
        text = template(module, kind)
        values = {"Suffix": SUFFIX, "Domain": DOMAIN, **(given or {})}
        name = f"{module.__name__.rpartition('.')[2].replace('_', '-')}{values.get('SupersededRegion', '')}"
        parameters = [
            {"ParameterKey": key, "ParameterValue": values[key] if key in values else _filler(key, region)}
            for key, declared in intrinsics.read(text)["Parameters"].items()
            if key in values or "Default" not in declared
        ]
        formation.create_stack(
            StackName=name, TemplateBody=text, Parameters=parameters, Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        until(lambda: not _stack(formation, name)["StackStatus"].endswith("_IN_PROGRESS"), DEADLINE)
        made = _stack(formation, name)
        assert made["StackStatus"] == "CREATE_COMPLETE", made.get("StackStatusReason")
        return {each["OutputKey"]: each["OutputValue"] for each in made.get("Outputs", ())}

    def environment(self, regions: tuple[str, ...], home: str, kind: ProbeKind = "metric") -> None:
        """Deploy markers, checks, zone and records of an environment of these data regions."""
        checks = {}
        for region in regions:
            about = [
                self.deploy_stack(marker, other, {"SupersededRegion": region})["MarkerCheckId"]
                for other in regions
                if other != region
            ]
            given = {"MarkerChecks": ",".join(about), "HealthThreshold": str(len(about) + 1)}
            checks[region] = self.deploy_stack(health, region, given, kind)["HealthCheckId"]
        where = {"HostedZoneId": self.deploy_stack(zone, regions[-1])["HostedZoneId"], "Home": home}
        if len(regions) > 2:
            for region in regions:
                self.deploy_stack(records_weighted, region, {"HealthCheckId": checks[region], **where})
        else:
            (one, first), (two, second) = checks.items()
            sides = {
                "FirstRegion": one,
                "SecondRegion": two,
                "FirstHealthCheckId": first,
                "SecondHealthCheckId": second,
            }
            self.deploy_stack(records_failover, regions[-1], sides | where)

    def publish(self) -> None:
        """Publish once what the probes say."""
        for (region, name, about), value in list(self.says.items()):
            datum = {"MetricName": name, "Value": value, "Dimensions": [{"Name": "Region", "Value": about}]}
            with contextlib.suppress(BotoCoreError):  # a dark region takes no metric
                self.client("cloudwatch", region).put_metric_data(
                    Namespace=signals.namespace(SUFFIX), MetricData=[datum]
                )


@contextmanager
def probing(world: Watched) -> Iterator[None]:
    """Have the probes publish several times in a period, for a block."""
    ended = threading.Event()

    def probe() -> None:
        while not ended.wait(0.15):
            world.publish()

    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(20)


def put_alarm(world: Watched, name: str, region: str = A, **settings: Any) -> None:
    """Make an alarm on the metric Value with the dimension Of, over one minute."""
    given: Mapping[str, Any] = {
        "Namespace": "Test",
        "MetricName": "Value",
        "Dimensions": [{"Name": "Of", "Value": name}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }
    world.client("cloudwatch", region).put_metric_alarm(AlarmName=name, **{**given, **settings})


def put(world: Watched, of: str, value: float, region: str = A, resolution: int = 60) -> None:
    datum = {"MetricName": "Value", "Value": value, "StorageResolution": resolution,
             "Dimensions": [{"Name": "Of", "Value": of}]}  # fmt: skip
    world.client("cloudwatch", region).put_metric_data(Namespace="Test", MetricData=[datum])


def publishing(world: Watched, of: str, value: float, region: str = A) -> bool:
    """Publish now, and return True: for loops that wait while something goes on being published."""
    put(world, of, value, region)
    time.sleep(0.1)
    return True


def _stack(formation: Any, name: str) -> dict[str, Any]:
    return dict(formation.describe_stacks(StackName=name)["Stacks"][0])


def _filler(key: str, region: str) -> str:
    if key == "Ttl":
        return "5"
    if "Arn" in key:
        return f"arn:aws:sns:{region}:000000000000:nobody"
    return (
        ",".join([f"dr.cluster-ro-x.{region}.rds.amazonaws.com"] * 3) if "Hosts" in key else f"x.cluster-ro-x.{region}"
    )
