"""Archives: compressed files of rows that are removed. Each part is compressed and summed by itself.

It is on record in the transaction that removes its rows: what a killed process wrote and never committed is read by
nobody.
"""

import fcntl
import gzip
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.models import ArchivePart
from webapp.private_files import private_folder


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """One file of archived rows, as it is on record."""

    file: str
    kind: str
    rows: int
    length: int
    first_at: datetime


def write(
    session: Session, folder: Path, kind: str, rows: Sequence[dict[str, Any]], *, at: datetime, run_id: int | None
) -> ArchivePart:
    """Append rows to the run's file of this kind, on the disk before anything else happens, and put them on record."""
    name = f"{kind}-{at:%Y%m%d}-{run_id or 0}.jsonl.gz"
    text = "".join(json.dumps(row, default=_plain, ensure_ascii=False) + "\n" for row in rows)
    data = gzip.compress(text.encode(), mtime=0)
    position = _append(private_folder(folder) / name, data)
    part = ArchivePart(
        kind=kind,
        file=name,
        position=position,
        length=len(data),
        rows=len(rows),
        first_id=rows[0]["id"],
        last_id=rows[-1]["id"],
        sha256=hashlib.sha256(data).hexdigest(),
        run_id=run_id,
        at=at,
    )
    session.add(part)
    session.flush()
    return part


def files(session: Session) -> list[ArchiveFile]:
    """Every file on record, the newest first."""
    found = select(
        ArchivePart.file,
        ArchivePart.kind,
        func.sum(ArchivePart.rows),
        func.sum(ArchivePart.length),
        func.min(ArchivePart.at),
    ).group_by(ArchivePart.file, ArchivePart.kind)
    rows = session.execute(found.order_by(func.min(ArchivePart.id).desc())).all()
    return [ArchiveFile(row[0], row[1], int(row[2]), int(row[3]), row[4]) for row in rows]


def read(session: Session, folder: Path, file: str) -> Iterator[dict[str, Any]]:
    """The rows of a file, in order. Raises Conflict when it is not there, or not as it was written."""
    parts = select(ArchivePart).where(ArchivePart.file == file).order_by(ArchivePart.position)
    for part in session.scalars(parts).all():
        for line in gzip.decompress(_bytes(folder, part)).decode().splitlines():
            yield json.loads(line)


def expired_files(session: Session, before: datetime) -> list[str]:
    """Files of which every part is older."""
    found = select(ArchivePart.file).group_by(ArchivePart.file).having(func.max(ArchivePart.at) < before)
    return list(session.scalars(found.order_by(ArchivePart.file)))


def _bytes(folder: Path, part: ArchivePart) -> bytes:
    try:
        with (folder / part.file).open("rb") as stream:
            stream.seek(part.position)
            data = stream.read(part.length)
    except FileNotFoundError:
        raise Conflict(phrase("%(file)s is not in %(folder)s.", file=part.file, folder=folder)) from None
    if hashlib.sha256(data).hexdigest() != part.sha256:
        raise Conflict(
            phrase(
                "%(file)s is not as it was written: the checksum of part %(id)s differs.", file=part.file, id=part.id
            )
        )
    return data


def _append(file: Path, data: bytes) -> int:
    """Write at the file's end, one writer at a time; where that was. On the disk when this returns."""
    is_new = not file.exists()
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        position = stream.seek(0, os.SEEK_END)
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    if is_new:
        _sync(file.parent)
    return position


def _sync(folder: Path) -> None:
    """Keep the folder's entry of a new file, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return clock.iso(value)
    return value.isoformat() if isinstance(value, date) else str(value)
