"""Every policy of the library, built with awacs: one function an intent.

Each function returns statements (or a whole document) for one purpose and says in its docstring whom it
lets do what. A statement over resource ``*`` carries a ``Sid`` that :mod:`generator.policies.wildcards`
gives the reason for, and a condition; the resource that holds the policy shows the reason in its metadata.

- :mod:`~generator.policies.wildcards`  why a resource has to be ``*``
- :mod:`~generator.policies.trust`      who may assume a role
- :mod:`~generator.policies.keys`       who may use a region's key
- :mod:`~generator.policies.buckets`    what a bucket accepts, and replication between buckets
- :mod:`~generator.policies.topics`     who may publish to a region's topic
- :mod:`~generator.policies.endpoints`  what passes through a VPC endpoint
- :mod:`~generator.policies.functions`  what each function may do
- :mod:`~generator.policies.services`   what flow logs, monitoring, schedules and state machines may do
- :mod:`~generator.policies.stacksets`  what StackSets may do in an account
"""
