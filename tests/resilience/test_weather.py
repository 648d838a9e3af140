"""Calls that are throttled, fail, are never answered, or lose their answers: it ends right, or says which call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.retries.bucket import TokenBucket
from botocore.retries.standard import ExponentialBackoff

from generator.aws.clients import Patience
from generator.config import Environment
from tests.resilience.portrait import Portrait, portrait
from tests.resilience.proxy import Call, Each, Ill, Proxy, Showers, fair, proxy
from tests.resilience.world import SOAK, Deploying, Warm, clouds_at, deployed, environment, spoken

SEEDS = range(1 if SOAK == 1 else 2 * SOAK)
READING = ("Get", "List", "Describe")
_QUICK = {"patience": Patience(1.0, 0.4, 8), "looking": Patience(1.0, 0.7, 2)}
_SOON_TIRED = {"patience": Patience(1.0, 0.7, 2), "looking": Patience(1.0, 0.7, 2)}

WORDS = {
    "GetCallerIdentity": "asking whose credentials these are",
    "GetItem": "reading the lease in dr-calm-deployment",
    "ListStackSets": "listing the StackSets",
    "DescribeManagedPrefixLists": "asking for the managed prefix lists",
    "CreateStack": "creating the stack dr-calm-deployment",
    "SetStackPolicy": "protecting the data of ",
    "UpdateItem": "taking the lease in dr-calm-deployment",
    "CreateStackSet": "creating the StackSet dr-calm-",
    "CreateStackInstances": "beginning the CREATE of dr-calm-",
    "DescribeStackSetOperation": " on dr-calm-",
    "ListStackInstances": "listing the instances of the StackSet dr-calm-",
    "UpdateStackInstances": "beginning the UPDATE of dr-calm-",
    "ListStackSetOperations": "describing the StackSet dr-calm-",
    "PutObject": "uploading ",
    "Invoke": "calling dr-calm-eu-west-1-bootstrap-database",
    "DescribeStackSet": "describing the StackSet dr-calm-",
    "GetTemplate": "reading the template of dr-calm-",
}
"""What the error says when one of these fails for good, in an order in which a first deployment meets them."""


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have botocore wait a tenth between tries, and a throttled client send fifty calls a second, not one in two."""
    whole = ExponentialBackoff.delay_amount
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *given: whole(*given) / 10)
    monkeypatch.setattr(TokenBucket.__init__, "__defaults__", (50.0,))


@pytest.fixture
def between(url: str) -> Iterator[Proxy]:
    with proxy(url) as running:
        yield running


def _same(url: str, wanted: Environment, undisturbed: Portrait) -> None:
    found = portrait(clouds_at(url, wanted))
    assert found == undisturbed


class _Sparing(Each):
    """Spares a function's calls: it has 75 seconds to answer, since the function itself may take 60."""

    def __call__(self, call: Call) -> Ill | None:
        return None if call.service == "lambda" else super().__call__(call)


@pytest.mark.parametrize(
    "ill", [each for each in Ill if SOAK > 1 or each is not Ill.BROKEN], ids=lambda each: each.name.lower()
)
def test_the_first_call_of_every_action_may_go_wrong(url: str, between: Proxy, undisturbed: Portrait, ill: Ill) -> None:
    between.weather = _Sparing(ill) if ill is Ill.SILENT else Each(ill)
    wanted = environment()
    deployed(clouds_at(between.url, wanted, **_QUICK))
    assert between.calls[ill.name] >= 19
    _same(url, wanted, undisturbed)


@pytest.mark.parametrize("seed", SEEDS)
def test_showers_of_all_ills_delay_a_deployment_and_change_nothing(
    url: str, between: Proxy, undisturbed: Portrait, seed: int
) -> None:
    wanted = environment()
    between.weather = Showers(seed, 0.15, set(Ill) - {Ill.SILENT})
    for _ in range(10):
        deploying = Deploying(clouds_at(between.url, wanted, **_QUICK)).end()
        if deploying.error is None:
            break
        spoken(deploying.error)
    between.weather = fair
    deployed(clouds_at(between.url, wanted))
    _same(url, wanted, undisturbed)


def _failing(clouds: Warm, between: Proxy, action: str, ill: Ill) -> str:
    between.weather = lambda call: ill if call.action == action else None
    return spoken(Deploying(clouds).end().error)


@pytest.mark.parametrize(
    "ill", [Ill.UNAVAILABLE, *([Ill.THROTTLED] if SOAK > 1 else [])], ids=lambda each: each.name.lower()
)
def test_whatever_action_fails_for_good_is_named_and_the_next_deployment_goes_on(
    url: str, between: Proxy, undisturbed: Portrait, ill: Ill
) -> None:
    wanted = environment()
    for action, words in WORDS.items():
        if ill is Ill.THROTTLED and action.startswith(READING):
            continue
        said = _failing(clouds_at(between.url, wanted, **_SOON_TIRED), between, action, ill)
        assert words in said, action
        assert ill.value in said, action
        assert "run the command again" in said, action
    between.weather = fair
    deployed(clouds_at(between.url, wanted))
    _same(url, wanted, undisturbed)


def test_answers_that_are_lost_for_good_begin_nothing_twice(url: str, between: Proxy, undisturbed: Portrait) -> None:
    wanted = environment()
    for action in ("CreateStack", "SetStackPolicy", "CreateStackSet", "CreateStackInstances", "UpdateStackInstances"):
        said = _failing(clouds_at(between.url, wanted, **_SOON_TIRED), between, action, Ill.LOST)
        assert "Connection was closed before we received a valid response" in said, action
    between.weather = fair
    deployed(clouds_at(between.url, wanted))
    _same(url, wanted, undisturbed)


def test_checks_that_nobody_answers_are_told_and_fail_nothing(url: str, between: Proxy, undisturbed: Portrait) -> None:
    wanted = environment()
    between.weather = lambda call: Ill.UNAVAILABLE if call.service in ("secretsmanager", "sns") else None
    result = deployed(clouds_at(between.url, wanted, **_SOON_TIRED))
    [secret] = [each for each in result.checks if each.about == "secret dr-calm-database"]
    assert "does not answer" in secret.problem
    assert not secret.failing
    _same(url, wanted, undisturbed)
