"""Who may sign in to a database with an IAM token: ``rds-db:connect``, as the front doors ask it.

Aurora User Guide, "Creating and using an IAM policy for IAM database access": the resource is
``arn:aws:rds-db:region:account:dbuser:cluster-resource-id/user``.
"""

from __future__ import annotations

from twin.cloud.policies import sessions
from twin.cloud.policies.calls import Call
from twin.cloud.policies.gate import answer
from twin.cloud.policies.records import RECORDS, Deed
from twin.cloud.settings import SETTINGS

ACTION = "rds-db:connect"


def may_connect(access_key: str, region: str, resource_id: str, user: str) -> bool:
    """Tell whether whoever holds that key may sign in as a user to the cluster of that resource id; it is noted."""
    try:
        actor = sessions.actor(access_key)
    except sessions.StrangerError:
        return False
    if actor.policies is None:
        return True
    resource = f"arn:aws:rds-db:{region}:{actor.account}:dbuser:{resource_id}/{user}"
    reason = answer(actor, Call("rds-db", ACTION, resource, region)).reason if SETTINGS.policies else ""
    function = sessions.function_of(access_key)
    RECORDS.note(Deed(actor.arn, function, "rds-db", ACTION, resource, region), reason)
    return not reason
