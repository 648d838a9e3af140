"""The local cloud: an emulator of AWS in a process of ours, with what it lacks added.

MiniStack does the most, over HTTP, in every region and account (the access key is the account). It has no types,
no public interface for additions, and no StackSets; all that is known of its insides is in this package.

- :mod:`twin.cloud.process`         a local cloud for a block, or by name until it is taken down
- :mod:`twin.cloud.launch`          its process: started, waited for, ended; its options and its variables
- :mod:`twin.cloud.server`          what runs in that process
- :mod:`twin.cloud.stacksets`       StackSets, as documented
- :mod:`twin.cloud.resources`       the resource types and actions that the emulator lacks
- :mod:`twin.cloud.databases`       real PostgreSQL behind the clusters, and their swaps
- :mod:`twin.cloud.network`         who reaches what, outages, partitions
- :mod:`twin.cloud.policies`        every call of a role against the deployed policies
- :mod:`twin.cloud.watch`           alarms, health checks, DNS, people, replication of objects
- :mod:`twin.cloud.pace`            how much shorter intervals are
- :mod:`twin.cloud.running`         how functions run, fail and die
- :mod:`twin.cloud.journal`         what happened, for a drill's time line
- :mod:`twin.cloud.machines`, :mod:`twin.cloud.tables`  what state machines and state tables add to it
- :mod:`twin.cloud.callers`         who is behind an access key
- :mod:`twin.cloud.stack_policies`  stack policies, enforced
- :mod:`twin.cloud.organization`    whose organization it is
- :mod:`twin.cloud.templates`       templates by URL, and parsed once
- :mod:`twin.cloud.faults`          resources that fail when a test wants it
- :mod:`twin.cloud.functions`       functions that are answered instead of run, for tests
- :mod:`twin.cloud.traffic`         calls counted, regions dark, what is unknown named
- :mod:`twin.cloud.settings`        the state of all knobs
- :mod:`twin.cloud.control`         the knobs over HTTP; :mod:`twin.cloud.knobs` a client of them
- :mod:`twin.cloud.emulator`        the doors into the emulator
"""
