"""What touches AWS: the only package of the generator that imports boto3.

To look:

- :mod:`generator.aws.clients`      one client a service, region and account, with bounded calls
- :mod:`generator.aws.errors`       what AWS refused, as an error for people
- :mod:`generator.aws.looking`      regions asked side by side, and what a dark one means
- :mod:`generator.aws.observe`      what is there, for the planner; :mod:`generator.aws.inventory` its stacks,
  :mod:`generator.aws.databases` its database, :mod:`generator.aws.organization` whose organization it is
- :mod:`generator.aws.preview`      what a deployment would do; :mod:`generator.aws.diff` what differs
- :mod:`generator.aws.status`       what each region says of itself, now

To act:

- :mod:`generator.aws.deploy`       a plan carried out; :mod:`generator.aws.waves` its waves, :mod:`generator.aws.works`
  one work of them
- :mod:`generator.aws.destroy`      an environment taken down; :mod:`generator.aws.undoing` and
  :mod:`generator.aws.emptying` one step of it, :mod:`generator.aws.remains` what only it looks at
- :mod:`generator.aws.lease`        who may change the environment; :mod:`generator.aws.grip` holding on to it
- :mod:`generator.aws.perform`      one action, carried out and followed to its end: :mod:`generator.aws.stacksets`,
  :mod:`generator.aws.plainstacks`, with :mod:`generator.aws.access` to accounts
- :mod:`generator.aws.uploads`      packages and long templates; :mod:`generator.aws.cache` where packages are kept;
  :mod:`generator.aws.policies` stack policies; :mod:`generator.aws.replicas` the secret's replicas
- :mod:`generator.aws.bootstrap`    the probe's role in the database; :mod:`generator.aws.checks` checks of our own
- :mod:`generator.aws.stopping`     running operations stopped

To recover:

- :mod:`generator.aws.recovering`   a recovery started in its target region, with that region alone
- :mod:`generator.aws.recovering_assessment` what it would be answered
- :mod:`generator.aws.recovering_progress` followed live; :mod:`generator.aws.recovering_events` what is told of it
- :mod:`generator.aws.recovering_approval` approved or refused
- :mod:`generator.aws.rehoming`     home moved to the active region
- :mod:`generator.aws.preflighting` everything that a recovery would need, looked at

How:

- :mod:`generator.aws.control`      what all of these share; :mod:`generator.aws.paces` how long they wait
- :mod:`generator.aws.events`       what is told while it happens; :mod:`generator.aws.watching` the resources' own
- :mod:`generator.aws.faults`       what failed, why, and what to do
- :mod:`generator.aws.interruptible` work that Ctrl-C reaches
"""
