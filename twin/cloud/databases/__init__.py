"""Real PostgreSQL behind the clusters that the emulator only keeps records of.

- :mod:`twin.cloud.databases.records`  what the emulator says that there is
- :mod:`twin.cloud.databases.fleet`    servers, replicas and front doors, made to fit that
- :mod:`twin.cloud.databases.names`    how a function's process finds them, and believes them
- :mod:`twin.cloud.databases.attach`   all of it, tied to the emulator
"""
