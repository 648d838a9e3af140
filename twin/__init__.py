"""The local cloud that the built templates are deployed into.

- :mod:`twin.cloud`         an emulator of AWS in a process of ours, with what is missing added
- :mod:`twin.postgres`      real PostgreSQL servers on loopback, in a folder of their own
- :mod:`twin.server`        one of them: started, asked, promoted, fenced, killed, suspended
- :mod:`twin.replication`   one that follows another: copied, rewound, and where their histories part
- :mod:`twin.installation`  where PostgreSQL is, and how a server of it is set up
- :mod:`twin.rds`           what RDS adds to a plain server: its roles, and a master that is no superuser
- :mod:`twin.remains`       what killed processes leave behind, and how it is cleared away
- :mod:`twin.passage`       ways that bytes take, and what can be wrong with them
- :mod:`twin.front_door`    what stands before a server: TLS under the RDS host name, IAM tokens
- :mod:`twin.relay`         a way from one server to another
- :mod:`twin.authority`     the certificates that a front door shows, good ones and bad ones
- :mod:`twin.tokens`        IAM database tokens, checked as RDS checks them
"""
