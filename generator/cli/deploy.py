"""``deploy``: an environment brought to what its file says, in AWS or in the local cloud."""

from __future__ import annotations

import json as jsons
import shlex
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.cli import environments, render
from generator.cli.clouds import Json, Local, Name, clouds, command, variables
from generator.errors import Exit

if TYPE_CHECKING:
    from generator.aws.clients import Clouds
    from generator.aws.deploy import Result

ReplaceData = Annotated[
    bool, typer.Option("--replace-data", help="Allow what replaces or removes a resource that holds data.")
]
MajorUpgrade = Annotated[bool, typer.Option("--major-upgrade", help="Allow another major version of the engine.")]
ChangeHealthChecks = Annotated[
    bool, typer.Option("--change-health-checks", help="Allow new health checks while the active region is not home.")
]
WithoutDark = Annotated[bool, typer.Option("--without-dark", help="Go on without regions that do not answer.")]
RemoveRegion = Annotated[
    list[str] | None, typer.Option("--remove-region", metavar="REGION", help="Allow this region to be given up.")
]


def allowed(
    *,
    replace_data: bool,
    major_upgrade: bool,
    change_health_checks: bool,
    without_dark: bool,
    remove_region: list[str] | None,
) -> frozenset[str]:
    """Return the flags that were given, as refusals name them."""
    given = {
        "--replace-data": replace_data,
        "--major-upgrade": major_upgrade,
        "--change-health-checks": change_health_checks,
        "--without-dark": without_dark,
    }
    regions = (f"--remove-region {region}" for region in remove_region or ())
    return frozenset({*(flag for flag, on in given.items() if on), *regions})


def deploy(  # noqa: PLR0913 - one for each option
    environment: environments.Argument = environments.DEFAULT,
    *,
    local: Local = False,
    name: Name = "default",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and change nothing.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait while someone else deploys, instead of giving up.")
    ] = False,
    as_json: Json = False,
    replace_data: ReplaceData = False,
    major_upgrade: MajorUpgrade = False,
    change_health_checks: ChangeHealthChecks = False,
    without_dark: WithoutDark = False,
    remove_region: RemoveRegion = None,
) -> int:
    """Deploy an environment; again changes nothing, and goes on where something stopped."""
    from generator.aws import deploy as deploying
    from generator.cli import progress
    from generator.cli.plan import shown as show_plan

    opened = environments.opened(environment)
    flags = allowed(
        replace_data=replace_data,
        major_upgrade=major_upgrade,
        change_health_checks=change_health_checks,
        without_dark=without_dark,
        remove_region=remove_region,
    )
    chosen = clouds(opened, local=local, name=name, start=not dry_run)
    if dry_run:
        return show_plan(opened, chosen, allowed=flags, as_json=as_json)
    options = deploying.Options(
        allowed=flags,
        wait=wait,
        watch=progress.moving(as_json=as_json),
        again=command("deploy", environment, local=local, name=name),
        stop=command("stop", environment, local=local, name=name),
    )
    with terminable(), progress.shown(as_json=as_json) as sink:
        result = deploying.deploy(opened, chosen, sink, options)
    if local:
        _confirm(chosen)
    if as_json:
        render.data(jsons.dumps({"event": "deployed", **told(result, chosen)}, ensure_ascii=False) + "\n")
    else:
        _say(result, chosen)
    return ended(result)


def _confirm(chosen: Clouds) -> None:
    """Confirm the subscriptions by e-mail as people would: in a local cloud nobody gets the message."""
    from twin.cloud.knobs import Knobs

    if chosen.local is not None:
        Knobs(chosen.local.endpoint).ask("PUT", "people", {"confirm": True})


def ended(result: Result) -> Exit:
    """Return the exit code: FINDINGS when a region was passed over, since it is not as the file says."""
    return Exit.FINDINGS if result.seen.dark else Exit.FINE


def told(result: Result, chosen: Clouds) -> dict[str, Any]:
    """Return what came of it as plain data."""
    return {
        "changed": list(result.changed),
        "seconds": round(result.seconds, 3),
        "active": result.seen.database.active,
        "dark": list(result.seen.dark),
        "name_servers": list(result.name_servers),
        "writer_endpoint": result.seen.database.endpoint,
        "variables": variables(chosen),
    }


def _say(result: Result, chosen: Clouds) -> None:
    from generator.cli.picture import picture

    render.data(picture(result.environment, result.seen))
    if result.seen.database.endpoint:
        render.say(f"the global writer endpoint is {result.seen.database.endpoint} (trap 83)")
    if result.name_servers:
        domain = result.environment.dns.domain
        render.say(f"delegate {domain} from its parent domain to: {', '.join(result.name_servers)}")
    if "bootstrap" in result.changed:
        render.say("alarms of a new environment may ring until its first proofs have come in: a few minutes")
    for key, value in variables(chosen).items():
        render.data(f"export {key}={shlex.quote(value)}\n")
    word = f"{len(result.changed)} works changed something" if result.changed else "nothing was changed"
    render.say(f"{result.environment.suffix}: {word}, {result.seconds:.0f} s", "" if result.seen.dark else "fine")
    if result.seen.dark:
        render.say(f"{', '.join(result.seen.dark)} was passed over: deploy again when it answers", "warning")


@contextmanager
def terminable() -> Iterator[None]:
    """Have SIGTERM do what Ctrl-C does, so that a stopped service stops a deployment in the same orderly way."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
