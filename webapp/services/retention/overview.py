"""What is kept and for how long, with sizes: each kind that goes, what is kept for good, and the archives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from webapp.domain.states import BackupStatus
from webapp.domain.words import phrase
from webapp.models import (
    Approval,
    Audit,
    Backup,
    Dispute,
    Entry,
    Escrow,
    Message,
    Order,
    Party,
    Payment,
    Payout,
    Report,
    ReportFile,
    Transfer,
)
from webapp.models.base import Base
from webapp.services.retention import archive
from webapp.services.retention.archive import ArchiveFile
from webapp.services.retention.registry import RetentionKind, all_kinds
from webapp.settings import Settings
from webapp.sql import is_sqlite

COUNTED = 10_000
"""What would go is counted up to here."""
FOR_GOOD: tuple[tuple[str, type[Base]], ...] = (
    ("Transfers", Transfer),
    (phrase("Entries of the ledger"), Entry),
    (phrase("Audit records"), Audit),
    ("Parties", Party),
    ("Orders", Order),
    ("Escrows", Escrow),
    ("Payments", Payment),
    ("Payouts", Payout),
    ("Disputes", Dispute),
    (phrase("Messages of disputes"), Message),
    ("Approvals", Approval),
    ("Reports", Report),
)


_BESIDE: dict[type[Base], type[Base]] = {Report: ReportFile}
"""Tables whose bytes count with those of another: they hold its contents."""


@dataclass(frozen=True, slots=True)
class TableSize:
    """About how many rows a table has, and the bytes that it takes with its indexes; None where that can't be said."""

    rows: int
    bytes: int | None


@dataclass(frozen=True, slots=True)
class KindOverview:
    """One kind: for how long it is kept, how much there is, and how much would go now."""

    kind: RetentionKind
    days: int
    size: TableSize
    expired: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the page shows."""

    kinds: Sequence[KindOverview]
    for_good: Sequence[tuple[str, TableSize]]
    archives: Sequence[ArchiveFile]
    backups: int
    """How many are kept; `BACKUP_KEEP` says how many at most."""
    backup_bytes: int


def read(session: Session, settings: Settings, at: datetime) -> Overview:
    """What is kept, as it is now."""
    kinds = [
        KindOverview(kind, kind.days(settings), _size(session, kind.model), _expired(session, kind, settings, at))
        for kind in all_kinds()
    ]
    kept = [(label, _size(session, model)) for label, model in FOR_GOOD]
    backups = select(func.count(), func.coalesce(func.sum(Backup.size), 0)).where(Backup.status == BackupStatus.KEPT)
    count, size = session.execute(backups).one()
    return Overview(kinds, kept, archive.files(session), count, int(size or 0))


def _expired(session: Session, kind: RetentionKind, settings: Settings, at: datetime) -> int:
    some = kind.due(settings, at).select.limit(COUNTED + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _size(session: Session, model: type[Base]) -> TableSize:
    """By the numbers of the rows: counting a long table takes seconds."""
    key: Any = model.__table__.c.id
    span = session.scalar(select(func.max(key) - func.min(key) + 1)) or 0
    beside = _bytes(session, _BESIDE[model].__tablename__) if model in _BESIDE else 0
    own = _bytes(session, model.__tablename__)
    return TableSize(int(span), None if own is None or beside is None else own + beside)


def _bytes(session: Session, table: str) -> int | None:
    if not is_sqlite(session):
        return int(session.scalar(select(func.pg_total_relation_size(table))) or 0)
    pages = text("SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_master WHERE tbl_name = :name)")
    try:
        return int(session.scalar(pages, {"name": table}) or 0)
    except DBAPIError:
        return None  # This SQLite was built without it.
