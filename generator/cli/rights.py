"""``rights``: which rights a command needs in which account, as a table to read or as policies to attach."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from generator.cli import environments, render
from generator.config import Environment
from generator.config.regions import REGIONS
from generator.errors import Exit, UsageError
from generator.policies.operator import Scope, documents
from generator.policies.operator_rights import COMMANDS


def rights(
    environment: environments.Argument = environments.DEFAULT,
    command: Annotated[str, typer.Option("--command", help=f"Only this command's: {', '.join(COMMANDS)}.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Write IAM policies, by command and account.")] = False,
) -> int:
    """Say which rights each command needs in which account."""
    if command and command not in COMMANDS:
        raise UsageError(f"no command {command!r}", hint=f"one of {', '.join(COMMANDS)}")
    scope = scope_of(environments.opened(environment))
    commands = (command,) if command else COMMANDS
    if as_json:
        render.document({each: _policies(scope, each) for each in commands})
        return Exit.FINE
    rows = [row for each in commands for row in _rows(scope, each)]
    render.table(("command", "account", "statement", "actions", "on"), rows)
    return Exit.FINE


def scope_of(environment: Environment) -> Scope:
    """Return what the rights of this environment are cut to."""
    return Scope(
        suffix=environment.suffix,
        administration=environment.accounts.administration,
        workload=environment.accounts.workload,
        home=environment.dns_region,
        regions=tuple(region.name for region in environment.all_regions),
        service_managed=environment.permission_model == "service-managed",
        access_role=environment.accounts.access_role,
        everywhere=tuple(REGIONS),
    )


def _policies(scope: Scope, command: str) -> dict[str, Any]:
    return {account: json.loads(each.to_json()) for account, each in documents(scope, command).items()}


def _rows(scope: Scope, command: str) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for account, policy in _policies(scope, command).items():
        for statement in policy["Statement"]:
            services: dict[str, list[str]] = {}
            for action in statement["Action"]:
                services.setdefault(action.split(":")[0], []).append(action.split(":")[1])
            said = "; ".join(f"{service}: {len(names)}" for service, names in services.items())
            if len(statement["Action"]) <= _SHOWN:
                said = ", ".join(statement["Action"])
            rows.append((command, account, statement["Sid"], said, _where(statement)))
    return rows


def _where(statement: dict[str, Any]) -> str:
    asked = statement.get("Condition", {}).get("StringEquals", {}).get("aws:RequestedRegion", [])
    regions = ", ".join(asked if isinstance(asked, list) else [asked])
    return ", ".join(statement["Resource"]) + (f", asked in {regions}" if regions else "")


_SHOWN = 3
"""Actions that a cell of the table holds; of more it gives the number, and ``--json`` names them all."""
