"""IAM database authentication: a token that stands for a password, made on the spot.

The token is a presigned URL without its scheme, for the action ``connect`` of the service ``rds-db``,
valid for fifteen minutes (Aurora User Guide, "Connecting to your DB cluster using IAM authentication").
``generate_db_auth_token`` of a client does the same, but loads the whole RDS service model first; this
takes the signer alone.
"""

from __future__ import annotations

from typing import Any

VALID_SECONDS = 900


def connect_token(credentials: Any, region: str, host: str, port: int, user: str) -> str:
    """Return the token with which ``user`` signs in at ``host`` in ``region``.

    credentials: ``access_key``, ``secret_key`` and ``token`` (or ``None``) of the function's role.
    """
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest

    scheme = "https://"
    request = AWSRequest(method="GET", url=f"{scheme}{host}:{port}/", params={"Action": "connect", "DBUser": user})
    SigV4QueryAuth(credentials, "rds-db", region, expires=VALID_SECONDS).add_auth(request)
    return str(request.url)[len(scheme) :]
