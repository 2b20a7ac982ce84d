"""Where files of evidence lie: a folder of this machine, or a bucket of an S3-compatible store that hosts share.

Both are used as a `Path` is. A bucket that can't be asked is an OSError, as a disk would be.
"""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from io import BytesIO
from typing import Any, BinaryIO, Literal, Protocol

from webapp.logs import get_logger

_SECONDS = 10
_CHECKSUMS = {"request": "calculation", "response": "validation"}


class FileStat(Protocol):
    """What is known of a file besides its content."""

    @property
    def st_size(self) -> int:
        """Its bytes."""

    @property
    def st_mtime(self) -> float:
        """When it was written, in seconds."""


class StoredFile(Protocol):
    """A file by its name, whether it is there or not: a `Path`, or an object of a bucket."""

    @property
    def name(self) -> str:
        """Its last name."""

    def is_file(self) -> bool:
        """Whether it is there."""

    def stat(self) -> FileStat:
        """Raises FileNotFoundError."""

    def open(self, mode: Literal["rb"]) -> BinaryIO:
        """Its content, to read. Raises FileNotFoundError."""

    def read_bytes(self) -> bytes:
        """Its content. Raises FileNotFoundError."""

    def write_bytes(self, data: bytes) -> int:
        """Make this its content."""

    def unlink(self, missing_ok: bool = ...) -> None:
        """Take it away."""


class EvidenceStore(Protocol):
    """Files by their names: a folder's `Path`, or a bucket."""

    def __truediv__(self, name: str) -> StoredFile: ...

    def glob(self, pattern: str) -> Iterable[StoredFile]:
        """Every file, by `*`."""


@dataclass(frozen=True)
class Bucket:
    """Objects of a bucket whose names begin alike. Nothing connects before the first use."""

    name: str
    prefix: str
    endpoint: str
    region: str
    access_key: str
    secret_key: str

    def __str__(self) -> str:
        return f"s3://{self.name}/{self.prefix}"

    def __truediv__(self, name: str) -> "BucketFile":
        return BucketFile(self, name)

    def glob(self, pattern: str) -> Iterator["BucketFile"]:
        """Every file; other patterns than `*` are not known."""
        assert pattern == "*"
        with _as_of_a_disk(self.name):
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=self.prefix)
            for each in (each for page in pages for each in page.get("Contents", ())):
                known = _Stat(each["Size"], each["LastModified"])
                yield BucketFile(self, each["Key"].removeprefix(self.prefix), known)

    @cached_property
    def client(self) -> Any:
        """Where no key is set, boto looks where it always does: the role of the machine, its own files."""
        # Only where a bucket is set: the library takes a fifth of a second and tens of megabytes.
        import boto3
        from botocore.config import Config

        # What others serve by this protocol need not have a host name for each bucket, nor know checksums of late.
        others: dict[str, Any] = {"s3": {"addressing_style": "path"}} if self.endpoint else {}
        others |= {f"{each}_checksum_{what}": "when_required" for each, what in _CHECKSUMS.items()}
        limits: dict[str, Any] = {"connect_timeout": _SECONDS / 2, "read_timeout": _SECONDS, "max_pool_connections": 20}
        config = Config(retries={"total_max_attempts": 2}, **limits, **others)
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint or None,
            region_name=self.region or None,
            aws_access_key_id=self.access_key or None,
            aws_secret_access_key=self.secret_key or None,
            config=config,
        )


@dataclass(frozen=True)
class _Stat:
    st_size: int
    modified: datetime

    @property
    def st_mtime(self) -> float:
        return self.modified.timestamp()


@dataclass(frozen=True)
class BucketFile:
    """An object; `known` is what a list of the bucket said of it."""

    bucket: Bucket
    name: str
    known: _Stat | None = None

    @property
    def _place(self) -> dict[str, str]:
        return {"Bucket": self.bucket.name, "Key": self.bucket.prefix + self.name}

    def is_file(self) -> bool:
        """Whether it is there. Raises OSError when the bucket can't be asked."""
        try:
            return self.stat() is not None
        except FileNotFoundError:
            return False

    def stat(self) -> _Stat:
        """Its size and age. Raises FileNotFoundError when it isn't there."""
        if self.known is not None:
            return self.known
        with _as_of_a_disk(self.name):
            head = self.bucket.client.head_object(**self._place)
            return _Stat(head["ContentLength"], head["LastModified"])

    def open(self, mode: Literal["rb"]) -> BinaryIO:
        """Its content, read whole: no file of evidence is longer than EVIDENCE_MAX_MEGABYTES."""
        return BytesIO(self.read_bytes())

    def read_bytes(self) -> bytes:
        """Its content. Raises FileNotFoundError when it isn't there."""
        with _as_of_a_disk(self.name):
            return bytes(self.bucket.client.get_object(**self._place)["Body"].read())

    def write_bytes(self, data: bytes) -> int:
        """Put it there, whole or not at all."""
        with _as_of_a_disk(self.name):
            self.bucket.client.put_object(**self._place, Body=data)
        return len(data)

    def unlink(self, missing_ok: bool = False) -> None:
        """Take it away. What can't be now is left: the nightly clean-up takes files that no row names."""
        try:
            with _as_of_a_disk(self.name):
                self.bucket.client.delete_object(**self._place)
        except OSError as problem:
            get_logger().warning("evidence.not_removed", file=self.name, problem=str(problem))


@contextmanager
def _as_of_a_disk(name: str) -> Iterator[None]:
    """What the store refuses, or that it can't be reached, as the error that a disk would give."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as problem:
        code = str(problem.response.get("Error", {}).get("Code", ""))
        if code in ("404", "NoSuchKey"):
            raise FileNotFoundError(errno.ENOENT, "no such object", name) from problem
        raise OSError(errno.EIO, f"the store of evidence answered {code}", name) from problem
    except (BotoCoreError, Boto3Error) as problem:
        raise OSError(errno.EIO, f"the store of evidence can't be asked ({type(problem).__name__})", name) from problem
