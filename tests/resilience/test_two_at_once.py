"""Two deployments of one environment at once, from two processes: one goes, the other is refused, waits, or follows."""

from __future__ import annotations

import threading
from pathlib import Path

from generator.aws.deploy import Options
from generator.aws.events import OperationBegan, Said
from generator.config import Environment
from tests.resilience.lives import Doom, End, live
from tests.resilience.portrait import Portrait, portrait
from tests.resilience.world import Deploying, clouds_at, deployed, environment, eventually, spoken
from twin.cloud.knobs import Knobs

NEVER = Doom(call=10**9)


class _Process:
    """A deployment in a process of its own."""

    def __init__(self, url: str, wanted: Environment, folder: str, *, wait: bool = False) -> None:
        self.end: End | None = None
        self._thread = threading.Thread(target=self._run, args=(url, wanted, folder, wait), daemon=True)
        self._thread.start()

    def _run(self, url: str, wanted: Environment, folder: str, wait: bool) -> None:
        self.end = live(url, wanted, NEVER, folder, wait=wait)

    def ended(self) -> End:
        self._thread.join(90)
        assert self.end is not None
        return self.end


def test_the_second_process_is_refused_with_who_and_since_when(url: str, knobs: Knobs, tmp_path: Path) -> None:
    wanted = environment()
    knobs.hold(stackset="dr-calm-network", account=wanted.accounts.workload)
    first = Deploying(clouds_at(url, wanted))
    eventually(lambda: any(each.stackset == "dr-calm-network" for each in first.heard.of(OperationBegan)))
    said = _Process(url, wanted, str(tmp_path)).ended().said
    assert said.startswith("HeldError: this environment is being deployed by process ")
    assert "since 20" in said
    knobs.release()
    first.fine()


def test_with_wait_the_second_process_goes_on_when_the_first_has_ended(
    url: str, knobs: Knobs, tmp_path: Path, undisturbed: Portrait
) -> None:
    wanted = environment()
    knobs.hold(stackset="dr-calm-network", account=wanted.accounts.workload)
    first = Deploying(clouds_at(url, wanted))
    eventually(lambda: any(each.stackset == "dr-calm-network" for each in first.heard.of(OperationBegan)))
    second = Deploying(clouds_at(url, wanted), Options(wait=True))
    third = _Process(url, wanted, str(tmp_path), wait=True)
    eventually(lambda: any("waiting" in each.text for each in second.heard.of(Said)))
    knobs.release()
    first.fine()
    assert second.fine().changed == ()
    assert third.ended() == End(False)
    assert portrait(clouds_at(url, wanted)) == undisturbed


def test_four_first_deployments_at_once_make_one_environment(
    url: str, knobs: Knobs, tmp_path: Path, undisturbed: Portrait
) -> None:
    wanted = environment()
    ends = [each.ended() for each in [_Process(url, wanted, str(tmp_path)) for _ in range(4)]]
    assert all(not each.said or each.said.startswith(("HeldError", "MovedError")) for each in ends), ends
    deployed(clouds_at(url, wanted))
    assert portrait(clouds_at(url, wanted)) == undisturbed


def test_a_lease_of_a_killed_process_holds_nobody_up(url: str, tmp_path: Path, undisturbed: Portrait) -> None:
    wanted = environment()
    end = live(url, wanted, Doom(call=3), str(tmp_path))
    assert end.killed
    again = Deploying(clouds_at(url, wanted)).end(60)
    if again.error is not None:
        raise AssertionError(spoken(again.error))
    assert portrait(clouds_at(url, wanted)) == undisturbed
