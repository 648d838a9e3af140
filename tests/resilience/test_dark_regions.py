"""A region that does not answer, before a deployment and in the middle of one: it is named, and the rest goes on."""

from __future__ import annotations

import time

import pytest

from generator.aws.clients import Patience
from generator.aws.deploy import Options, RefusedError
from generator.aws.events import OperationBegan, WaveBegan
from tests.resilience.portrait import Portrait, portrait
from tests.resilience.world import HOME, Deploying, clouds_at, deployed, environment, eventually, spoken
from twin.cloud.knobs import Knobs

FAR = "eu-west-1"
_QUICK = {"patience": Patience(1.0, 1.0, 2), "looking": Patience(1.0, 0.7, 1)}
MODES = ["hangs", "refuses"]


def _darken(knobs: Knobs, region: str, mode: str) -> None:
    knobs.darken(**{region.replace("-", "_"): mode})


@pytest.mark.parametrize("mode", MODES)
def test_without_the_stacksets_region_nothing_is_begun_and_the_error_says_so(url: str, knobs: Knobs, mode: str) -> None:
    wanted = environment()
    _darken(knobs, HOME, mode)
    began = time.monotonic()
    said = spoken(Deploying(clouds_at(url, wanted, **_QUICK)).end(30).error)
    assert HOME in said
    assert "is the region, or the way to it, down?" in said
    assert time.monotonic() - began < 20
    assert set(knobs.calls(account=wanted.accounts.workload)) == {"GetCallerIdentity"}  # asked, and never answered


@pytest.mark.parametrize("mode", MODES)
def test_an_origin_that_is_dark_from_the_start_stops_a_first_deployment_cleanly(
    url: str, knobs: Knobs, undisturbed: Portrait, mode: str
) -> None:
    wanted = environment()
    _darken(knobs, FAR, mode)
    said = spoken(Deploying(clouds_at(url, wanted, **_QUICK)).end(60).error)
    assert FAR in said
    knobs.darken()
    deployed(clouds_at(url, wanted))
    found = portrait(clouds_at(url, wanted))
    assert (found.stacks, found.stacksets, found.removals) == (undisturbed.stacks, undisturbed.stacksets, ())


@pytest.mark.parametrize("mode", MODES)
def test_a_region_that_goes_dark_in_the_middle_is_waited_for_and_the_next_deployment_goes_on(
    url: str, knobs: Knobs, undisturbed: Portrait, mode: str
) -> None:
    wanted = environment()
    held = f"dr-{wanted.suffix}-network"
    knobs.hold(stackset=held, account=wanted.accounts.workload)
    deploying = Deploying(clouds_at(url, wanted, **_QUICK))
    eventually(lambda: deploying.error or any(each.stackset == held for each in deploying.heard.of(OperationBegan)))
    assert deploying.running
    _darken(knobs, FAR, mode)
    knobs.release()
    waves = len(deploying.heard.of(WaveBegan))
    eventually(lambda: not deploying.running or knobs.calls(region=HOME).get("DescribeStackSetOperation", 0) > 20)
    assert len(deploying.heard.of(WaveBegan)) <= waves + 1
    if not deploying.running:
        assert FAR in spoken(deploying.error)
    deploying.halt.ask("it has been dark for long enough")
    deploying.end(30)
    spoken(deploying.error)
    knobs.darken()
    deployed(clouds_at(url, wanted))
    found = portrait(clouds_at(url, wanted))
    assert (found.stacks, found.stacksets, found.removals) == (undisturbed.stacks, undisturbed.stacksets, ())
    assert deployed(clouds_at(url, wanted)).changed == ()


def test_a_region_that_is_dark_later_is_refused_or_left_alone(url: str, knobs: Knobs) -> None:
    wanted = environment(regions=3)
    deployed(clouds_at(url, wanted))
    before = portrait(clouds_at(url, wanted))
    changed = wanted.model_copy(update={"storage": wanted.storage.model_copy(update={"noncurrent_days": 77})})
    dark = wanted.data_regions[2].name
    _darken(knobs, dark, "hangs")
    with pytest.raises(RefusedError, match=f"{dark} does not answer"):
        deployed(clouds_at(url, changed, **_QUICK))
    result = deployed(clouds_at(url, changed, **_QUICK), Options(allowed=frozenset({"--without-dark"})))
    assert result.seen.dark == (dark,)
    assert result.changed == ("dr-calm-storage",)
    knobs.darken()
    found = portrait(clouds_at(url, wanted))
    there = {name for name, stack in found.stacks.items() if stack != before.stacks[name]}
    assert there == {f"ACCOUNT {each.name} dr-SUFFIX-storage" for each in wanted.data_regions[:2]}
    assert deployed(clouds_at(url, changed)).changed == ("dr-calm-storage",)
    assert deployed(clouds_at(url, changed)).changed == ()
