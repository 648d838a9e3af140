"""The decisions of recovery, pure: state in, steps with reasons out.

No dependency, no boto3, no clock (time is an argument). The command line, the functions (their zips
carry this package) and the twin import the same code, so there is one answer to "may it fail over".

- :mod:`recovery.signals`     the words that the parts say to each other: metrics, items, verbs
- :mod:`recovery.objectives`  RTO and RPO arithmetic
"""
