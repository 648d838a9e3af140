"""What RDS gives a cluster that a plain PostgreSQL server lacks."""

from __future__ import annotations

from twin.postgres import Server


def make_master(server: Server, user: str, password: str, database: str) -> None:
    """Give ``server`` what RDS gives a cluster: ``rds_iam``, a master user that is no superuser, a database.

    The master may create roles and databases and hand out ``rds_iam`` (Aurora User Guide, "Understanding
    the rds_superuser role").
    """
    secret = password.replace("'", "''")
    server.execute("CREATE ROLE rds_iam NOLOGIN")
    server.execute("CREATE ROLE rds_superuser NOLOGIN")
    server.execute("GRANT rds_iam TO rds_superuser WITH ADMIN OPTION")
    server.execute(f"CREATE ROLE {user} LOGIN CREATEROLE CREATEDB PASSWORD '{secret}' IN ROLE rds_superuser")
    server.execute(f"CREATE DATABASE {database} OWNER {user}")
