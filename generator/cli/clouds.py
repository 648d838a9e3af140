"""The options by which a command chooses its cloud: AWS, or the local one by its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from generator.config import Environment
from generator.errors import UsageError

if TYPE_CHECKING:
    from generator.aws.clients import Clouds

Local = Annotated[bool, typer.Option("--local", help="Use the local cloud: no AWS account, nothing to pay.")]
Name = Annotated[str, typer.Option("--name", help="With --local: which one; several can run side by side.")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON.")]


def clouds(environment: Environment, *, local: bool, name: str = "default", start: bool = False) -> Clouds:
    """Return the chosen cloud's clients. ``start``: start the local cloud when it does not run.

    Raises UsageError when it does not run and is not to be started.
    """
    from generator.aws.clients import Clouds, Keys

    if not local:
        return Clouds(environment)
    from twin.cloud import organization, process

    options = process.Options(
        account=environment.accounts.workload,
        region=environment.dns_region,
        organization=organization.belonging(environment),
    )
    state = process.up(name, options) if start else process.status(name)
    if state.running is None:
        raise UsageError(
            f"no local cloud {name} is running",
            hint="deploy --local starts one; so does: python -m generator cloud up",
        )
    return Clouds(environment, local=Keys(state.running.url))


def variables(clouds: Clouds) -> dict[str, str]:
    """Return what points any AWS client at the same cloud; nothing for AWS itself."""
    if clouds.local is None:
        return {}
    from twin.cloud.launch import Options, environment

    chosen = Options(account=clouds.environment.accounts.workload, region=clouds.environment.dns_region)
    return dict(environment(clouds.local.endpoint, chosen))


def command(verb: str, path: Path, *, local: bool, name: str = "default") -> str:
    """Return the command as it would be typed, for hints."""
    parts = ["python -m generator", verb, str(path)]
    if local:
        parts.append("--local")
        if name != "default":
            parts.append(f"--name {name}")
    return " ".join(parts)
