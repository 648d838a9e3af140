"""Perils of accounts, regions and stacks: the wrong account, the wrong home, a region given up, one that is dark."""

from __future__ import annotations

from collections.abc import Iterator

from generator.plan import recorded
from generator.plan.keeping import outliving
from generator.plan.leftovers import ours
from generator.plan.model import Refusal
from generator.plan.perils.case import Case
from generator.plan.states import DELETE_FAILED, INOPERABLE, STUCK, dark, hanging, seen_instance

WITHOUT_DARK = "--without-dark"


def another_account(case: Case) -> Iterator[Refusal]:
    """Refuse credentials that belong to another account than the file's (fault 46)."""
    wanted, found = case.environment.accounts.administration, case.seen.account
    if found and found != wanted:
        yield Refusal(
            "",
            f"the credentials belong to account {found}, and the environment's StackSets to account {wanted}",
            "use the profile of that account, or correct accounts.administration",
        )


def management_account(case: Case) -> Iterator[Refusal]:
    """Refuse what AWS would leave out without a word.

    CloudFormation User Guide, "Create CloudFormation StackSets with service-managed permissions", Considerations: no
    stacks are deployed to the management account, even when it belongs to a targeted unit.
    """
    accounts = case.environment.accounts
    if case.environment.permission_model == "service-managed" and case.seen.management == accounts.workload:
        yield Refusal(
            "79",
            f"account {accounts.workload} is the organization's management account: service-managed StackSets deploy"
            " nothing there",
            "take a member account for accounts.workload, or permission_model: self-managed",
        )


def another_permission_model(case: Case) -> Iterator[Refusal]:
    """Refuse to go on with StackSets that were made under the other permission model; it can't be changed."""
    wanted = case.environment.permission_model.upper().replace("-", "_")
    ours = {each.stackset for each in (*case.placed.instances, *case.leftovers)}
    others = sorted(
        each.name for each in case.seen.stacksets.values() if each.name in ours and each.permission_model != wanted
    )
    if others:
        yield Refusal(
            "",
            f"{others[0]} was created {case.seen.stacksets[others[0]].permission_model}, and the file says"
            f" {case.environment.permission_model}" + (f" ({len(others)} such StackSets)" if len(others) > 1 else ""),
            "put permission_model back; a StackSet keeps the model that it was created with",
        )


def another_home(case: Case) -> Iterator[Refusal]:
    """Refuse to build everything again in another region than the one that the StackSets live in (trap 44)."""
    home = case.environment.dns_region
    recorded_home = sorted(
        {
            each.stack.parameters["DnsRegion"]
            for stackset in ours(case.environment, case.seen)
            for each in stackset.instances
            if each.stack and "DnsRegion" in each.stack.parameters
        }
        - {home}
    )
    if recorded_home:
        yield Refusal(
            "44",
            f"the StackSets of {case.environment.suffix} live in {recorded_home[0]}, and the file says {home}",
            f"set dns.region: {recorded_home[0]}; the home of an environment does not move",
        )
    elif case.seen.database.exists and not any(ours(case.environment, case.seen)):
        yield Refusal(
            "44",
            f"the global cluster of {case.environment.suffix} is there, but no StackSet of it in {home}",
            "was dns.region changed, or the origin exchanged with a standby without it? set dns.region to the region"
            " that the StackSets were made in",
        )


def origin_given_up(case: Case) -> Iterator[Refusal]:
    """Refuse a file without the region where the global cluster's stack and the secret are."""
    origin = recorded.origin(case.environment, case.seen)
    if origin not in {region.name for region in case.environment.data_regions}:
        yield Refusal(
            "76",
            f"{origin} is where the environment was born, and the file no longer has it as a data region",
            "put it back: the global cluster's stack and the secret live there, also when another region is active",
        )


def region_given_up(case: Case) -> Iterator[Refusal]:
    """Refuse to remove a region: the active one at all, others without being told so (fault 43)."""
    staying = {region.name for region in case.environment.all_regions}
    given_up = dict.fromkeys(
        each.region
        for each in case.leftovers
        if each.region and (each.region not in staying or each.stack in ("database", "storage"))
    )
    for region in given_up:
        if region == case.seen.database.active:
            yield Refusal(
                "14",
                f"{region} is active, and the file gives it up",
                "switch over to another region first, or put the region back into the file",
            )
        else:
            kept_back = "those that hold data, and a cluster's network, stay there without their StackSet"
            yield Refusal(
                "14",
                f"{region} is given up: its stacks are deleted"
                + (" and their data with them" if case.environment.disposable else f"; {kept_back}"),
                f"allow it with --remove-region {region}",
                f"--remove-region {region}",
            )


def dark_region(case: Case) -> Iterator[Refusal]:
    """Refuse to pass over a region in silence: what does not answer is left as it is."""
    places = {each.region for each in case.placed.instances if dark(case.seen, each)}
    for region in sorted(places):
        yield Refusal(
            "",
            f"{region} does not answer: its stacks would be left as they are, and the others go on without it",
            f"wait for it, or allow it with {WITHOUT_DARK} and deploy again when it is back",
            WITHOUT_DARK,
        )


def operation_in_the_dark(case: Case) -> Iterator[Refusal]:
    """Refuse to pass over, in silence, a StackSet that only a dark region keeps busy: others of it wait as well."""
    for name in dict.fromkeys(each.stackset for each in case.placed.instances):
        stackset = case.seen.stacksets.get(name)
        silent = hanging(case.seen, stackset) if stackset else ()
        if silent:
            yield Refusal(
                "",
                f"an operation of {name} has not ended in {', '.join(silent)}: what is to change in its other regions"
                " would be left too",
                f"wait for it, or allow it with {WITHOUT_DARK} and deploy again when it is back",
                WITHOUT_DARK,
            )


def stuck_stack(case: Case) -> Iterator[Refusal]:
    """Refuse to go on over a stack that only a person can free."""
    for each in case.placed.instances:
        stack, listed = case.seen.stack_of(each), seen_instance(case.seen, each)
        if stack is None:
            continue
        if stack.status == STUCK:
            yield Refusal(
                "",
                f"{stack.name} in {each.region} is {STUCK}" + (f": {stack.reason}" if stack.reason else ""),
                f"aws cloudformation continue-update-rollback --region {each.region} --stack-name {stack.name}",
            )
        failed = stack.status == DELETE_FAILED or (listed is not None and listed.status == INOPERABLE)
        if failed and each.stack in outliving(case.environment):
            yield Refusal(
                "48",
                f"{stack.name} in {each.region} holds data, or a cluster, and somebody began to delete it",
                "finish with destroy, or delete the stack by hand, keeping what it could not delete",
            )


CHECKS = (
    another_account,
    management_account,
    another_permission_model,
    another_home,
    origin_given_up,
    region_given_up,
    dark_region,
    operation_in_the_dark,
    stuck_stack,
)
