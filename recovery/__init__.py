"""The decisions of recovery, pure: state in, steps with reasons out.

No dependency, no boto3, no clock (time is an argument). The command line, the functions (their zips
carry this package) and the twin import the same code, so there is one answer to "may it fail over".

- :mod:`recovery.signals`     the words that the parts say to each other: metrics, items, verbs
- :mod:`recovery.objectives`  RTO and RPO arithmetic
- :mod:`recovery.state`       what is known at one moment, frozen, and which facts must never be
- :mod:`recovery.lag`         how far a standby is behind, and what a failover to it may lose
- :mod:`recovery.parity`      which engine versions can take over from each other
- :mod:`recovery.steps`       the steps of a plan, and how each is recognised as done
- :mod:`recovery.decision`    the answer to "may it", and the checks that both verbs share
- :mod:`recovery.failover`, :mod:`recovery.switchover`, :mod:`recovery.failback`  one decision each
- :mod:`recovery.promotion`   where the promoting call goes, whether it is made, what confirms it
- :mod:`recovery.detection`   is the active region lost, who votes, who acts
- :mod:`recovery.incident`    what a loss that is seen calls for: told once, started once, closed
- :mod:`recovery.breach`      invariants that are seen broken: told once, and closed
- :mod:`recovery.rejoin`      when an old region's fence and marker may be lifted
- :mod:`recovery.narrative`   a recovery's states, told in sentences while it runs
"""
