"""An environment that is well, as a report and as a cloud: two data regions, the first of them active."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from generator import naming, routing
from generator.aws.clients import Clouds
from generator.aws.status.report import (
    Check,
    Datum,
    Dns,
    Inbound,
    Measured,
    Preflight,
    RegionFacts,
    Report,
    Stack,
    StackInstance,
    StackSets,
    Subscribers,
    Table,
)
from generator.config import Environment, load
from generator.placement import instances
from generator.resources import folder
from recovery import signals
from recovery.state import Database, GlobalCluster, Member, View

A, B = "eu-west-1", "eu-central-1"
ACCOUNT = "123456789012"
DOMAIN = "db.example.com"
NOW = 1_800_000_000_000


def environment(tmp_path: Path, name: str = "example", **changes: Any) -> Environment:
    """Return a shipped example in moto's own account, with some of its keys changed."""
    told = yaml.safe_load((folder("stacksets") / f"{name}.yaml").read_text())
    told["accounts"] = {"workload": ACCOUNT}
    path = tmp_path / "env.yaml"
    path.write_text(yaml.safe_dump(told | changes, sort_keys=False))
    return load(path)


def arn(region: str) -> str:
    return f"arn:aws:rds:{region}:{ACCOUNT}:cluster:dr-example-{region}"


def view(voter: str, about: str, role: str, **changes: Any) -> View:
    made = View(voter, about, role, role == "writer", True, f"{about} is {role}", NOW - 2000, NOW + 31_000)
    return replace(made, **changes)


def views(active: str = A, lag: float = 1.0) -> tuple[View, ...]:
    other = B if active == A else A
    return (
        view(active, active, "writer"),
        view(other, other, "replica", lag_seconds=lag),
        view(active, other, "replica"),
        view(other, active, "writer"),
    )


def cluster(active: str = A) -> GlobalCluster:
    return GlobalCluster("dr-example", "16.8", tuple(Member(arn(r), r, r == active, "connected") for r in (A, B)))


def region(made: Environment, name: str, active: str = A) -> RegionFacts:
    other = B if name == A else A
    return RegionFacts(
        name,
        made.regions[name].role,
        stacks=tuple(
            Stack(each.stackset, "CREATE_COMPLETE", "IN_SYNC") for each in instances(made) if each.region == name
        ),
        cluster=cluster(active),
        database=Database(arn(name), "available", "16.8", 2),
        table=Table(views=views(active), preflight=Preflight(NOW - 600_000)),
        measured=Measured(
            proof=Datum(1.0 if name == active else 0.0, NOW - 30_000),
            heartbeat=None if name == active else Datum(1.5, NOW - 30_000),
            aurora_lag=None if name == active else Datum(120.0, NOW - 30_000),
            superseded={other: Datum(0.0, NOW - 30_000)},
            inbound=(Inbound(other, Datum(0.0, NOW), Datum(0.0, NOW), Datum(2.0, NOW)),),
        ),
        alarms=(),
        subscribers=Subscribers(1),
    )


def dns(active: str = A, home: str = A) -> Dns:
    records, checks = [], []
    for name in (A, B):
        records += [
            routing.Record(
                f"{which}.{DOMAIN}.", "CNAME", name, f"all-{name}", "PRIMARY" if name == home else "SECONDARY"
            )
            for which in ("writer", "reader")
        ]
        children = [f"proof-{name}", f"marker-{name}"]
        checks.append(Check(f"all-{name}", {"Type": "CALCULATED", "ChildHealthChecks": children, "HealthThreshold": 2}))
        checks.append(Check(f"proof-{name}", {"Type": "CLOUDWATCH_METRIC"}, share=1.0 if name == active else 0.0))
        checks.append(Check(f"marker-{name}", {"Type": "CLOUDWATCH_METRIC"}, share=1.0))
    return Dns("Z1", records=tuple(records), checks=tuple(checks))


def well(made: Environment, active: str = A, home: str = A) -> Report:
    """Return the report of an environment in which all is as it should be."""
    listed = tuple(StackInstance(each.stackset, each.account, each.region, "CURRENT") for each in instances(made))
    return Report(
        made.suffix,
        NOW,
        8.0,
        tuple(region(made, name, active) for name in (A, B)),
        StackSets(tuple(sorted({each.stackset for each in listed})), listed),
        dns(active, home),
    )


def changed(report: Report, name: str, **changes: Any) -> Report:
    """Return the report with some facts of one region changed."""
    return replace(
        report,
        regions=tuple(replace(each, **changes) if each.region == name else each for each in report.regions),
    )


@contextmanager
def silence() -> Iterator[str]:
    """Serve an address that takes connections and never answers; yield its URL."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    kept: list[socket.socket] = []
    ended = threading.Event()
    listener.settimeout(0.1)

    def accept() -> None:
        while not ended.is_set():
            try:
                kept.append(listener.accept()[0])
            except TimeoutError:
                continue

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        thread.join()
        for each in (*kept, listener):
            each.close()


def populate(clouds: Clouds) -> None:
    """Make by hand, in an emulator, what a deployed and healthy environment has; no StackSets."""
    made = clouds.environment
    now_ms = int(time.time() * 1000)
    checks = {}
    rds = clouds.client("rds", A)
    rds.create_global_cluster(GlobalClusterIdentifier="dr-example", Engine="aurora-postgresql", EngineVersion="16.8")
    for name in (A, B):
        database(clouds, name)
        _table(clouds, name, now_ms)
        other = B if name == A else A
        topics = clouds.client("sns", name)
        topic = topics.create_topic(Name=naming.TOPIC.of(suffix="example", region=name))["TopicArn"]
        topics.subscribe(TopicArn=topic, Protocol="email", Endpoint="oncall@example.com")
        checks[name] = _checks(clouds, name, other)
        _publish(clouds, name, other)
    route53 = clouds.client("route53", "us-east-1")
    zone = route53.create_hosted_zone(Name=made.dns.domain, CallerReference="1")["HostedZone"]["Id"]
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": f"{which}.{DOMAIN}.",
                "Type": "CNAME",
                "TTL": 10,
                "SetIdentifier": name,
                "Failover": "PRIMARY" if name == A else "SECONDARY",
                "HealthCheckId": checks[name],
                "ResourceRecords": [{"Value": f"dr-example-{name}.cluster-x.{name}.rds.amazonaws.com"}],
            },
        }
        for which in ("writer", "reader")
        for name in (A, B)
    ]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    clouds.client("ssm", made.dns_region).put_parameter(
        Name=naming.ZONE_PARAMETER.of(suffix="example"), Value=zone.rsplit("/", 1)[-1], Type="String"
    )


def database(clouds: Clouds, name: str) -> None:
    client = clouds.client("rds", name)
    first = {"MasterUsername": "dbadmin", "MasterUserPassword": "a-long-password"} if name == A else {}
    client.create_db_cluster(
        DBClusterIdentifier=f"dr-example-{name}",
        Engine="aurora-postgresql",
        EngineVersion="16.8",
        GlobalClusterIdentifier="dr-example",
        **first,
    )
    client.create_db_instance(
        DBInstanceIdentifier=f"dr-example-{name}-1",
        DBClusterIdentifier=f"dr-example-{name}",
        DBInstanceClass="db.serverless",
        Engine="aurora-postgresql",
    )


def _table(clouds: Clouds, name: str, now_ms: int) -> None:
    client, table = clouds.client("dynamodb", name), naming.STATE_TABLE.of(suffix="example", region=name)
    keys = (signals.KEY_KIND, "HASH"), (signals.KEY_NAME, "RANGE")
    client.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
    )
    for each in views():
        item = {
            "kind": {"S": "view"},
            "name": {"S": signals.view_name(each.voter, each.about)},
            "voter": {"S": each.voter},
            "about": {"S": each.about},
            "role": {"S": each.role},
            "writer": {"BOOL": each.writer},
            "reached": {"BOOL": True},
            "reason": {"S": each.reason},
            "at_ms": {"N": str(now_ms)},
            "valid_until_ms": {"N": str(now_ms + 600_000)},
        }
        if each.lag_seconds is not None:
            item["lag_seconds"] = {"N": str(each.lag_seconds)}
        client.put_item(TableName=table, Item=item)


def _checks(clouds: Clouds, name: str, other: str) -> str:
    cloudwatch, route53 = clouds.client("cloudwatch", name), clouds.client("route53", "us-east-1")
    children = []
    for alarm, metric, where, about in (
        (f"dr-example-{name}-writer-proof-1", signals.WRITER_PROOF, name, name),
        (f"dr-example-{other}-superseded-{name}-1", signals.SUPERSEDED, other, name),
    ):
        proof = metric == signals.WRITER_PROOF
        clouds.client("cloudwatch", where).put_metric_alarm(
            AlarmName=alarm,
            Namespace=signals.namespace("example"),
            MetricName=metric,
            Dimensions=[{"Name": "Region", "Value": about}],
            Statistic="Minimum" if proof else "Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="LessThanThreshold" if proof else "GreaterThanOrEqualToThreshold",
        )
        config = {
            "Type": "CLOUDWATCH_METRIC",
            "AlarmIdentifier": {"Region": where, "Name": alarm},
            "InsufficientDataHealthStatus": "Unhealthy" if proof else "LastKnownStatus",
        }
        made = route53.create_health_check(CallerReference=alarm, HealthCheckConfig=config)
        children.append(made["HealthCheck"]["Id"])
    assert cloudwatch
    whole: dict[str, Any] = {"Type": "CALCULATED", "ChildHealthChecks": children, "HealthThreshold": 2}
    made = route53.create_health_check(CallerReference=f"all-{name}", HealthCheckConfig=whole)
    return str(made["HealthCheck"]["Id"])


def _publish(clouds: Clouds, name: str, other: str) -> None:
    def datum(metric: str, about: str, value: float) -> dict[str, Any]:
        return {"MetricName": metric, "Dimensions": [{"Name": "Region", "Value": about}], "Value": value}

    data = [
        datum(signals.WRITER_PROOF, name, 1.0 if name == A else 0.0),
        datum(signals.SUPERSEDED, other, 0.0),
        *([datum(signals.HEARTBEAT_AGE, name, 1.5)] if name == B else []),
    ]
    clouds.client("cloudwatch", name).put_metric_data(Namespace=signals.namespace("example"), MetricData=data)
