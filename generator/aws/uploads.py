"""What does not fit into a call: the functions' packages, and templates over 51,200 bytes.

Every file is put under a key that names its content, and only if it is not there: a second upload of the same
bytes would be a new version of the same thing (S3 User Guide, "Conditional writes").
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from generator.aws import cache
from generator.aws.clients import Clouds
from generator.aws.errors import code, told
from generator.aws.events import Sink, Uploaded, silent
from generator.build import INLINE_LIMIT
from generator.packages import Package, build_packages

_THERE = frozenset({"PreconditionFailed", "412"})
_RACING = frozenset({"ConditionalRequestConflict", "409"})


class Packages:
    """The functions' packages, built once and only when they are asked for.

    folder: where they are built; the user's own for such files unless given, and a temporary one for want of that.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._held: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()
        self._built: tuple[Package, ...] = ()

    @property
    def built(self) -> tuple[Package, ...]:
        """Return the packages. Raises UsageError when a distribution is missing or is not the pinned one."""
        with self._lock:
            if not self._built:
                kept = None if self._folder else cache.packages()
                place = self._folder or kept or self._temporary()
                self._built = build_packages(place)
                if kept:
                    cache.sweep(kept, [each.file for each in self._built])
            return self._built

    def _temporary(self) -> Path:
        self._held = tempfile.TemporaryDirectory(prefix="dr-packages-")
        return Path(self._held.name)

    @property
    def keys(self) -> Mapping[str, str]:
        """Return the key of each function's package; it names the content's digest."""
        return {each.name: each.file.name for each in self.built}

    def close(self) -> None:
        """Remove the packages, if they were built in a temporary folder."""
        if self._held is not None:
            self._held.cleanup()


def put(clouds: Clouds, region: str, account: str, bucket: str, key: str, body: bytes, sink: Sink = silent) -> bool:  # noqa: PLR0913, PLR0917
    """Put the file into the bucket unless its key is there, and tell whether it was put. Raises CloudError."""
    with told(region, f"uploading {key} to {bucket}"):
        try:
            clouds.client("s3", region, account).put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if code(error) in _THERE:
                return False
            if code(error) not in _RACING:
                raise
            clouds.client("s3", region, account).head_object(Bucket=bucket, Key=key)
            return False
    sink(Uploaded(region, bucket, key, len(body)))
    return True


class Bodies:
    """Hands templates over: in the call, or by way of the bucket of the stack ``deployment``."""

    def __init__(self, clouds: Clouds, bucket: str, sink: Sink = silent) -> None:
        self._clouds, self._bucket, self._sink = clouds, bucket, sink
        self._lock = threading.Lock()
        self._there: set[str] = set()

    def __call__(self, template: str) -> dict[str, Any]:
        """Return the call's TemplateBody or TemplateURL; a long template is uploaded first. Raises CloudError."""
        body = template.encode()
        if len(body) <= INLINE_LIMIT:
            return {"TemplateBody": template}
        region = self._clouds.environment.dns_region
        key = f"{hashlib.sha256(body).hexdigest()}.yaml"
        with self._lock:
            if key not in self._there:
                account = self._clouds.environment.accounts.administration
                put(self._clouds, region, account, self._bucket, key, body, self._sink)
                self._there.add(key)
        return {"TemplateURL": f"https://{self._bucket}.s3.{region}.amazonaws.com/{key}"}
