"""Alarms, health checks, DNS, messages to people and S3's replication, by AWS's documented rules.

All of it is done from what is deployed, in a thread of the server's process, and noted in the journal. Where functions
are only answered (tests of deployments) it is off, and the emulator's own, coarser ways stay.

- :mod:`twin.cloud.watch.evaluation`   when an alarm is in which state; pure
- :mod:`twin.cloud.watch.expressions`  metric math and Metrics Insights; pure
- :mod:`twin.cloud.watch.metrics`      data points: taken in, spoilt, put into periods
- :mod:`twin.cloud.watch.alarms`       alarms evaluated, single and composite
- :mod:`twin.cloud.watch.actions`      topics and functions that they call
- :mod:`twin.cloud.watch.published`    metrics of AWS's own services
- :mod:`twin.cloud.watch.checks`       health checks
- :mod:`twin.cloud.watch.checkers`     who asks endpoints
- :mod:`twin.cloud.watch.endpoint`     the REST API that is asked; :mod:`twin.cloud.watch.templates` its templates
- :mod:`twin.cloud.watch.names`        what a name answers; pure
- :mod:`twin.cloud.watch.propagation`  when the name servers know it
- :mod:`twin.cloud.watch.dns`          the name servers
- :mod:`twin.cloud.watch.people`       e-mail
- :mod:`twin.cloud.watch.replication`  S3's replication, with a lag
- :mod:`twin.cloud.watch.engine`       the thread; :mod:`twin.cloud.watch.knobs` what is turned

Endpoints: :mod:`twin.cloud.watch.knobs`.
"""

from __future__ import annotations

from collections.abc import Callable

from twin.cloud.settings import SETTINGS
from twin.cloud.watch.knobs import ENDPOINTS, HELD

__all__ = ["ENDPOINTS", "install", "start"]


def install() -> None:
    """Take over from the emulator, before it serves; nothing where functions are only answered."""
    if SETTINGS.functions != "run":
        return
    from twin.cloud.resources import health
    from twin.cloud.watch import alarms, endpoint, metrics, people, published, replication

    metrics.install()
    alarms.install()
    published.install()
    endpoint.install()
    people.install()
    replication.install(HELD.replication)
    health.follow(HELD.observed)


def start() -> Callable[[], None]:
    """Begin to watch; return what ends it."""
    from twin.cloud.watch.engine import Engine

    engine = HELD.engine = Engine(HELD.replication)
    engine.start()
    return engine.stop
