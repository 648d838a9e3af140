"""The functions' shared parts, one by one: settings, items, rounds, tokens, verdicts, clients."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from clients import DECIDING, ClientFactory, Limits, error_code
from hypothesis import given
from hypothesis import strategies as st
from proof import Observation, judge, judge_partner
from prove_writer import Settings
from rounds import Clock, Rhythm, repeat
from settings import SettingsError, read
from signing import connect_token
from state import decode, encode, item_view, view_item
from wire import Deadline

from recovery.state import View
from twin.tokens import Claim, Credentials, TokenError, check_token

HOST = "dr-x.cluster-c0ffee.eu-west-1.rds.amazonaws.com"
KEYS = Credentials("AKIDEXAMPLE", "secret/key+", "session/token+=")
CLAIM = Claim((HOST,), 5432, "dr_probe", "eu-west-1")
ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "DR_SUFFIX": "x",
    "DR_TABLE": "dr-x-eu-west-1-state",
    "DR_DATA_REGIONS": "eu-west-1,eu-central-1",
    "DR_WITNESS_REGIONS": "none",
    "DR_READER_HOST": "none",
    "DR_PORT": "5432",
    "DR_DATABASE": "app",
    "DR_PARTNER_READER_HOSTS": "eu-central-1=a.example,eu-north-1=b.example",
    "DR_INTERVAL_SECONDS": "10",
    "DR_WINDOW_SECONDS": "60",
    "DR_STEP_SECONDS": "3",
}


def test_settings_are_read_into_their_types() -> None:
    told = read(Settings, ENVIRONMENT)
    assert told.reader_host is None
    assert told.witness_regions == ()
    assert told.partner_reader_hosts == {"eu-central-1": "a.example", "eu-north-1": "b.example"}
    assert told.table_in("eu-central-1") == "dr-x-eu-central-1-state"
    assert told.other_data_regions == ("eu-central-1",)
    assert (told.attempt_seconds, told.valid_ms) == (7, 33_000)


def test_seconds_may_have_a_fraction_and_are_more_than_none() -> None:
    told = read(Settings, ENVIRONMENT | {"DR_INTERVAL_SECONDS": "0.75", "DR_WINDOW_SECONDS": "4.5"})
    assert (told.interval_seconds, told.window_seconds, told.valid_ms) == (0.75, 4.5, 5250)
    for wrong in ("0", "-1", "inf", "nan", "soon"):
        with pytest.raises(SettingsError, match="DR_INTERVAL_SECONDS is not a number above 0"):
            read(Settings, ENVIRONMENT | {"DR_INTERVAL_SECONDS": wrong})


def test_a_map_that_is_none_is_understood_and_one_that_is_malformed_is_named() -> None:
    assert read(Settings, ENVIRONMENT | {"DR_PARTNER_READER_HOSTS": "none"}).partner_reader_hosts == {}
    with pytest.raises(SettingsError, match=r"DR_PARTNER_READER_HOSTS is not a list of region=value: 'a\.example'"):
        read(Settings, ENVIRONMENT | {"DR_PARTNER_READER_HOSTS": "a.example"})


def test_every_problem_of_an_empty_environment_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        read(Settings, {})
    for variable in ENVIRONMENT:
        assert f"{variable} is missing" in str(refused.value)


numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e12)
plain = st.recursive(
    st.text() | st.booleans() | st.integers(-(10**15), 10**15) | numbers,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner),
    max_leaves=8,
)


@given(plain)
def test_what_an_item_holds_comes_back_as_it_was(value: Any) -> None:
    assert decode(encode(value)) == value


@given(st.sampled_from(["a", "b"]), st.none() | st.floats(0, 1e6), st.lists(st.sampled_from(["c", "d"])))
def test_a_view_comes_back_as_it_was(about: str, lag: float | None, supersedes: list[str]) -> None:
    own = tuple(supersedes) if about == "a" else ()
    view = View("a", about, "replica", False, True, "replica", 5, 9, lag, own)
    assert item_view(view_item(view)) == view


def test_a_view_holds_until_its_time_and_not_longer() -> None:
    view = View("a", "a", "writer", True, True, "proved", 5, 9)
    assert (view.fresh(8), view.fresh(9)) == (True, False)


def test_what_no_item_can_hold_is_refused() -> None:
    with pytest.raises(TypeError):
        encode(object())


class Ticking:
    """A clock that moves only when somebody sleeps or works."""

    def __init__(self) -> None:
        self.at = 0.0
        self.clock = Clock(now=lambda: self.at, monotonic=lambda: self.at, sleep=self.spend)

    def spend(self, seconds: float) -> None:
        self.at += seconds


def rounds(
    interval: float, work: list[float], timeout: float = 90.0, longest: float = 9.0, window: float = 60.0
) -> list[float]:
    """Return when the rounds of a window begin, each working as long as ``work`` says (then 1 s)."""
    ticking, begun = Ticking(), list[float]()

    def act() -> None:
        begun.append(ticking.at)
        ticking.spend(work[len(begun) - 1] if len(begun) <= len(work) else 1.0)

    rhythm = Rhythm(interval, window, longest)
    repeat(act, rhythm, clock=ticking.clock, remaining=lambda: timeout - ticking.at)
    return begun


def test_rounds_begin_at_even_times_whatever_they_take() -> None:
    assert rounds(10, [9.0, 0.5, 3.0]) == [0, 10, 20, 30, 40, 50]


@pytest.mark.parametrize("speed", [3, 7, 11, 60])
def test_a_window_that_is_shorter_holds_as_many_rounds(speed: int) -> None:
    """At no speed does the arithmetic of fractions cost the last round."""
    assert len(rounds(10 / speed, [0.001] * 9, window=60 / speed)) == 6


def test_a_round_that_ran_over_skips_the_one_it_covered() -> None:
    assert rounds(10, [1.0, 14.0]) == [0, 10, 30, 40, 50]


def test_no_round_begins_that_the_function_might_not_live_to_end() -> None:
    assert rounds(10, [], timeout=58.0) == [0, 10, 20, 30, 40]


def test_the_first_round_is_always_begun() -> None:
    assert rounds(10, [], timeout=0.0) == [0]


@given(st.integers(1, 30), st.lists(st.floats(0, 100), max_size=8), st.floats(0, 120))
def test_no_round_outlives_the_function(interval: int, work: list[float], timeout: float) -> None:
    longest = max([*work, 1.0])
    begun = rounds(interval, work, timeout, longest)
    assert all(start + longest <= timeout + 1e-6 for start in begun[1:])
    assert all(math.isclose(start % interval, 0, abs_tol=1e-6) or interval - start % interval < 1e-6 for start in begun)
    assert len(begun) <= max(60 // interval, 1)


def test_a_token_is_accepted_by_an_independent_computation() -> None:
    token = connect_token(KEYS, "eu-west-1", HOST, 5432, "dr_probe")
    check_token(token, CLAIM, {KEYS.access_key: KEYS}.get, time.time())


def test_a_token_is_what_the_client_of_rds_makes() -> None:
    """The same parameters and place; the time of signing and so the signature may differ."""
    client: Any = botocore.session.get_session().create_client(
        "rds",
        region_name="eu-west-1",
        aws_access_key_id=KEYS.access_key,
        aws_secret_access_key=KEYS.secret_key,
        aws_session_token=KEYS.token,
    )
    theirs = client.generate_db_auth_token(HOST, 5432, "dr_probe")
    check_token(theirs, CLAIM, {KEYS.access_key: KEYS}.get, time.time())
    ours = connect_token(KEYS, "eu-west-1", HOST, 5432, "dr_probe")
    names = [[part.split("=")[0] for part in token.split("?")[1].split("&")] for token in (ours, theirs)]
    assert sorted(names[0]) == sorted(names[1])
    assert ours.split("?")[0] == theirs.split("?")[0]


@pytest.mark.parametrize(
    ("claim", "later", "why"),
    [
        (Claim(("other",), 5432, "dr_probe", "eu-west-1"), 0, "is for"),
        (Claim((HOST,), 5433, "dr_probe", "eu-west-1"), 0, "is for"),
        (Claim((HOST,), 5432, "postgres", "eu-west-1"), 0, "not for signing in as postgres"),
        (Claim((HOST,), 5432, "dr_probe", "eu-west-2"), 0, "is for rds-db in eu-west-1"),
        (CLAIM, 901, "expired"),
        (CLAIM, -400, "in the future"),
    ],
)
def test_a_token_for_anything_else_is_refused(claim: Claim, later: float, why: str) -> None:
    token = connect_token(KEYS, "eu-west-1", HOST, 5432, "dr_probe")
    with pytest.raises(TokenError, match=why):
        check_token(token, claim, {KEYS.access_key: KEYS}.get, time.time() + later)


@given(st.text(max_size=60))
def test_no_text_is_a_token(text: str) -> None:
    for token in (text, f"{HOST}:5432/?{text}"):
        with pytest.raises(TokenError):
            check_token(token, CLAIM, {KEYS.access_key: KEYS}.get, time.time())


observations = st.builds(
    Observation,
    failed=st.sampled_from(["", "name", "connect", "timeout", "read-only", "write"]),
    detail=st.just("because"),
    in_recovery=st.sampled_from([None, True, False]),
    written=st.just(False),
    age=st.none() | st.floats(-1e4, 1e4),
    skew=st.floats(-1e4, 1e4),
)


@given(observations, st.none() | observations)
def test_nothing_but_a_written_row_is_a_proof(writer: Observation, reader: Observation | None) -> None:
    proof = judge(writer, reader)
    assert proof.value == 0
    ages = {round(each.age, 3) for each in (writer, reader) if each and each.age is not None}
    assert proof.lag_seconds is None or proof.lag_seconds in ages, "as it was read, the future included"
    assert proof.role in ("writer", "replica", "unknown")
    assert proof.reached or proof.role == "unknown"


@given(observations, st.none() | observations)
def test_a_partner_is_the_writer_only_when_its_writer_endpoint_says_so(
    writer: Observation, reader: Observation | None
) -> None:
    proof = judge_partner(writer, reader)
    if proof.value:
        assert proof.reached
        assert writer.in_recovery is False


def test_a_deadline_within_another_never_ends_later() -> None:
    now = [0.0]
    outer = Deadline.after(5, lambda: now[0])
    now[0] = 4.0
    inner = outer.within(3)
    assert inner.remaining() == 1.0
    now[0] = 5.0
    assert inner.passed
    with pytest.raises(TimeoutError):
        inner.remaining()


def test_clients_end_their_calls_within_their_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{mute.getsockname()[1]}")
        clients = ClientFactory(Limits(connect=0.2, read=0.3, attempts=2))
        begun = time.monotonic()
        with pytest.raises(Exception, match="timeout") as refused:
            clients("dynamodb", "eu-west-1").list_tables()
        assert time.monotonic() - begun < 2.5
    assert error_code(refused.value) == "ReadTimeoutError"
    assert clients.credentials().access_key == "AKIDEXAMPLE"


def test_clients_use_the_endpoint_of_sts_in_the_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy")
    client = ClientFactory(DECIDING)("sts", "us-west-2")
    assert client.meta.endpoint_url == "https://sts.us-west-2.amazonaws.com"


def test_importing_the_probe_loads_neither_boto3_nor_the_driver() -> None:
    places = [str(Path(__file__).parents[2] / "lambda"), str(Path(__file__).parents[2])]
    code = (
        f"import sys; sys.path[:0] = {places!r}; import prove_writer;"
        " import json; print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & {"boto3", "botocore", "pg8000", "scramp", "dateutil", "ssl"}
