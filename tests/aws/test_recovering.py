"""A recovery is started once and followed to its end whatever happens to the calls of whoever started it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest
from botocore.retries.bucket import TokenBucket

from generator.aws.clients import Clouds, Keys
from generator.aws.deploy import deploy
from generator.aws.events import Said, silent
from generator.aws.recovering import PATIENCE, Request, Target, holder, start
from generator.aws.recovering_assessment import active_region, assess
from generator.aws.recovering_events import RecoveryMoved
from generator.aws.recovering_progress import follow
from generator.config import Environment
from generator.config.parts import Accounts
from generator.errors import CloudError
from tests.aws.deploy_world import Heard, clouds_of, environment
from tests.aws.recover_world import A, Answers, B, decision, executions
from tests.resilience.proxy import Call, Each, Ill, Proxy, fair, proxy
from twin.cloud.knobs import Knobs
from twin.cloud.process import Running


@pytest.fixture(scope="module")
def made() -> Environment:
    return environment("weather")


@pytest.fixture(scope="module")
def clouds(shared_cloud: Running, made: Environment) -> Iterator[Clouds]:
    clouds = clouds_of(shared_cloud, made)
    deploy(made, clouds, silent)
    yield clouds


@pytest.fixture
def answers(shared_cloud: Running, made: Environment) -> Answers:
    found = Answers(Knobs(shared_cloud.url), made.suffix, B)
    found.well("failover")
    return found


@pytest.fixture
def before(shared_cloud: Running) -> Iterator[Proxy]:
    with proxy(shared_cloud.url) as running:
        yield running


def through(proxied: Proxy, made: Environment) -> Target:
    return Target(Clouds(made, local=Keys(proxied.url)), B)


REQUEST = Request("failover", B, "Ada", "why")


@pytest.mark.parametrize("ill", [Ill.THROTTLED, Ill.BROKEN, Ill.UNAVAILABLE, Ill.DROPPED, Ill.LOST])
def test_calls_that_fail_once_start_one_recovery_and_follow_it_to_its_end(
    before: Proxy, made: Environment, clouds: Clouds, answers: Answers, ill: Ill
) -> None:
    started = len(executions(clouds, B))
    before.weather = Each(ill)
    target = through(before, made)
    assert holder(target) is None
    ended = follow(target, start(target, REQUEST), silent)
    assert ended.well, ended
    assert len(executions(clouds, B)) == started + 1


def test_a_region_that_throttles_for_a_while_holds_a_recovery_up_and_does_not_stop_it(
    before: Proxy, made: Environment, clouds: Clouds, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody calls at once on the day. More often than botocore tries."""
    monkeypatch.setattr("generator.aws.looking.PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(TokenBucket.__init__, "__defaults__", (50.0,))  # botocore would send one call in two seconds
    throttled: Counter[str] = Counter()

    def at_first(call: Call) -> Ill | None:
        throttled[call.action] += 1
        return Ill.THROTTLED if throttled[call.action] <= PATIENCE.tries + 1 else None

    started = len(executions(clouds, B))
    before.weather = at_first
    target = through(before, made)
    assert holder(target) is None
    assert follow(target, start(target, REQUEST), silent).well
    assert len(executions(clouds, B)) == started + 1
    assert throttled["StartExecution"] > PATIENCE.tries


def test_a_region_that_goes_on_throttling_is_not_waited_for_for_ever(
    before: Proxy, made: Environment, clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.aws.looking.UNHURRIED_SECONDS", 0.1)
    before.weather = lambda _: Ill.THROTTLED
    with pytest.raises(CloudError, match="reading the lease") as refused:
        holder(through(before, made))
    assert "less often" in refused.value.hint


def test_silence_in_the_middle_is_told_once_and_waited_for(
    before: Proxy, made: Environment, answers: Answers, clouds: Clouds
) -> None:
    target, heard = through(before, made), Heard()
    execution = start(target, REQUEST)
    looks = 0

    def silent_for_two_looks(_: Call) -> Ill | None:
        nonlocal looks
        looks += 1
        return Ill.DROPPED if looks <= 6 else None

    before.weather = silent_for_two_looks
    assert follow(target, execution, heard, pause=lambda _: None).well
    assert [each.level for each in heard.of(Said)] == ["warning"]
    assert [each.step for each in heard.of(RecoveryMoved)][-1] == "tell", (
        "what was done in the silence is told after it"
    )


def test_silence_that_lasts_is_given_up_and_a_refusal_at_once(
    before: Proxy, made: Environment, answers: Answers
) -> None:
    target = through(before, made)
    execution = start(target, REQUEST)
    before.weather = lambda _: Ill.DROPPED
    now = iter(range(0, 10_000, 400))
    with pytest.raises(CloudError):
        follow(target, execution, silent, pause=lambda _: None, clock=lambda: float(next(now)))
    before.weather = fair
    with pytest.raises(CloudError, match="there is no execution"):
        follow(target, target.execution("nobody"), silent)


def test_credentials_are_not_asked_about_for_longer_than_seconds(before: Proxy, made: Environment) -> None:
    before.weather = lambda call: Ill.SILENT if call.service == "sts" else None
    begun = time.monotonic()
    assert f"STS in {B} does not say" in through(before, made).check_account()
    assert time.monotonic() - begun < 8


def test_credentials_of_the_workload_account_itself_need_no_role(shared_cloud: Running, made: Environment) -> None:
    accounts = Accounts(workload=made.accounts.workload, administration="444455556666", access_role="deploy")
    two = made.model_copy(update={"accounts": accounts})
    env = {"AWS_ENDPOINT_URL": shared_cloud.url, "AWS_ACCESS_KEY_ID": made.accounts.workload,
           "AWS_SECRET_ACCESS_KEY": "local"}  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        target = Target(Clouds(two), B)
        assert target.check_account() == ""
        assert holder(target) is None


def test_the_active_region_is_known_as_long_as_one_region_answers(
    shared_cloud: Running, clouds: Clouds, answers: Answers
) -> None:
    targets = {region: Target(clouds, region) for region in (A, B)}
    answers.say("assess", decision("switchover", B))
    assert active_region(targets, Request("switchover", "", "Ada", "why")) == A
    answers.say("assess", {"errorMessage": "broken"})
    assert active_region({B: targets[B]}, Request("switchover", "", "Ada", "why")) == A, "its own RDS says so"


def test_what_is_decided_here_is_what_the_facts_of_the_target_say(clouds: Clouds, answers: Answers) -> None:
    answers.say("assess", {"errorMessage": "broken"})
    found = assess(Target(clouds, B), REQUEST)
    assert not found.accepted and found.acceptable and found.active == A
    accepted = assess(Target(clouds, B), Request("failover", B, "Ada", "why", accept_data_loss=True))
    assert accepted.accepted and [each.name for each in accepted.steps][:3] == ["lease", "fence", "promote"]
