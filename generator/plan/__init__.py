"""The planner: what is wanted and what is there in, what to do out; no boto3, no clock, nothing changed.

- :mod:`generator.plan.model`     the words: what was seen, what is planned, what one call does
- :mod:`generator.plan.waves`     which work goes together, and after which other
- :mod:`generator.plan.wanted`    the value of every parameter, with where it comes from
- :mod:`generator.plan.actions`   what brings one StackSet from what is there to what is wanted
- :mod:`generator.plan.changes`   what that does to resources: added, changed, replaced, removed
- :mod:`generator.plan.safety`    what is refused, and which flag allows it
- :mod:`generator.plan.teardown`  the same for taking an environment down

``deploy`` carries a plan out (:mod:`generator.aws`), ``plan`` shows it, and a test replays it on a dictionary.
"""
