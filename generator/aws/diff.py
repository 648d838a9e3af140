"""What is deployed, read, and set beside what is wanted: nothing is changed, and nothing is uploaded."""

from __future__ import annotations

from generator.aws import observe
from generator.aws.clients import Clouds
from generator.aws.uploads import Packages
from generator.aws.works import Library
from generator.config import Environment
from generator.plan.differences import Differences, differences
from generator.plan.wanted import Facts


def diff(environment: Environment, clouds: Clouds) -> Differences:
    """Return what differs between what is deployed and what the environment file asks for.

    The functions' packages are built, since their keys name what is in them. Raises CloudError when the region of
    the StackSets does not answer, or a call is refused; UsageError when a package can't be built.
    """
    packages = Packages()
    try:
        seen = observe.seen(environment, clouds)
        lists = observe.prefix_lists(environment, clouds, seen)
        facts = Facts(environment, seen, packages.keys, lists)
        return differences(facts, Library(environment, packages).templates)
    finally:
        packages.close()
