"""Environment files by Hypothesis: valid ones by construction, and what may be done to spoil them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from generator.config.checks.names import limited_names
from generator.config.engines import MAJORS
from generator.config.regions import REGIONS, certified
from generator.naming import LONGEST
from recovery.objectives import Intervals

Values = dict[str, Any]

DATA = tuple(name for name, region in REGIONS.items() if region.global_database and name in certified())
ALL = tuple(REGIONS)
ACCOUNT = st.from_regex(r"[0-9]{12}", fullmatch=True)
LABEL = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
INTERVALS = st.builds(
    Intervals,
    mode=st.sampled_from(["manual", "approval", "automatic"]),
    probe=st.sampled_from(["metric", "endpoint"]),
    interval=st.integers(5, 30),
    step_seconds=st.integers(1, 10),
    notice_seconds=st.integers(10, 3600),
    decision_seconds=st.integers(30, 86400),
    approval_seconds=st.integers(60, 86400),
    ttl=st.integers(1, 300),
)
"""Any configured intervals."""
HOSTS = st.builds(lambda one, two: f"{one}.{two}.example.com", LABEL, LABEL)


def _longest_suffix() -> int:
    """Return how many characters a suffix may have in the region with the longest name."""
    region = max(ALL, key=len)
    room = (LONGEST[name.kind] - len(name.of(suffix="", region=region, account="1" * 12)) for name in limited_names())
    return min(24, *room)


@st.composite
def suffixes(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True), min_size=1, max_size=3))
    return "".join(parts)[: _longest_suffix()]


@st.composite
def regions(draw: st.DrawFn, *, witness: bool) -> Values:
    data = draw(st.lists(st.sampled_from(DATA), min_size=2, max_size=draw(st.sampled_from([2, 3, 5, 11])), unique=True))
    rest = [name for name in ALL if name not in data]
    witnesses = draw(st.lists(st.sampled_from(rest), min_size=int(witness), max_size=2, unique=True))
    prefix = draw(st.integers(16, 25))
    with_endpoint = draw(st.booleans())
    found: Values = {}
    for index, name in enumerate([*data, *witnesses]):
        role = "origin" if index == 0 else "standby" if index < len(data) else "witness"
        region: Values = {"role": role, "range": f"10.{index * 7}.0.0/{prefix}"}
        zones = REGIONS[name].zones
        if draw(st.booleans()):
            region["zones"] = list(zones[: draw(st.integers(2, min(3, len(zones))))])
        if role != "witness" and draw(st.booleans()):
            region["instances"] = draw(st.integers(1, 3))
        if role != "witness" and with_endpoint:
            region["endpoint"] = f"app-{index}.example.com"
        found[name] = region
    return found


@st.composite
def recoveries(draw: st.DrawFn) -> Values:
    mode = draw(st.sampled_from(["manual", "approval", "automatic"]))
    found: Values = {"mode": mode, "notice_seconds": draw(st.integers(70, 600))}
    if mode == "approval":
        found["approval_minutes"] = draw(st.integers(1, 60))
    if mode == "manual":
        found["decision_seconds"] = draw(st.integers(30, 3600))
    return found


@st.composite
def databases(draw: st.DrawFn, *, disposable: bool) -> Values:
    major = draw(st.sampled_from(sorted(MAJORS)))
    least = draw(st.integers(0, 128)) / 2
    return {
        "name": draw(st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)),
        "engine_version": f"{major}.{draw(st.integers(MAJORS[major].first_global, MAJORS[major].first_global + 20))}",
        "instance_class": draw(st.sampled_from(["db.serverless", "db.r6g.large", "db.r7i.2xlarge", "db.x2g.xlarge"])),
        "capacity": {"min": least, "max": max(1, least + draw(st.integers(0, 64)))},
        "instances": draw(st.integers(1, 3)),
        "backup_days": draw(st.integers(1, 35)),
        "deletion_protection": draw(st.booleans()) and not disposable,
    }


@st.composite
def backups(draw: st.DrawFn, names: list[str], *, disposable: bool) -> Values | None:
    if draw(st.booleans()):
        return None
    days = draw(st.integers(1, 400))
    lock = None if disposable else draw(st.one_of(st.none(), st.integers(1, days)))
    return {"days": days, "copy_to": draw(st.one_of(st.none(), st.sampled_from(names))), "lock_days": lock}


@st.composite
def environments(draw: st.DrawFn) -> Values:
    """Return a valid environment as plain values."""
    recovery, disposable = draw(recoveries()), draw(st.booleans())
    places = draw(regions(witness=recovery["mode"] == "automatic"))
    data = [name for name, region in places.items() if region["role"] != "witness"]
    interval = draw(st.sampled_from([5, 6, 10, 12, 15, 20, 30]))
    account = draw(ACCOUNT)
    values: Values = {
        "suffix": draw(suffixes()),
        "accounts": {"workload": account} | draw(st.sampled_from([{}, {"administration": "444455556666"}])),
        "opted_in": [name for name in places if REGIONS[name].opt_in],
        "regions": places,
        "dns": {
            "domain": draw(HOSTS),
            "zone_id": draw(st.sampled_from([None, "Z0123456789ABCDEFGHIJ"])),
            "visibility": draw(st.sampled_from(["public", "private"])),
            "region": draw(st.sampled_from([None, *places])),
            "home": draw(st.sampled_from([None, *data])),
            "ttl": draw(st.integers(1, 300)),
        },
        "database": draw(databases(disposable=disposable)),
        "storage": {"noncurrent_days": draw(st.integers(1, 3650))},
        "probe": {
            "kind": draw(st.sampled_from(["metric", "endpoint"])),
            "interval": interval,
            "step_seconds": draw(st.integers(1, interval // 3)),
        },
        "recovery": recovery,
        "objectives": {
            "rto_seconds": draw(st.integers(9000, 86400)),
            "rpo_seconds": draw(st.integers(90, 86400)),
        },
        "people": draw(st.lists(LABEL.map(lambda name: f"{name}@example.com"), min_size=1, max_size=5, unique=True)),
        "interface_endpoints": draw(
            st.lists(st.sampled_from(["logs", "secretsmanager", "sns", "sqs", "sts"]), unique=True)
        ),
        "backup": draw(backups(data, disposable=disposable)),
        "tags": draw(st.dictionaries(LABEL, st.text("abc 123", max_size=12), max_size=3)),
        "disposable": disposable,
    }
    if draw(st.booleans()):
        values |= {"permission_model": "service-managed", "organization": "o-a1b2c3d4e5"}
        values["organizational_units"] = ["ou-ab12-cdef3456"]
    return values


def written(values: Values) -> str:
    """Return the values as a YAML file."""
    return json.dumps(values, indent=1, ensure_ascii=False)  # every JSON document is a YAML document
