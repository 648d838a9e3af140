"""Every parameter of every template: what it means, what it may hold, and where its value comes from.

A parameter of one name means one thing in all templates. A default is always a safe no-op, and never
decides a role or replaces anything: a new parameter reaches every instance with its default before it can
be overridden (trap 44).

- :mod:`~generator.inputs.kinds`     what a parameter is
- :mod:`~generator.inputs.places`    the environment, a region, its partner, its network
- :mod:`~generator.inputs.workload`  database, storage, backups, function packages
- :mod:`~generator.inputs.routing`   DNS, health checks, recovery
"""

from __future__ import annotations

from generator.inputs import places, routing, workload
from generator.inputs.kinds import Input as Input
from generator.inputs.kinds import declare as declare
from generator.inputs.places import *  # noqa: F403
from generator.inputs.routing import *  # noqa: F403
from generator.inputs.workload import *  # noqa: F403

BY_NAME: dict[str, Input] = {
    each.name: each
    for module in (places, workload, routing)
    for value in vars(module).values()
    for each in (value if isinstance(value, tuple) else (value,))
    if isinstance(each, Input)
}
"""Every parameter by its name."""
