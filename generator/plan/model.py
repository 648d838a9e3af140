"""The planner's words: what was seen in the cloud, what is planned, and what one call does.

All of it is frozen data. What was seen comes from :mod:`generator.aws.observe` or from a test's dictionary;
the planner only reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from generator.placement import Instance

# --- what was seen -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SeenStack:
    """A stack as CloudFormation describes it.

    status: such as CREATE_COMPLETE. reason: CloudFormation's, of that status. drift: such as IN_SYNC,
    NOT_CHECKED. parameters and outputs: as deployed. protected: whether it has termination protection.
    template: the template's text; of a stack behind a StackSet, which has its own, it is empty unless somebody asked.
    """

    name: str
    id: str
    region: str
    account: str
    status: str
    reason: str = ""
    drift: str = "NOT_CHECKED"
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    protected: bool = False
    template: str = ""


@dataclass(frozen=True)
class SeenInstance:
    """A stack instance as its StackSet lists it, and the stack behind it, None when that is not there.

    status: CURRENT, OUTDATED or INOPERABLE. detailed: such as SUCCEEDED, FAILED, CANCELLED, RUNNING, PENDING.
    reachable: whether the region answered when it was asked for the stack; when it did not, ``stack`` is None.
    """

    account: str
    region: str
    status: str
    detailed: str = ""
    reason: str = ""
    stack: SeenStack | None = None
    reachable: bool = True


@dataclass(frozen=True)
class SeenOperation:
    """A StackSet operation that has not ended: its id, action (CREATE, UPDATE, DELETE, DETECT_DRIFT) and status.

    waiting: the regions of which it has no result yet; None when nobody asked, or it has none at all so far.
    """

    id: str
    action: str
    status: str
    waiting: tuple[str, ...] | None = None


@dataclass(frozen=True)
class SeenStackSet:
    """A StackSet as it is: its template's text, its own parameters, its instances, what it is busy with."""

    name: str
    template: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    permission_model: str = "SELF_MANAGED"
    managed_execution: bool = True
    instances: tuple[SeenInstance, ...] = ()
    operations: tuple[SeenOperation, ...] = ()

    def instance(self, account: str, region: str) -> SeenInstance | None:
        """Return the instance of that account and region."""
        found = [each for each in self.instances if (each.account, each.region) == (account, region)]
        return found[0] if found else None


@dataclass(frozen=True)
class Member:
    """A member of the global cluster as RDS describes it.

    status: the cluster's, such as available, upgrading; readers: instances that are there, the writer included.
    """

    region: str
    cluster: str
    arn: str
    writer: bool
    engine_version: str = ""
    status: str = "available"
    instances: int = 1


@dataclass(frozen=True)
class Database:
    """The global cluster as it was seen.

    known: whether a region's service answered at all; exists: whether there is a global cluster; status: its
    own. busy: a switchover or failover in progress, in words; empty when there is none. endpoint: the global
    writer endpoint's name (trap 83).
    """

    known: bool = True
    exists: bool = False
    status: str = ""
    engine_version: str = ""
    members: tuple[Member, ...] = ()
    busy: str = ""
    endpoint: str = ""

    @property
    def active(self) -> str:
        """Return the region of the writer; empty when there is none, or nobody knows."""
        writers = [member.region for member in self.members if member.writer]
        return writers[0] if len(writers) == 1 else ""


@dataclass(frozen=True)
class Seen:
    """All that the planner is told about the cloud.

    account: of the credentials. plain: stacks that are no StackSet's, by (account, name). dark: regions that did
    not answer. markers: regions that are declared superseded now; markers_known: whether all that could say so did.
    management: the organization's management account, empty when nobody asked. released: stacks with the
    environment's tag that no StackSet lists; looked for by a teardown only.
    """

    account: str = ""
    stacksets: Mapping[str, SeenStackSet] = field(default_factory=dict)
    plain: Mapping[tuple[str, str], SeenStack] = field(default_factory=dict)
    database: Database = field(default_factory=Database)
    dark: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()
    management: str = ""
    markers_known: bool = True
    released: tuple[SeenStack, ...] = ()

    def stack_of(self, instance: Instance) -> SeenStack | None:
        """Return the stack behind a planned instance, None when it is not there."""
        plain = self.plain.get((instance.account, instance.stackset))
        if plain is not None:
            return plain
        stackset = self.stacksets.get(instance.stackset)
        seen = stackset.instance(instance.account, instance.region) if stackset else None
        return seen.stack if seen else None


# --- what is planned -----------------------------------------------------------------------------------------


class Kind(Enum):
    """What a piece of work is."""

    PLAIN = "a plain stack"
    STACKSET = "instances of a StackSet"
    PACKAGES = "the functions' packages, uploaded to a region"
    BOOTSTRAP = "the probe's role in the database of the active region"
    CHECKS = "what CloudFormation does not check"


@dataclass(frozen=True)
class Origin:
    """Where a parameter's value comes from.

    kind: environment, computed, package, observed, output, recorded (the value it was born with) or waiting (what
    the first pass gives instead). text: in words, such as ``output KeyArn of keys in eu-west-1``.
    """

    kind: str
    text: str


@dataclass(frozen=True)
class Value:
    """A parameter's value and its origin; ``text`` is None while the output it waits for is not there yet."""

    text: str | None
    origin: Origin


@dataclass(frozen=True)
class Work:
    """What is done at a time to one StackSet, plain stack or region.

    kind says which. name: the StackSet's, the stack's, or for the other kinds what the work is called. stack: the
    catalogue's name. places: the instances, in the order that they go when ``ordered``; all at a time otherwise.
    final: whether this is the only or last pass over these places (False: replication rules and deletion
    protection wait). after: ids of the works it waits for, for the reader; the waves hold the order. remove:
    whether the places are taken away. part: when one StackSet is gone about in several waves, which of them.
    """

    kind: Kind
    name: str
    stack: str
    places: tuple[Instance, ...] = ()
    region: str = ""
    ordered: bool = False
    final: bool = True
    after: tuple[str, ...] = ()
    remove: bool = False
    part: str = ""

    @property
    def id(self) -> str:
        """Return what tells this work from all others of the plan."""
        what = " (removal)" if self.remove else "" if self.final else " (first pass)"
        return f"{self.name}{what}{f' ({self.part})' if self.part else ''}"


@dataclass(frozen=True)
class Refusal:
    """Something that is not done unless ``flag`` is given; with no flag it is not done at all."""

    trap: str
    message: str
    hint: str
    flag: str = ""


@dataclass(frozen=True)
class Plan:
    """Waves of work: a wave's works can go at the same time, and each wave waits for the one before."""

    suffix: str
    waves: tuple[tuple[Work, ...], ...]


# --- what one call does --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Action:
    """One call that changes the cloud, in the order given; ``reason`` says why, in a sentence."""

    reason: str


@dataclass(frozen=True)
class CreateStackSet(Action):
    """Make the StackSet, without instances."""

    name: str
    template: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class UpdateStackSet(Action):
    """Send the StackSet's template and parameters to all its instances; overrides stay as they are."""

    name: str
    template: str
    parameters: Mapping[str, str]
    regions: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True)
class CreateInstances(Action):
    """Make the StackSet's stacks in these regions of the account, all with the same overrides, sent whole."""

    name: str
    account: str
    regions: tuple[str, ...]
    overrides: Mapping[str, str]


@dataclass(frozen=True)
class UpdateInstances(Action):
    """Update these regions' stacks to these overrides, sent whole (trap 44)."""

    name: str
    account: str
    regions: tuple[str, ...]
    overrides: Mapping[str, str]


@dataclass(frozen=True)
class DeleteInstances(Action):
    """Remove the instances: with ``retain`` only from the StackSet, else their stacks too."""

    name: str
    account: str
    regions: tuple[str, ...]
    retain: bool


@dataclass(frozen=True)
class DeleteStackSet(Action):
    """Remove a StackSet that has no instances."""

    name: str


@dataclass(frozen=True)
class CreateStack(Action):
    """Make a plain stack."""

    name: str
    account: str
    region: str
    template: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class UpdateStack(Action):
    """Update a plain stack."""

    name: str
    account: str
    region: str
    template: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class DeleteStack(Action):
    """Delete a plain stack."""

    name: str
    account: str
    region: str


@dataclass(frozen=True)
class Wait(Action):
    """Let an operation that someone began come to its end, then look again; it is joined, never repeated.

    stacks: stacks that something is being done to without an operation of ours, as (account, region, name).
    """

    name: str
    operations: tuple[str, ...]
    stacks: tuple[tuple[str, str, str], ...] = ()
