"""A bucket emptied: every version, every delete marker, and every upload that was begun and never completed.

S3 User Guide, "Deleting a bucket": a bucket is deleted only when it holds no version at all, and the parts of
unfinished uploads are paid for until they are aborted ("Aborting a multipart upload").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from generator.aws.clients import Clouds
from generator.aws.control import Control
from generator.aws.errors import code, told
from generator.errors import CloudError

AT_A_TIME = 1000
"""S3 API Reference, ``DeleteObjects``: up to 1000 keys."""

_PASSES = 100
"""How often it is begun anew because something was written meanwhile: access logs, for example."""

_GONE = frozenset({"NoSuchBucket", "404"})


def empty(control: Control, region: str, account: str, bucket: str, *, at_a_time: int = AT_A_TIME) -> int:
    """Empty the bucket and return how many versions, markers and uploads went; none for a bucket that is not there.

    Raises CloudError when something can't be deleted (a lock, a right), HaltedError when it was asked to stop.
    """
    client, went = _client(control.clouds, region, account), 0
    with told(region, f"emptying {bucket}"):
        try:
            went += _uploads(client, bucket)
            for _ in range(_PASSES):
                now = 0
                for batch in _versions(client, bucket, at_a_time):
                    control.halt.check()
                    now += _deleted(client, region, bucket, batch)
                went += now
                if not now:
                    return went
        except ClientError as error:
            if code(error) in _GONE:
                return went
            raise
    raise CloudError(
        f"{bucket} in {region} fills faster than it is emptied: {went} objects went",
        hint="find out who writes to it, and run the command again",
    )


def _client(clouds: Clouds, region: str, account: str) -> Any:
    return clouds.client("s3", region, account)


def _versions(client: Any, bucket: str, at_a_time: int) -> Iterator[list[dict[str, str]]]:
    """Yield the keys of all versions and delete markers, as many at a time as one call can delete."""
    pages = client.get_paginator("list_object_versions").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": at_a_time}
    )
    for page in pages:
        found = [
            {"Key": each["Key"], "VersionId": each["VersionId"]}
            for kind in ("Versions", "DeleteMarkers")
            for each in page.get(kind, [])
        ]
        for first in range(0, len(found), at_a_time):
            yield found[first : first + at_a_time]


def _deleted(client: Any, region: str, bucket: str, batch: list[dict[str, str]]) -> int:
    """Delete one batch and return its size. A call that succeeds may still have failed for some of the keys."""
    answer = client.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
    failed = answer.get("Errors", [])
    if failed:
        first = failed[0]
        raise CloudError(
            f"{len(failed)} objects of {bucket} in {region} can't be deleted, such as {first.get('Key', '')}:"
            f" {first.get('Code', '')}: {first.get('Message', '')}",
            hint="is there an object lock, or a right missing? docs/deploying.md lists those that are needed",
        )
    return len(batch)


def _uploads(client: Any, bucket: str) -> int:
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket)
    begun = [(each["Key"], each["UploadId"]) for page in pages for each in page.get("Uploads", [])]
    for key, upload in begun:
        client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
    return len(begun)
