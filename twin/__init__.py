"""The local cloud that the built templates are deployed into.

- :mod:`twin.cloud`         an emulator of AWS in a process of ours, with what is missing added
- :mod:`twin.postgres`      real PostgreSQL servers: primaries, streaming replicas, promotions, disasters
- :mod:`twin.installation`  where PostgreSQL is, and how a server of it is set up
- :mod:`twin.rds`           what RDS adds to a plain server: its roles, and a master that is no superuser
- :mod:`twin.remains`       what killed processes leave behind, and how it is cleared away
- :mod:`twin.front_door`    what stands before a server: TLS under the RDS host name, IAM tokens, faults
- :mod:`twin.authority`     the certificates that a front door shows, good ones and bad ones
- :mod:`twin.tokens`        IAM database tokens, checked as RDS checks them
"""
