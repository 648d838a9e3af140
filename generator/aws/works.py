"""One work of a plan: whether it has anything to do, and doing it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from generator import naming
from generator.aws import observe, policies
from generator.aws.control import Control
from generator.aws.events import Said
from generator.aws.faults import DeployError
from generator.aws.perform import carry_out
from generator.aws.uploads import Packages, put
from generator.build import document
from generator.catalog import stack
from generator.config import Environment
from generator.placement import Instance
from generator.plan.actions import actions
from generator.plan.model import (
    Action,
    CreateStack,
    CreateStackSet,
    DeleteStackSet,
    Kind,
    Seen,
    SeenStackSet,
    UpdateStack,
    UpdateStackSet,
    Value,
    Wait,
    Work,
)
from generator.plan.states import made
from generator.plan.wanted import Facts, wanted

_LOOKS = 20
"""How often a work looks again after waiting for others, before it gives up."""


@dataclass
class Library:
    """What is deployed: the templates of the environment and the functions' packages."""

    environment: Environment
    packages: Packages = field(default_factory=Packages)

    def template(self, name: str) -> str:
        """Return the template of a stack of the catalogue."""
        return document(stack(name), self.environment.shape)

    @cached_property
    def templates(self) -> Mapping[str, str]:
        """Return every template by the catalogue's name, those that are not in use too."""
        from generator.catalog import NAMES

        return {name: self.template(name) for name in NAMES}


@dataclass(frozen=True)
class Sent:
    """What a work changed, so that only that is looked at again.

    stacksets: as they were sent, their instances still to be listed. whole: StackSets to be described. templates: of
    plain stacks. places: whose stacks may have changed.
    """

    stacksets: tuple[SeenStackSet, ...] = ()
    whole: tuple[str, ...] = ()
    templates: Mapping[tuple[str, str], str] = field(default_factory=dict)
    places: tuple[Instance, ...] = ()


def values(facts: Facts, work: Work) -> dict[Instance, dict[str, Value]]:
    """Return every parameter of each place with its value, as far as it is known; none for a removal."""
    return {} if work.remove else {each: wanted(facts, each, final=work.final) for each in work.places}


def missing(work: Work, found: Mapping[Instance, Mapping[str, Value]]) -> str:
    """Return which value is not known, in words: what it is for, and where it should come from; empty if all are."""
    for place, parameters in found.items():
        for name, value in parameters.items():
            if value.text is None:
                return f"{work.stack} in {place.region} needs {name}: {value.origin.text} is missing"
    return ""


def to_do(facts: Facts, library: Library, work: Work) -> tuple[Action, ...]:
    """Return what the work would do now. Raises DeployError when an output that it needs is not there."""
    found = values(facts, work)
    lacking = missing(work, found)
    if lacking:
        raise DeployError(
            lacking,
            hint="was the stack changed by hand, or is it of an older version? look at its outputs, then deploy again",
        )
    texts = {place: {name: str(each.text) for name, each in given.items()} for place, given in found.items()}
    template = "" if work.remove else library.template(work.stack)
    return actions(facts.environment, work, texts, template, facts.seen)


def carry(facts: Facts, library: Library, work: Work, control: Control, *, lift: bool) -> Sent:
    """Carry the work out and return what it changed; what others began is waited for, and looked at again.

    lift: whether what is protected may be replaced (``--replace-data``). Raises DeployError and HaltedError.
    """
    environment, waited = facts.environment, False
    for _ in range(_LOOKS):
        doing = to_do(facts, library, work)
        if not any(isinstance(each, Wait) for each in doing):
            break
        waited = True
        carry_out(doing, control)
        places = {(each.account, each.region) for each in work.places if each.region}
        whole = [work.name] if work.kind is Kind.STACKSET else []
        seen = observe.again(
            environment, control.clouds, facts.seen, whole=whole, places=places, calling=control.calling
        )
        answering(facts.seen, seen)
        facts = replace(facts, seen=seen)
    else:
        raise DeployError(f"{work.name}: others keep changing it", hint="find out who, then deploy again")
    with policies.lifted(control, work.places if lift and doing else (), facts.seen):
        carry_out(doing, control, ordered=work.ordered)
    return sent(facts, work, doing, waited=waited)


class DarkenedError(DeployError):
    """A region turned dark on the way: the plan was made from what it said, and does not hold any more."""


def answering(before: Seen, now: Seen) -> None:
    """Raise DarkenedError when a region answered before and does not now.

    Whoever went on would leave it as it is and call that a success.
    """
    lost = [each for each in now.dark if each not in before.dark]
    if lost:
        raise DarkenedError(
            f"{', '.join(lost)} answered before and does not any more",
            hint="deploy again when it answers; or without it: --without-dark",
        )


def sent(facts: Facts, work: Work, doing: Iterable[Action], *, waited: bool = False) -> Sent:
    """Return what these actions changed."""
    done = tuple(doing)
    if not done and not waited:
        return Sent()
    environment = facts.environment
    plain = {(each.account, each.name): each.template for each in done if isinstance(each, CreateStack | UpdateStack)}
    if work.kind is Kind.PLAIN:
        return Sent(templates=plain, places=work.places)
    before = facts.seen.stacksets.get(work.name)
    for each in done:
        if isinstance(each, CreateStackSet | UpdateStackSet):
            before = replace(
                before or SeenStackSet(each.name, each.template, permission_model=_model(environment)),
                template=each.template,
                parameters=dict(each.parameters),
                tags=naming.tags(environment.suffix, dict(environment.tags)),
                operations=(),
            )
    if before is None or any(isinstance(each, DeleteStackSet) for each in done):
        return Sent(whole=(work.name,), places=work.places)
    return Sent(stacksets=(replace(before, operations=()),), places=work.places)


def _model(environment: Environment) -> str:
    return environment.permission_model.upper().replace("-", "_")


def upload(facts: Facts, library: Library, work: Work, control: Control) -> int:
    """Upload the packages that the region's stacks don't run yet; return how many were uploaded."""
    keys = to_upload(facts, library, work)
    if not keys:
        return 0
    bucket, account = code_bucket(facts, work), facts.environment.accounts.workload
    count = 0
    for package in library.packages.built:
        if package.file.name in keys:
            control.halt.check()
            body = package.file.read_bytes()
            count += put(control.clouds, work.region, account, bucket, package.file.name, body, control.sink)
    control.sink(Said(f"packages in {work.region}: {count} uploaded, {len(keys) - count} were there"))
    return count


def to_upload(facts: Facts, library: Library, work: Work) -> frozenset[str]:
    """Return the keys of the packages that no stack of the region was deployed with.

    What a stack runs was in the bucket when it was deployed, so nobody has to be asked for it. A stack whose creation
    failed runs nothing: perhaps it failed because the package was not there.
    """
    running = {
        text
        for stackset in facts.seen.stacksets.values()
        for each in stackset.instances
        if each.region == work.region and each.stack is not None
        if made(each.stack) and each.stack.status.endswith("_COMPLETE")
        for text in each.stack.parameters.values()
    }
    return frozenset(key for key in library.packages.keys.values() if key not in running)


def code_bucket(facts: Facts, work: Work) -> str:
    """Return the region's bucket for packages. Raises DeployError when its stack does not say it."""
    for each in facts.placed.instances:
        if (each.stack, each.region) == ("artifacts", work.region):
            found = facts.seen.stack_of(each)
            if found is not None and found.outputs.get("CodeBucket"):
                return found.outputs["CodeBucket"]
    raise DeployError(
        f"packages for {work.region}: the output CodeBucket of artifacts in {work.region} is missing",
        hint="look at the outputs of that stack, then deploy again",
    )
