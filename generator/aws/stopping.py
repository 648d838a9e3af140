"""Stopping what runs: every StackSet operation of an environment that has not ended.

A stopped operation begins no further region; stacks that are under way come to their end (CloudFormation API
Reference, ``StopStackSetOperation``). The next deployment goes on from there.
"""

from __future__ import annotations

from generator.aws import observe, stacksets
from generator.aws.access import call_as
from generator.aws.clients import Clouds
from generator.aws.control import Control, Operation, paces_of
from generator.config import Environment


def stop_all(environment: Environment, clouds: Clouds) -> tuple[Operation, ...]:
    """Stop every operation that runs or waits, and return those that were stopped. Raises CloudError."""
    account = clouds.check_account()
    control = Control(clouds, calling=call_as(clouds), paces=paces_of(clouds))
    seen = observe.seen(environment, clouds, account=account)
    running = [
        Operation(name, each.id, each.action, tuple(one.region for one in found.instances))
        for name, found in seen.stacksets.items()
        for each in found.operations
    ]
    return tuple(each for each in running if stacksets.stop(control, each))
