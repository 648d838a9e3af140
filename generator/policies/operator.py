"""What a person or a pipeline may do to deploy an environment: the policies of each command, for each account.

The rows are :mod:`generator.policies.operator_rights`'; here they are cut to one environment. ``python -m generator
rights`` prints them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from awacs.aws import (
    Action,
    Allow,
    Condition,
    ConditionElement,
    ForAnyValueStringEquals,
    PolicyDocument,
    Statement,
    StringEquals,
    StringLike,
)

from generator.policies.operator_rights import ADMINISTRATION, COMMANDS, RIGHTS, WORKLOAD, Right


@dataclass(frozen=True)
class Scope:
    """What the rights of one environment are cut to.

    administration, workload: account ids. home: the region of the StackSets. regions: all of them. service_managed:
    whether the organization makes the roles. access_role: the role's name in the workload account, if there is one.
    everywhere: all regions of AWS, for what may be in one that the environment has no longer.
    """

    suffix: str
    administration: str
    workload: str
    home: str
    regions: tuple[str, ...]
    service_managed: bool = False
    access_role: str | None = None
    everywhere: tuple[str, ...] = ()

    @property
    def two_accounts(self) -> bool:
        """Tell whether the stacks live in another account than the StackSets."""
        return self.administration != self.workload


def rights(scope: Scope, command: str, account: str) -> Iterator[Right]:
    """Yield the rows of the command in that account (``administration`` or ``workload``) that the scope needs."""
    for each in RIGHTS:
        if each.account == account and command in each.commands and _needed(each, scope):
            yield each


def _needed(right: Right, scope: Scope) -> bool:
    return {
        "": True,
        "self-managed": not scope.service_managed,
        "service-managed": scope.service_managed,
        "two accounts": scope.two_accounts,
    }[right.when]


def documents(scope: Scope, command: str) -> dict[str, PolicyDocument]:
    """Return the command's policy for each account, by the account's id; raises KeyError for no such command."""
    if command not in COMMANDS:
        raise KeyError(command)
    found: dict[str, dict[str, Statement]] = {}
    for account, identity in ((ADMINISTRATION, scope.administration), (WORKLOAD, scope.workload)):
        statements = found.setdefault(identity, {})
        for each in rights(scope, command, account):
            made = _statement(each, scope, identity)
            if statements.get(each.sid, made).to_json() != made.to_json():
                raise ValueError(f"{each.sid} says two things in one account")
            statements[each.sid] = made
    return {
        identity: PolicyDocument(Version="2012-10-17", Statement=list(statements.values()))
        for identity, statements in found.items()
    }


def _statement(right: Right, scope: Scope, account: str) -> Statement:
    resources = [_filled(each, scope, account) for each in right.resources]
    return Statement(
        Sid=right.sid,
        Effect=Allow,
        Action=[Action(*each.split(":")) for each in sorted(set(right.actions))],
        Resource=resources,
        **_conditions(right, scope, account),
    )


def _filled(pattern: str, scope: Scope, account: str) -> str:
    """Return the pattern without holes. A delegated administrator's StackSets belong to the management account.

    CloudFormation guide, "Register a delegated administrator": they are created in the management account.
    """
    return pattern.format(
        suffix=scope.suffix,
        administration=scope.administration,
        workload=scope.workload,
        account=account,
        home=scope.home,
        owner="*" if scope.service_managed else scope.administration,
        access=scope.access_role or "",
    )


def _conditions(right: Right, scope: Scope, account: str) -> dict[str, Condition]:
    found: list[ConditionElement] = []
    if right.within:
        regions = {
            "home": [scope.home],
            "regions": sorted({scope.home, *scope.regions}),
            "metrics": sorted({"us-east-1", *scope.regions}),
            "everywhere": sorted({scope.home, *scope.regions, *scope.everywhere}),
        }.get(right.within, [right.within])
        found.append(StringEquals("aws:RequestedRegion", regions))
    for key, value in right.condition:
        wanted = _filled(value, scope, account)
        kind = ForAnyValueStringEquals if key == "kms:ResourceAliases" else StringLike
        found.append(kind(key, wanted))
    return {"Condition": Condition(found)} if found else {}
