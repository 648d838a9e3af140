"""The planner: what is wanted and what is there in, what to do out; no boto3, no clock, nothing changed.

- :mod:`generator.plan.model`     the words: what was seen, what is planned, what one call does
- :mod:`generator.plan.states`    what CloudFormation's statuses mean
- :mod:`generator.plan.recorded`  what an environment was born with, and keeps whatever the file says later
- :mod:`generator.plan.wanted`    the value of every parameter, with where it comes from
- :mod:`generator.plan.graph`     what waits for what; :mod:`generator.plan.waves` which work goes together
- :mod:`generator.plan.leftovers` what is deployed and no longer wanted; :mod:`generator.plan.keeping` what of it stays
- :mod:`generator.plan.actions`   what brings one StackSet to what is wanted; :mod:`generator.plan.plain` one stack
- :mod:`generator.plan.reach`     what can't be done, or is passed over, while a region is dark
- :mod:`generator.plan.changes`   what that does to resources: added, changed, replaced, removed
- :mod:`generator.plan.effects`   the same for every work; :mod:`generator.plan.differences` as a diff
- :mod:`generator.plan.safety`    what is refused, and which flag allows it; one check each in ``perils/``
- :mod:`generator.plan.teardown`  taking an environment down, in :mod:`generator.plan.steps`
- :mod:`generator.plan.retention` what a stack keeps when it goes, and how it lets go of it
- :mod:`generator.plan.removal`   stacks deleted in the reverse of the order in which they were made
- :mod:`generator.plan.schemas`   which properties replace their resource, written down from AWS's schemas

``deploy`` carries a plan out (:mod:`generator.aws`), ``plan`` shows it, and a test replays it on a dictionary.
"""
