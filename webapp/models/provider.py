"""What we know of the providers: how they are, the token they gave us, and what of our ledger they have."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Currency, Key, Minor, Name, Word

_WAITING = text("status IN ('waiting', 'sending')")
_OPEN = text("resolved_at IS NULL")


class ProviderState(Base):
    """How calls to a provider went lately; with `opened_at` its circuit is open and nothing is asked of it."""

    __tablename__ = "provider_state"

    provider: Mapped[Word] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime | None]
    last_ok_at: Mapped[datetime | None]
    last_failure_at: Mapped[datetime | None]
    last_error: Mapped[str | None]


class ProviderToken(Base):
    """An access token that a provider gave us, encrypted, and how asking for the next one went.

    `refreshed_at` in the future is a claim: somebody is asking for the next one, until then at most.
    """

    __tablename__ = "provider_token"

    provider: Mapped[Word] = mapped_column(primary_key=True)
    token_encrypted: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    refreshed_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]


class MirrorEntry(Base):
    """A transfer that the external ledger has to have, and whether it has it."""

    __tablename__ = "mirror_entry"
    __table_args__ = (
        Index(
            "ix_mirror_entry_waiting", "next_try_at", "transfer_id", postgresql_where=_WAITING, sqlite_where=_WAITING
        ),
        Index("ix_mirror_entry_status", "status", "transfer_id"),
    )

    transfer_id: Mapped[Minor] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[Word]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    next_try_at: Mapped[datetime]
    last_error: Mapped[str | None]
    sent_at: Mapped[datetime | None]


class MirrorAccount(Base):
    """The external ledger's balance that stands for one of our accounts."""

    __tablename__ = "mirror_account"
    __table_args__ = (Index("ix_mirror_account_balance_id", "balance_id"),)

    account_id: Mapped[Minor] = mapped_column(primary_key=True, autoincrement=False)
    balance_id: Mapped[Name]
    created_at: Mapped[datetime]


class Reconciliation(Base):
    """One comparison of our books with another's, and what it counted."""

    __tablename__ = "reconciliation"
    __table_args__ = (Index("ix_reconciliation_source", "source", "id"), Index("ix_reconciliation_at", "at"))

    id: Mapped[Key]
    source: Mapped[Word]
    run_id: Mapped[int | None]
    at: Mapped[datetime]
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]
    matched: Mapped[int] = mapped_column(default=0)
    missing_here: Mapped[int] = mapped_column(default=0)
    missing_there: Mapped[int] = mapped_column(default=0)
    different: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0, server_default="0")
    """Rows of theirs that were not compared: another product's, a currency that we don't know, a stranger's attempt
    that moved nothing.
    """
    undecided: Mapped[int] = mapped_column(default=0, server_default="0")
    """Things of ours of which it can't be said yet whether the books agree."""
    collected_twice: Mapped[int] = mapped_column(default=0, server_default="0")
    """References under which they list two successes; a second one is compared when it is a payment of its own."""
    accepted: Mapped[int] = mapped_column(default=0, server_default="0")
    """What differs and was accepted by a person as it is; in none of the other counts."""
    error: Mapped[str | None]
    """Why it could not be finished, when it could not."""

    @property
    def compared(self) -> int:
        """How many things were compared, whatever came of it."""
        differing = self.missing_here + self.missing_there + self.different + self.accepted
        return self.matched + self.undecided + differing


class Discrepancy(Base):
    """Something on which our books and another's do not agree, until they do.

    One that a person accepted alerts nobody as long as it stays what was accepted.
    """

    __tablename__ = "discrepancy"
    __table_args__ = (
        Index("uq_discrepancy_open", "source", "reference", unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_discrepancy_source", "source", "id"),
        Index("ix_discrepancy_first_seen_at", "first_seen_at"),
        Index("ix_discrepancy_resolved_at", "resolved_at"),
    )

    id: Mapped[Key]
    source: Mapped[Word]
    kind: Mapped[Word]
    """`missing_here`, `missing_there` or `different`."""
    reference: Mapped[Name]
    currency: Mapped[Currency | None]
    ours: Mapped[Minor | None]
    theirs: Mapped[Minor | None]
    detail: Mapped[str]
    subject_kind: Mapped[Word | None]
    subject_id: Mapped[int | None]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[str | None]
    accepted_reason: Mapped[str | None]
    resolved_at: Mapped[datetime | None]

    @property
    def gap(self) -> int:
        """How much more they have than we do, in minor units."""
        return (self.theirs or 0) - (self.ours or 0)
