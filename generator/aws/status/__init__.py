"""What an environment says of itself, now, and whether that is as it should be.

- :mod:`generator.aws.status.report`     the facts of one look, frozen
- :mod:`generator.aws.status.regions`    the questions to one region; :mod:`generator.aws.status.metrics` its metrics
- :mod:`generator.aws.status.stacksets`  what the StackSets say of their instances
- :mod:`generator.aws.status.dns`        what Route 53 holds and says
- :mod:`generator.aws.status.look`       all of them side by side, each bounded in time
- :mod:`generator.aws.status.bounded`    questions with an end
- :mod:`generator.aws.status.routes`     what DNS would answer (pure)
- :mod:`generator.aws.status.standing`   where each region stands, and whether it could take over (pure)
- :mod:`generator.aws.status.verdict`    what is not as it should be (pure): :mod:`generator.aws.status.stacks` of
  stacks, :mod:`generator.aws.status.data` of data, :mod:`generator.aws.status.names` of DNS
- :mod:`generator.aws.status.placing`    which stacks should be where (pure)
- :mod:`generator.aws.status.fresh`      what a new environment has not had the time for (pure)
"""
