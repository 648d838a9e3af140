"""What may go wrong for good: one function a peril, in four files.

- :mod:`generator.plan.perils.case`      what the checks are told
- :mod:`generator.plan.perils.places`    accounts, regions, stacks that are stuck
- :mod:`generator.plan.perils.database`  who is active, versions, a global cluster that is busy
- :mod:`generator.plan.perils.data`      resources that hold data
- :mod:`generator.plan.perils.routing`   health checks and records
"""
