"""The local cloud: an emulator of AWS in a process of ours, with what it lacks added.

MiniStack does the most, over HTTP, in every region and account (the access key is the account). It has no types,
no public interface for additions, and no StackSets; all that is known of its insides is in this package.

- :mod:`twin.cloud.process`         a local cloud for a block, or by name until it is taken down
- :mod:`twin.cloud.launch`          its process: started, waited for, ended; its options and its variables
- :mod:`twin.cloud.server`          what runs in that process
- :mod:`twin.cloud.stacksets`       StackSets, as documented
- :mod:`twin.cloud.resources`       the resource types and actions that the emulator lacks
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
