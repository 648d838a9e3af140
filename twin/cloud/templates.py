"""Templates: by virtual-hosted S3 addresses, handed over inside the process, and parsed once.

The emulator reads the bucket from a URL's path, which is right for ``https://s3.amazonaws.com/BUCKET/KEY`` and for
its own endpoint, and takes the key for the bucket in ``https://BUCKET.s3.REGION.amazonaws.com/KEY`` (S3 User Guide,
"Virtual hosting of general purpose buckets"). StackSets hand a body to CreateStack that may be longer than the
51,200 bytes of a request, since theirs may come from S3 (CloudFormation quotas): it goes by an address of ours.

A text is parsed once, by libyaml: a StackSet sends the same to every region, and everyone gets a copy of the result.
"""

from __future__ import annotations

import hashlib
import pickle
import re
from functools import lru_cache
from typing import Any

from generator.reader import Loader
from twin.cloud.emulator import module

SCHEME = "stackset-template:"
_VIRTUAL = re.compile(r"^https?://(?P<bucket>[a-z0-9][a-z0-9.-]+)\.s3[.-][a-z0-9.-]*amazonaws\.com/(?P<key>.+)$")
_LENT: dict[str, str] = {}


def lend(text: str) -> str:
    """Return an address under which this process finds the template."""
    address = SCHEME + hashlib.sha256(text.encode()).hexdigest()
    _LENT[address] = text
    return address


def path_style(url: str) -> str:
    """Return a virtual-hosted S3 address as a path-style one, any other as it is."""
    found = _VIRTUAL.match(url)
    return f"https://s3.amazonaws.com/{found['bucket']}/{found['key']}" if found else url


def _fast(slow: Any) -> Any:
    """Return a loader that reads as the emulator's own does, of what libyaml has parsed."""
    return type(
        slow.__name__,
        (Loader,),
        {
            "yaml_constructors": slow.yaml_constructors,
            "yaml_multi_constructors": slow.yaml_multi_constructors,
            "yaml_implicit_resolvers": slow.yaml_implicit_resolvers,
        },
    )


def install() -> None:
    """Have the emulator take both kinds of address, and parse a text once."""
    engine = module("services.cloudformation.engine")
    engine.CfnLoader = _fast(engine.CfnLoader)
    parse = engine._parse_template
    parsed = lru_cache(maxsize=256)(lambda text: pickle.dumps(parse(text)))  # read back, it is a copy, and a cheap one
    for place in (engine, module("services.cloudformation.handlers"), module("services.cloudformation.changesets")):
        place._parse_template = lambda text: pickle.loads(parsed(text))
    helpers = module("services.cloudformation.helpers")
    before = helpers._resolve_document

    def resolve(parameters: dict[str, Any], body_key: str, url_key: str, label: str) -> Any:
        url = helpers._p(parameters, url_key)
        if url.startswith(SCHEME):
            return _LENT[url], None
        return before({**parameters, url_key: [path_style(url)]} if url else parameters, body_key, url_key, label)

    helpers._resolve_document = resolve
