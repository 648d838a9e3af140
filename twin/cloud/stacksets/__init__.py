"""StackSets, which the emulator does not have: as CloudFormation's API Reference and User Guide describe them.

- :mod:`twin.cloud.stacksets.model`        what a StackSet, an instance and an operation are
- :mod:`twin.cloud.stacksets.refusal`      the errors, with the codes of the API
- :mod:`twin.cloud.stacksets.wire`         requests and answers in the query protocol
- :mod:`twin.cloud.stacksets.parameters`   the values of parameters and overrides, purely
- :mod:`twin.cloud.stacksets.preferences`  what an operation's preferences mean, purely
- :mod:`twin.cloud.stacksets.store`        all StackSets, and finding one
- :mod:`twin.cloud.stacksets.permissions`  roles, trusted access, who may act for whom, which accounts are meant
- :mod:`twin.cloud.stacksets.queue`        which operation runs, which waits, which is refused
- :mod:`twin.cloud.stacksets.runner`       an operation carried out: regions, accounts, failures, stopping
- :mod:`twin.cloud.stacksets.work`         one instance's stack: made, updated, deleted, compared
- :mod:`twin.cloud.stacksets.drift`        what drift detection found, as the API shows it
- :mod:`twin.cloud.stacksets.definitions`, :mod:`twin.cloud.stacksets.instances`,
  :mod:`twin.cloud.stacksets.operations`   the actions of the API; :mod:`twin.cloud.stacksets.actions` lists them

Where the documentation is silent or contradicts itself, this is what is done here:

- **Managed execution.** The API Reference ("ManagedExecution") says that non-conflicting operations run side by
  side and conflicting ones are queued, and in a note that all incoming operations are queued while others run or
  wait. Both hold: an operation that comes while others run or wait is QUEUED; when one ends, waiting ones start
  in the order of their requests, and those that do not conflict start together. Two operations conflict when they
  share an instance, or when one of them is an UpdateStackSet.
- **A queued UpdateStackSet** changes the StackSet when it starts, so that what waits before it uses the old one.
- **A stack that cannot be made** is rolled back and deleted (User Guide, "Troubleshooting CloudFormation
  StackSets": "which will have a status of DELETED (for failed create operations)"); the instance stays OUTDATED
  with the id of that stack, and the next operation makes a new one under a new name.
- **A stack deleted by hand** is made anew by the next create or update of its instance, and the deletion of such
  an instance succeeds. A stack in a status that cannot be updated fails the instance with CloudFormation's
  "Stack:... is in ROLLBACK_COMPLETE state and can not be updated.".
- **CreateStackInstances for an instance that exists** updates it, with the documented rules for overrides.
- **An INOPERABLE instance** is left out of UpdateStackSet, as documented; a create or update that names it fails.
- **DeleteStackInstances** for an instance that does not exist does nothing, since the API has no error for it.
- **Repeating an operation's id** with the same request answers with the same id and does nothing; with another
  request it is OperationIdAlreadyExistsException, after a later operation StaleRequestException.
- **Automatic deployment** is not emulated: asking for it is refused.
"""

from __future__ import annotations


def install() -> None:
    """Put the actions into the emulator's CloudFormation."""
    from twin.cloud.stacksets import actions

    actions.install()
