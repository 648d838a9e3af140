"""What names answer, and a name server asked by a real client over UDP and TCP."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from twin.cloud.settings import SETTINGS
from twin.cloud.watch.dns import View
from twin.cloud.watch.names import Book, Zone

DOMAIN = "db.example.com."
ACCOUNT = "111122223333"
A, B, C = "eu-west-1", "eu-central-1", "us-east-2"
HOST = {each: f"dr.cluster-x.{each}.rds.amazonaws.com" for each in (A, B, C)}
SOA = "ns-1.awsdns-1.com. h.amazon.com. 1 2 3 4 86400"
APEX = (
    {"Name": DOMAIN, "Type": "SOA", "TTL": "900", "ResourceRecords": [SOA]},
    {"Name": DOMAIN, "Type": "NS", "TTL": "172800", "ResourceRecords": ["ns-1.awsdns-1.com.", "ns-2.awsdns-2.net."]},
    {"Name": f"text.{DOMAIN}", "Type": "TXT", "TTL": "300", "ResourceRecords": ['"one" "two"']},
    {"Name": f"v6.{DOMAIN}", "Type": "AAAA", "TTL": "60", "ResourceRecords": ["2001:db8::1"]},
    {"Name": f"deep.below.{DOMAIN}", "Type": "A", "TTL": "60", "ResourceRecords": ["192.0.2.1"]},
    {"Name": f"alias.{DOMAIN}", "Type": "AAAA", "AliasTarget": {"DNSName": f"v6.{DOMAIN}"}},
)  # fmt: skip
Ask = Callable[..., dns.message.Message]


def record(region: str, **routing: Any) -> dict[str, Any]:
    name = {"Name": f"writer.{DOMAIN}", "Type": "CNAME", "TTL": "5", "ResourceRecords": [HOST[region]]}
    return {**name, "SetIdentifier": region, "HealthCheckId": f"check-{region}", **routing}


PAIR = (record(A, Failover="PRIMARY"), record(B, Failover="SECONDARY"))
SET = (record(A, Weight=1), record(B, Weight=0), record(C, Weight=0))


def book(*records: Mapping[str, Any], healthy: str = "", regions: frozenset[str] | None = None) -> Book:
    health = {(ACCOUNT, f"check-{each}"): each in healthy.split() for each in (A, B, C)}
    return Book((Zone(ACCOUNT, DOMAIN, (*APEX, *records), regions),), health)


@pytest.mark.parametrize(
    ("records", "healthy", "regions"),
    [
        (PAIR, f"{A} {B}", {A}),
        (PAIR, B, {B}),
        (PAIR, "", {A}),
        (SET, A, {A}),
        (SET, f"{B} {C}", {B, C}),
        (SET, C, {C}),
        (SET, "", {A}),
    ],
)
def test_names_answer_the_regions_of_the_documented_rules(
    records: tuple[dict[str, Any], ...], healthy: str, regions: set[str]
) -> None:
    said = book(*records, healthy=healthy).told()["writer.db.example.com"]
    assert set(said["regions"]) == regions
    assert set(said["records"]) == {HOST[each] for each in regions}


def test_weighted_answers_are_chosen_by_their_weights() -> None:
    heavy = book(record(A, Weight=3), record(B, Weight=1), record(C, Weight=0), healthy=f"{A} {B} {C}")
    heard = Counter((heavy.ask(f"writer.{DOMAIN}", "CNAME") or [])[0].values[0] for _ in range(2000))
    assert set(heard) == {HOST[A], HOST[B]}
    assert 0.65 < heard[HOST[A]] / 2000 < 0.85
    even = book(*SET, healthy=f"{B} {C}")
    heard = Counter((even.ask(f"writer.{DOMAIN}", "CNAME") or [])[0].values[0] for _ in range(400))
    assert min(heard[HOST[B]], heard[HOST[C]]) > 100


def test_a_private_zone_answers_only_in_the_regions_of_its_networks() -> None:
    private = book(*PAIR, healthy=A, regions=frozenset({A}))
    assert private.ask(f"writer.{DOMAIN}", "CNAME", region=A)
    assert private.ask(f"writer.{DOMAIN}", "CNAME", region=B) is None
    assert private.ask(f"writer.{DOMAIN}", "CNAME") is None


@pytest.fixture
def held() -> dict[str, Book]:
    return {"book": book(*PAIR, healthy=A)}


@pytest.fixture
def view(held: dict[str, Book]) -> Iterator[View]:
    doors = {HOST[A]: "127.0.0.7"}
    found = View("", lambda: held["book"], lambda host, _: doors.get(host))
    yield found
    found.stop()


@pytest.fixture(params=[dns.query.udp, dns.query.tcp], ids=["udp", "tcp"])
def ask(request: pytest.FixtureRequest, view: View) -> Ask:
    def asked(name: str, kind: str = "A") -> dns.message.Message:
        host, port = view.address
        found: dns.message.Message = request.param(dns.message.make_query(name, kind), host, port=port, timeout=5)
        return found

    return asked


def lines(said: dns.message.Message) -> list[str]:
    return [line for each in said.answer for line in each.to_text().splitlines()]


def test_a_name_leads_through_its_record_to_the_door_of_the_database(ask: Ask) -> None:
    assert lines(ask("WRITER.db.example.com")) == [  # and is said as it was asked
        f"WRITER.{DOMAIN} 5 IN CNAME {HOST[A]}.",
        f"{HOST[A]}. 5 IN A 127.0.0.7",
    ]


def test_an_answer_follows_health(ask: Ask, held: dict[str, Book]) -> None:
    held["book"] = book(*PAIR, healthy=B)
    said = ask("writer.db.example.com")
    assert lines(said) == [f"writer.{DOMAIN} 5 IN CNAME {HOST[B]}."]
    assert said.rcode() == dns.rcode.NXDOMAIN  # no writer behind that name yet (trap 70)


def test_a_cname_that_is_asked_for_is_not_followed(ask: Ask) -> None:
    assert lines(ask("writer.db.example.com", "CNAME")) == [f"writer.{DOMAIN} 5 IN CNAME {HOST[A]}."]


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("text.db.example.com", "TXT", f'text.{DOMAIN} 300 IN TXT "one" "two"'),
        ("v6.db.example.com", "AAAA", f"v6.{DOMAIN} 60 IN AAAA 2001:db8::1"),
        ("alias.db.example.com", "AAAA", f"alias.{DOMAIN} 60 IN AAAA 2001:db8::1"),
        ("db.example.com", "NS", f"{DOMAIN} 172800 IN NS ns-1.awsdns-1.com."),
        ("db.example.com", "SOA", f"{DOMAIN} 900 IN SOA ns-1.awsdns-1.com. h.amazon.com. 1 2 3 4 86400"),
    ],
)
def test_every_type_of_record_is_answered(ask: Ask, name: str, kind: str, said: str) -> None:
    assert said in lines(ask(name, kind))


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("nobody.db.example.com", "A", dns.rcode.NXDOMAIN),
        ("text.db.example.com", "A", dns.rcode.NOERROR),
        ("below.db.example.com", "A", dns.rcode.NOERROR),
    ],
)
def test_what_is_not_there_is_said_with_the_zones_soa(ask: Ask, name: str, kind: str, code: int) -> None:
    said = ask(name, kind)
    assert (said.rcode(), said.answer) == (code, [])
    assert [(each.rdtype, each.ttl) for each in said.authority] == [(dns.rdatatype.SOA, 900)]


def test_a_zone_that_is_not_here_is_refused(ask: Ask) -> None:
    assert ask("example.org").rcode() == dns.rcode.REFUSED


def test_times_to_live_are_divided_by_the_speed_and_at_least_one(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SETTINGS, "speed", 10.0)
    assert lines(ask("writer.db.example.com"))[0] == f"writer.{DOMAIN} 1 IN CNAME {HOST[A]}."
    assert lines(ask("text.db.example.com", "TXT"))[0].split()[1] == "30"


def test_the_resolver_of_a_regions_networks_keeps_an_answer_as_long_as_its_ttl_and_the_name_servers_do_not(
    held: dict[str, Book], view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("twin.cloud.watch.dns.time.monotonic", lambda: clock[0])
    resolver = View(B, lambda: held["book"], lambda host, _: "127.0.0.7")

    def leads(server: View) -> tuple[str, int]:
        said = dns.message.from_wire(server.answer(dns.message.make_query(f"writer.{DOMAIN}", "A").to_wire()))
        return str(said.answer[0][0]).rstrip("."), said.answer[0].ttl

    try:
        assert leads(resolver) == (HOST[A], 5)
        held["book"] = book(*PAIR, healthy=B)
        clock[0] += 3
        assert (leads(resolver), leads(view)) == ((HOST[A], 2), (HOST[B], 5))
        clock[0] += 2
        assert leads(resolver) == (HOST[B], 5)
    finally:
        resolver.stop()


def test_an_answer_that_is_too_long_for_udp_is_asked_for_again_over_tcp(held: dict[str, Book], view: View) -> None:
    long = {
        "Name": f"long.{DOMAIN}",
        "Type": "TXT",
        "TTL": "5",
        "ResourceRecords": [f'"{"x" * 200}{i}"' for i in range(9)],
    }
    held["book"] = book(long)
    host, port = view.address
    said, by_tcp = dns.query.udp_with_fallback(
        dns.message.make_query(f"long.{DOMAIN}", "TXT"), host, port=port, timeout=5
    )
    assert by_tcp and len(said.answer[0]) == 9


@pytest.mark.skipif(not shutil.which("dig"), reason="dig is not installed")
def test_dig_can_ask(view: View) -> None:
    host, port = view.address
    said = subprocess.run(["dig", f"@{host}", "-p", str(port), "+short", "writer.db.example.com"], capture_output=True,
                          text=True, check=True, timeout=20)  # fmt: skip
    assert said.stdout.split() == [f"{HOST[A]}.", "127.0.0.7"]
