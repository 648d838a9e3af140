"""Every contradiction is refused at its key, with what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.config import Problem, load, warnings
from generator.config.checks import CONTRADICTIONS, DOUBTS

Values = dict[str, Any]
Told = Callable[[Values], tuple[Problem, ...]]

ORIGIN = {"role": "origin", "range": "10.20.0.0/16"}
STANDBY = {"role": "standby", "range": "10.21.0.0/16"}
WITNESS = {"role": "witness", "range": "10.22.0.0/16"}


def two(origin: Values | None = None, standby: Values | None = None, **more: Values) -> Values:
    regions = {"eu-west-1": ORIGIN | (origin or {}), "eu-central-1": STANDBY | (standby or {})}
    return {"regions": regions | {name.replace("_", "-"): region for name, region in more.items()}}


def many(count: int) -> Values:
    names = [
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3"),
        *("eu-central-1", "eu-north-1", "ca-central-1", "sa-east-1", "ap-south-1"),
    ][:count]
    return {
        "regions": {
            name: {"role": "standby" if index else "origin", "range": f"10.{index}.0.0/16"}
            for index, name in enumerate(names)
        }
    }


REFUSED: dict[str, tuple[Values, str, str]] = {
    "overlapping ranges": (
        two(standby={"range": "10.20.128.0/17"}),
        "regions.eu-central-1.range",
        "10.20.128.0/17 overlaps 10.20.0.0/16 of eu-west-1",
    ),
    "a second origin": (
        two(standby={"role": "origin"}),
        "regions.eu-central-1.role",
        "second origin beside eu-west-1",
    ),
    "no origin": (two(origin={"role": "standby"}), "regions", "has no origin region"),
    "no standby": ({"regions": {"eu-west-1": ORIGIN}}, "regions", "has no standby region"),
    "a standby that is only a witness": (
        two(standby={"role": "witness"}),
        "regions",
        "has no standby region",
    ),
    "an unknown region": (
        two(eu_west_9=STANDBY | {"range": "10.9.0.0/16"}),
        "regions.eu-west-9",
        "is no region",
    ),
    "a region that is off": (
        two(eu_south_1=STANDBY | {"range": "10.9.0.0/16"}),
        "regions.eu-south-1",
        "off until an account opts in",
    ),
    "an unknown region opted in": ({"opted_in": ["eu-south-9"]}, "opted_in[0]", "is no region"),
    "data where no global database is": (
        two(ap_southeast_7=STANDBY | {"range": "10.9.0.0/16"}) | {"opted_in": ["ap-southeast-7"]},
        "regions.ap-southeast-7.role",
        "has no Aurora global database",
    ),
    "twelve data regions": (many(12), "regions", "11 standby regions: a global database has at most 10"),
    "another region's zone": (
        two(origin={"zones": ["eu-west-1a", "eu-west-2b"]}),
        "regions.eu-west-1.zones[1]",
        "no zone of eu-west-1",
    ),
    "one zone": (two(origin={"zones": ["eu-west-1a"]}), "regions.eu-west-1.zones", "has one zone"),
    "four zones": (
        two(origin={"zones": [f"eu-west-1{z}" for z in "abcd"]}),
        "regions.eu-west-1.zones",
        "at most 3",
    ),
    "a zone twice": (
        two(origin={"zones": ["eu-west-1a", "eu-west-1a"]}),
        "regions.eu-west-1.zones",
        "names eu-west-1a more than once",
    ),
    "a range too small": (two(origin={"range": "10.20.0.0/26"}), "regions.eu-west-1.range", "too small"),
    "a range too large": (
        two(origin={"range": "10.0.0.0/12"}),
        "regions.eu-west-1.range",
        "larger than a VPC",
    ),
    "a range with host bits": (
        two(origin={"range": "10.20.0.1/16"}),
        "regions.eu-west-1.range",
        "the range would be 10.20.0.0/16",
    ),
    "a data region whose authorities are not in the bundle": (
        two(il_central_1=STANDBY | {"range": "10.9.0.0/16"}) | {"opted_in": ["il-central-1"]},
        "regions.il-central-1.role",
        "does not hold the authorities",
    ),
    "an endpoint for some": (
        two(origin={"endpoint": "app.example.com"}),
        "regions.eu-central-1.endpoint",
        "missing, though eu-west-1 has one",
    ),
    "a witness with an endpoint": (
        two(eu_north_1=WITNESS | {"endpoint": "app.example.com"}),
        "regions.eu-north-1.endpoint",
        "no application",
    ),
    "a standby without an instance": (
        two(standby={"instances": 0}),
        "regions.eu-central-1.instances",
        "out of range: at least 1",
    ),
    "a witness with instances": (
        two(eu_north_1=WITNESS | {"instances": 1}),
        "regions.eu-north-1.instances",
        "has no database",
    ),
    "a suffix too long for a function": (
        two(ap_southeast_1=STANDBY | {"range": "10.9.0.0/16"}) | {"suffix": "a" * 24 + "bcdefg"},
        "suffix",
        "too long",
    ),
    "a suffix with a hyphen": ({"suffix": "a-b"}, "suffix", "right form"),
    "a suffix in capitals": ({"suffix": "Prod"}, "suffix", "right form"),
    "automatic without a witness": (
        {"recovery": {"mode": "automatic"}},
        "recovery.mode",
        "no witness region",
    ),
    "an approval time in manual mode": (
        {"recovery": {"approval_minutes": 5}},
        "recovery.approval_minutes",
        "approval only",
    ),
    "an RTO under the sum": ({"objectives": {"rto_seconds": 300}}, "objectives.rto_seconds", "= 879 s"),
    "an RTO under an approval": (
        {"recovery": {"mode": "approval", "approval_minutes": 15}},
        "objectives.rto_seconds",
        "deciding 920",
    ),
    "an RPO under the heartbeat": (
        {"objectives": {"rpo_seconds": 5}},
        "objectives.rpo_seconds",
        "can't be told",
    ),
    "a notice as short as a healthy lag": (
        {"recovery": {"notice_seconds": 20}},
        "recovery.notice_seconds",
        "no sign of a loss",
    ),
    "an approval of a day": (
        {"recovery": {"mode": "approval", "approval_minutes": 1440}},
        "recovery.approval_minutes",
        "at most 180",
    ),
    "a proof longer than its interval": (
        {"probe": {"step_seconds": 4}},
        "probe.step_seconds",
        "more than the interval",
    ),
    "an interval that does not divide a minute": ({"probe": {"interval": 7}}, "probe.interval", "is none of"),
    "an engine without global database": (
        {"database": {"engine_version": "15.1"}},
        "database.engine_version",
        "15.2 is the first",
    ),
    "an engine of the past": (
        {"database": {"engine_version": "11.9"}},
        "database.engine_version",
        "none of the major",
    ),
    "a burstable class": (
        {"database": {"engine_version": "16.8", "instance_class": "db.t4g.medium"}},
        "database.instance_class",
        "burstable",
    ),
    "a general-purpose class": (
        {"database": {"engine_version": "16.8", "instance_class": "db.m6g.large"}},
        "database.instance_class",
        "not memory-optimized",
    ),
    "an old class": (
        {"database": {"engine_version": "16.8", "instance_class": "db.r4.large"}},
        "database.instance_class",
        "older than",
    ),
    "no class at all": (
        {"database": {"engine_version": "16.8", "instance_class": "large"}},
        "database.instance_class",
        "no instance class",
    ),
    "capacity upside down": (
        {"database": {"engine_version": "16.8", "capacity": {"min": 16, "max": 8}}},
        "database.capacity.min",
        "more than",
    ),
    "capacity between halves": (
        {"database": {"engine_version": "16.8", "capacity": {"min": 8.3}}},
        "database.capacity.min",
        "no multiple of 0.5",
    ),
    "no backup days": (
        {"database": {"engine_version": "16.8", "backup_days": 0}},
        "database.backup_days",
        "at least 1",
    ),
    "too many backup days": (
        {"database": {"engine_version": "16.8", "backup_days": 36}},
        "database.backup_days",
        "at most 35",
    ),
    "disposable and protected": ({"disposable": True}, "disposable", "deletion_protection"),
    "disposable and locked": (
        {
            "disposable": True,
            "database": {"engine_version": "16.8", "deletion_protection": False},
            "backup": {"days": 7, "lock_days": 7},
        },
        "backup.lock_days",
        "disposable",
    ),
    "backups shorter than the lock": (
        {"backup": {"days": 7, "lock_days": 8}},
        "backup.days",
        "refuse every backup",
    ),
    "a copy to nowhere": ({"backup": {"copy_to": "us-east-1"}}, "backup.copy_to", "not a data region"),
    "a home elsewhere": (
        {"dns": {"domain": "a.example.com", "home": "us-east-1"}},
        "dns.home",
        "not a data region",
    ),
    "a home without data": (
        two(eu_north_1=WITNESS) | {"dns": {"domain": "a.example.com", "home": "eu-north-1"}},
        "dns.home",
        "not a data region",
    ),
    "a zone elsewhere": (
        {"dns": {"domain": "a.example.com", "region": "us-east-1"}},
        "dns.region",
        "not one of",
    ),
    "no TTL": ({"dns": {"domain": "a.example.com", "ttl": 0}}, "dns.ttl", "at least 1"),
    "a long TTL": ({"dns": {"domain": "a.example.com", "ttl": 301}}, "dns.ttl", "at most 300"),
    "service-managed without an organization": (
        {"permission_model": "service-managed"},
        "organization",
        "is missing",
    ),
    "service-managed without units": (
        {"permission_model": "service-managed", "organization": "o-a1b2c3d4e5"},
        "organizational_units",
        "is missing",
    ),
    "units without service-managed": (
        {"organizational_units": ["r-ab12"]},
        "organizational_units",
        "service-managed",
    ),
    "nobody to tell": ({"people": []}, "people", "at least 1"),
    "six people": ({"people": [f"p{i}@example.com" for i in range(6)]}, "people", "at most 5"),
    "a person without an address": ({"people": ["oncall"]}, "people[0]", "right form"),
    "a person twice": ({"people": ["a@b.example", "a@b.example"]}, "people", "more than once"),
    "an account number without quotes": (
        {"accounts": {"workload": 111122223333}},
        "accounts.workload",
        "must be text",
    ),
    "an engine version without quotes": (
        {"database": {"engine_version": 16.8}},
        "database.engine_version",
        "must be text",
    ),
    "a word for a number": ({"dns": {"domain": "a.example.com", "ttl": "10"}}, "dns.ttl", "whole number"),
    "yes for true": ({"disposable": "yes"}, "disposable", "true or false"),
    "another replication time": (
        {"storage": {"replication_minutes": 5}},
        "storage.replication_minutes",
        "5 is none of 15",
    ),
    "a reserved tag": ({"tags": {"aws:x": "y"}}, "tags", "reserved"),
    "an endpoint for a service that nobody knows": (
        {"interface_endpoints": ["lgos"]},
        "interface_endpoints",
        "not known",
    ),
    "an endpoint that is a gateway": ({"interface_endpoints": ["s3"]}, "interface_endpoints", "gateway"),
}


@pytest.mark.parametrize(("change", "key", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_contradiction_is_refused_at_its_key_with_a_hint(
    values: Values, problems: Told, change: Values, key: str, message: str
) -> None:
    found = problems(values | change)
    assert [problem for problem in found if problem.key == key and message in problem.message], found
    assert all(problem.hint for problem in found)


def test_all_problems_of_a_file_are_told_in_one_run(values: Values, problems: Told) -> None:
    change = two(origin={"range": "10.21.0.0/15", "zone": []}, standby={"role": "stand-by"}, eu_west_9=WITNESS)
    found = problems(
        values | change | {"suffix": "X", "dns": {"domain": "db.example.com", "home": "us-east-1"}, "rpo": 3}
    )
    assert [problem.key for problem in found] == [
        "suffix",
        "regions.eu-west-1.range",
        "regions.eu-west-1.zone",
        "regions.eu-central-1.role",
        "regions.eu-west-9",
        "dns.home",
        "rpo",
    ]


def test_a_wrong_role_is_not_also_called_a_missing_standby(values: Values, problems: Told) -> None:
    assert [problem.key for problem in problems(values | two(standby={"role": "standbye"}))] == [
        "regions.eu-central-1.role"
    ]


def test_a_suffix_is_measured_with_the_longest_region_and_every_name(values: Values, file: Callable[..., Path]) -> None:
    longest = values | {"suffix": "abcdefghij0klmnopqrst0uv"}
    load(file(longest))
    far = two(ap_southeast_1=STANDBY | {"range": "10.9.0.0/16"})
    assert load(file(longest | far)).suffix == "abcdefghij0klmnopqrst0uv"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"database": {"engine_version": "16.8", "capacity": {"min": 2}}}, "database.capacity.min"),
        ({"database": {"engine_version": "16.4"}}, "database.engine_version"),
        ({"database": {"engine_version": "14.9"}}, "database.engine_version"),
        (
            {
                "database": {
                    "engine_version": "16.8",
                    "instance_class": "db.r7g.large",
                    "capacity": {"min": 16},
                }
            },
            "database.capacity",
        ),
        (two(origin={"instances": 1}), "regions.eu-west-1.instances"),
        (two(origin={"range": "11.0.0.0/16"}), "regions.eu-west-1.range"),
        ({"dns": {"domain": "db.example.com", "ttl": 120}, "objectives": {"rto_seconds": 1200}}, "dns.ttl"),
    ],
)
def test_what_is_doubtful_is_loaded_and_told(
    values: Values, file: Callable[[Values], Path], change: Values, key: str
) -> None:
    path = file(values | change)
    found = warnings(load(path), path)
    assert [problem.key for problem in found] == [key]
    assert found[0].hint
    assert found[0].line > 0


def test_every_check_says_in_its_docstring_what_it_finds() -> None:
    for check in (*CONTRADICTIONS, *DOUBTS):
        assert (check.__doc__ or "").startswith("Find ")
