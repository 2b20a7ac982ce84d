"""Removing what is old enough: looked at again under its lock, archived, removed and recorded in one transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from webapp.db import after_commit
from webapp.domain.actors import Actor
from webapp.models import ArchivePart, Evidence
from webapp.services.audit import trail
from webapp.services.common.batch_result import Outcome
from webapp.services.retention import archive
from webapp.services.retention.registry import RetentionKind
from webapp.settings import Settings
from webapp.settings_parts.evidence_store import EvidenceStore, StoredFile
from webapp.sql import one_of

_FILES = 500
"""Names that are looked up at once."""


class Remover:
    """Removes one kind in a run, and counts."""

    def __init__(self, kind: RetentionKind, settings: Settings) -> None:
        self.kind, self.count = kind, 0
        self._settings = settings
        self._archives, self._evidence = (
            settings.archive_folder,
            settings.evidence_store,
        )

    def remove(
        self, session: Session, ids: Sequence[int], *, at: datetime, actor: Actor, run_id: int | None = None
    ) -> Outcome:
        """Archive and remove those of these rows that are over still; files of theirs go after the commit."""
        kind = self.kind
        rows = self._rows(session, ids, at)
        outcome = Outcome(kind.model.__tablename__, done=len(rows))
        if not rows:
            return outcome
        details: dict[str, Any] = {"kind": kind.name, "rows": len(rows), "first": rows[0]["id"], "last": rows[-1]["id"]}
        if kind.archived:
            part = archive.write(session, self._archives, kind.name, rows, at=at, run_id=run_id)
            details |= {"file": part.file, "sha256": part.sha256}
        chosen = one_of(session, kind.key, [row["id"] for row in rows])
        table: Any = kind.model.__table__
        blanked = update(table).where(chosen).values(**kind.blanks or {})
        session.execute(blanked if kind.blanks else delete(table).where(chosen))
        trail.record(session, actor, "data.remove", ("run", run_id or 0), at=at, after=details, run_id=run_id)
        self._remove_files(session, rows)
        after_commit(session, lambda: self._counted(len(rows)))
        return outcome

    def preview(self, session: Session, ids: Sequence[int], *, at: datetime) -> Outcome:
        """What `remove` would remove of these, nothing removed."""
        chosen = (one_of(session, self.kind.key, ids), self.kind.is_over(self._settings, at))
        count = session.scalar(select(func.count()).select_from(self.kind.model.__table__).where(*chosen)) or 0
        self.count += count
        return Outcome(self.kind.model.__tablename__, done=count)

    def _rows(self, session: Session, ids: Sequence[int], at: datetime) -> list[dict[str, Any]]:
        table = self.kind.model.__table__
        over = (one_of(session, self.kind.key, ids), self.kind.is_over(self._settings, at))
        return [dict(row) for row in session.execute(select(table).where(*over).order_by(self.kind.key)).mappings()]

    def _remove_files(self, session: Session, rows: Sequence[dict[str, Any]]) -> None:
        names = [row[self.kind.file_column] for row in rows] if self.kind.file_column else []
        for name in filter(None, names):
            after_commit(session, partial((self._evidence / name).unlink, missing_ok=True))

    def _counted(self, rows: int) -> None:
        self.count += rows


def orphaned_files(session: Session, folder: EvidenceStore, before: datetime) -> list[StoredFile]:
    """Files of evidence that no row names, untouched since then: a process died after its commit, before the file went.

    A file is written before its row is committed, so that a young one may belong to a transaction that still runs.
    """
    found: list[StoredFile] = []
    there = sorted(folder.glob("*"), key=lambda file: file.name)
    old = [file for file in there if file.is_file() and file.stat().st_mtime < before.timestamp()]
    for first in range(0, len(old), _FILES):
        some = old[first : first + _FILES]
        named = select(Evidence.stored_as).where(one_of(session, Evidence.stored_as, [file.name for file in some]))
        known = set(session.scalars(named))
        found += [file for file in some if file.name not in known]
    return found


def expired_archives(session: Session, settings: Settings, at: datetime) -> list[str]:
    """Archives that are older than they are kept; none when they are kept for good."""
    days = settings.archive_retention_days
    return archive.expired_files(session, at - timedelta(days=days)) if days else []


def remove_archive(
    session: Session, folder: Path, file: str, *, at: datetime, actor: Actor, run_id: int | None = None
) -> None:
    """Remove one archive: its record first, the file after the commit."""
    session.execute(delete(ArchivePart).where(ArchivePart.file == file))
    trail.record(session, actor, "archive.remove", ("run", run_id or 0), at=at, after={"file": file}, run_id=run_id)
    after_commit(session, lambda: (folder / file).unlink(missing_ok=True))
