"""Real PostgreSQL behind the clusters that the emulator only keeps records of.

- :mod:`twin.cloud.databases.records`     what the emulator says that there is, and is told
- :mod:`twin.cloud.databases.fleet`       servers, lines and doors, made to fit that
- :mod:`twin.cloud.databases.standing`    one of them, and what PostgreSQL says of itself
- :mod:`twin.cloud.databases.parameters`  which server it gets, and what of the parameter groups
- :mod:`twin.cloud.databases.doors`       front doors by who comes from where
- :mod:`twin.cloud.databases.lines`       the lines that storage is replicated over
- :mod:`twin.cloud.databases.swaps`       switchover and failover, with the states in between
- :mod:`twin.cloud.databases.rebuilding`  how a member comes back that has left the writer's history
- :mod:`twin.cloud.databases.actions`     RDS's actions that begin a swap
- :mod:`twin.cloud.databases.names`       how a function's process finds its database, and believes it
- :mod:`twin.cloud.databases.acts`        what can be done to a database
- :mod:`twin.cloud.databases.knobs`       the control endpoints; :mod:`twin.cloud.databases.knobs_client` a client
- :mod:`twin.cloud.databases.attach`      all of it, tied to the emulator
"""
