"""Archives: rows that were written to compressed files before they were removed."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Key, Name, Word


class ArchivePart(Base):
    """Some rows of one kind in an archive: `length` bytes of the file from `position` on, compressed by themselves.

    What lies in a file and is in no row here was never committed: nobody reads it.
    """

    __tablename__ = "archive_part"
    __table_args__ = (UniqueConstraint("file", "position"), Index("ix_archive_part_kind", "kind", "id"))

    id: Mapped[Key]
    kind: Mapped[Word]
    file: Mapped[Name]
    """Under the folder of archives."""
    position: Mapped[int]
    length: Mapped[int]
    rows: Mapped[int]
    first_id: Mapped[int]
    last_id: Mapped[int]
    sha256: Mapped[Name]
    """Of these bytes."""
    run_id: Mapped[int | None] = mapped_column(index=True)
    at: Mapped[datetime] = mapped_column(index=True)
