"""The part of the verdict that is about stacks: not there, not settled, drifted, or not as their StackSet has them."""

from __future__ import annotations

from collections.abc import Iterator

from generator.aws.status.placing import missing
from generator.aws.status.report import Finding, Report, Stack
from generator.config import Environment

AGAIN = "python -m generator deploy ENVIRONMENT"

_MOVING = "wait until it has ended; if nobody deploys, see the stack's events in the CloudFormation console"
_REVIEWED = "a change set that nobody carried out left it there: delete the stack, then deploy"


def stacks(environment: Environment, report: Report) -> Iterator[Finding]:
    """Yield what is wrong with the environment's stacks and StackSets."""
    for each in report.regions:
        gone = missing(environment, report, each.region)
        if gone:
            said = f"{len(gone)} of its stacks {'is' if len(gone) == 1 else 'are'} not there: {', '.join(gone)}"
            yield Finding(each.region, said, AGAIN)
        for stack in each.stacks or ():
            if not stack.settled:
                said = f"{stack.stackset} is {stack.status}: {stack.reason}".rstrip(": ")
                yield Finding(each.region, said, _hint(stack))
            if stack.drift == "DRIFTED":
                hint = "see what was changed by hand in the CloudFormation console; deploy does not undo drift"
                yield Finding(each.region, f"{stack.stackset} has drifted", hint)
    yield from _stacksets(environment, report)


def _hint(stack: Stack) -> str:
    if stack.failed:
        return AGAIN
    return _REVIEWED if stack.status == "REVIEW_IN_PROGRESS" else _MOVING


def _stacksets(environment: Environment, report: Report) -> Iterator[Finding]:
    if report.stacksets is None:
        return
    if not report.stacksets.names and any(each.stacks for each in report.regions):
        said = f"none of the environment's is in {environment.dns_region}, so nobody knows which stacks are current"
        yield Finding("StackSets", said, "set dns.region to the region that they were made in, and accounts to theirs")
    for instance in report.stacksets.instances:
        if instance.status != "CURRENT":
            said = f"{instance.stackset} is {instance.status}: {instance.reason}".rstrip(": ")
            yield Finding(instance.region, said, AGAIN)
    for busy in report.stacksets.busy:
        yield Finding("StackSets", f"{busy}", "wait until it has ended; deploy joins it")
