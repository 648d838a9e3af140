"""What the server of doomed processes has ready before it forks: modules, the services' models, parsed templates."""

from __future__ import annotations

from generator.aws.uploads import Packages
from generator.aws.works import Library
from generator.packages import build_packages  # noqa: F401 - a deployment imports it when it begins
from generator.plan.wanted import parsed
from tests.resilience import lives  # noqa: F401 - the same
from tests.resilience.world import clouds_at, environment

_SERVICES = ("sts", "cloudformation", "dynamodb", "rds", "ec2", "s3", "sns", "lambda", "secretsmanager", "cloudwatch")


def _warm() -> None:
    clouds = clouds_at("http://127.0.0.1:9", environment())  # it is never called
    for service in _SERVICES:
        clouds.client(service, "eu-west-1")
    packages = Packages()
    for text in Library(clouds.environment, packages).templates.values():
        parsed(text)
    assert packages.keys
    packages.close()


_warm()
