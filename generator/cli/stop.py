"""``stop``: what runs in the cloud for an environment is named, and stopped."""

from __future__ import annotations

from generator.cli import environments, render
from generator.cli.clouds import Json, Local, Name, clouds, command
from generator.errors import Exit


def stop(
    environment: environments.Argument = environments.DEFAULT,
    *,
    local: Local = False,
    name: Name = "default",
    as_json: Json = False,
) -> int:
    """Stop the StackSet operations that run for an environment; stacks that are under way end by themselves."""
    from generator.aws.stopping import stop_all

    opened = environments.opened(environment)
    stopped = stop_all(opened, clouds(opened, local=local, name=name))
    if as_json:
        render.document([{"stackset": each.stackset, "id": each.id, "action": each.action} for each in stopped])
        return Exit.FINE
    for each in stopped:
        render.say(f"stopped {each.action} of {each.stackset} ({each.id})")
    if not stopped:
        render.say(f"{opened.suffix}: no operation is running", "fine")
        return Exit.FINE
    render.say(f"go on with: {command('deploy', environment, local=local, name=name)}", "hint")
    return Exit.FINE
