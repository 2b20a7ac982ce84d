"""The ledger: accounts, transfers and their entries. Transfers and entries are never changed or removed.

On PostgreSQL what transfers and entries refer to is checked by triggers, once per statement instead of once per row
(`webapp/migrations/triggers_first_postgresql.py`): it doubles the speed of a release.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Currency, Key, Minor, Ref, Word


class Account(Base):
    """A place in the ledger. A party's row has `party_id`; the platform's and the providers' have `owner`."""

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("id", "currency"),
        Index(
            "uq_account_of_party",
            "party_id",
            "kind",
            "currency",
            unique=True,
            postgresql_where=text("party_id IS NOT NULL"),
            sqlite_where=text("party_id IS NOT NULL"),
        ),
        Index(
            "uq_account_of_owner",
            "kind",
            "owner",
            "currency",
            unique=True,
            postgresql_where=text("party_id IS NULL"),
            sqlite_where=text("party_id IS NULL"),
        ),
        Index(
            "ix_account_debts",
            "party_id",
            postgresql_where=text("kind = 'receivable'"),
            sqlite_where=text("kind = 'receivable'"),
        ),
        CheckConstraint("floor IS NULL OR balance >= floor", name="floor"),
        CheckConstraint("ceiling IS NULL OR balance <= ceiling", name="ceiling"),
    )

    id: Mapped[Key]
    kind: Mapped[Word]
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    owner: Mapped[Word] = mapped_column(default="", server_default="")
    currency: Mapped[Currency]
    balance: Mapped[Minor] = mapped_column(default=0, server_default="0")
    floor: Mapped[Minor | None]
    ceiling: Mapped[Minor | None]
    created_at: Mapped[datetime]


class Transfer(Base):
    """One balanced movement, known by its reference. `is_disbursement` marks what pays a hold out."""

    __tablename__ = "transfer"
    __table_args__ = (
        Index(
            "uq_transfer_disbursed_once",
            "escrow_id",
            "hold_no",
            unique=True,
            postgresql_where=text("is_disbursement"),
            sqlite_where=text("is_disbursement"),
        ),
        Index(
            "ix_transfer_escrow_id",
            "escrow_id",
            "id",
            postgresql_where=text("escrow_id IS NOT NULL"),
            sqlite_where=text("escrow_id IS NOT NULL"),
        ),
        Index(
            "ix_transfer_run_id",
            "run_id",
            "id",
            postgresql_where=text("run_id IS NOT NULL"),
            sqlite_where=text("run_id IS NOT NULL"),
        ),
        # Its name is older than the column: only writing the whole ledger anew would change it on SQLite.
        CheckConstraint("NOT is_disbursement OR (escrow_id IS NOT NULL AND hold_no IS NOT NULL)", name="leaves"),
        Index(
            "uq_transfer_reverses_id",
            "reverses_id",
            unique=True,
            postgresql_where=text("reverses_id IS NOT NULL"),
            sqlite_where=text("reverses_id IS NOT NULL"),
        ),
        ForeignKeyConstraint(["escrow_id"], ["escrow.id"]).ddl_if(dialect="sqlite"),
        ForeignKeyConstraint(["run_id"], ["run.id"]).ddl_if(dialect="sqlite"),
        ForeignKeyConstraint(["reverses_id"], ["transfer.id"]).ddl_if(dialect="sqlite"),
        CheckConstraint("amount > 0", name="amount"),
        # Rows lie nearly in the order of their instants: a summary of each range costs a posting next to nothing.
        Index("ix_transfer_at", "at", postgresql_using="brin"),
    )

    id: Mapped[Key]
    reference: Mapped[Ref]
    kind: Mapped[Word]
    currency: Mapped[Currency]
    amount: Mapped[Minor]
    escrow_id: Mapped[int | None]
    hold_no: Mapped[int | None]
    is_disbursement: Mapped[bool] = mapped_column(default=False)
    reverses_id: Mapped[int | None]
    run_id: Mapped[int | None]
    at: Mapped[datetime]


class Entry(Base):
    """One side of a transfer: positive goes into the account."""

    __tablename__ = "entry"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "currency"], ["account.id", "account.currency"]).ddl_if(dialect="sqlite"),
        ForeignKeyConstraint(["transfer_id"], ["transfer.id"], deferrable=True, initially="DEFERRED").ddl_if(
            dialect="sqlite"
        ),
        CheckConstraint("amount <> 0", name="amount"),
        Index("ix_entry_account_id", "account_id", "id"),
        Index("ix_entry_transfer_id", "transfer_id"),
    )

    id: Mapped[Key]
    transfer_id: Mapped[Minor]
    account_id: Mapped[Minor]
    currency: Mapped[Currency]
    amount: Mapped[Minor]


class DailyFigure(Base):
    """What was newly held, released and refunded on one UTC day, in one currency."""

    __tablename__ = "daily_figure"

    day: Mapped[date] = mapped_column(primary_key=True)
    currency: Mapped[Currency] = mapped_column(primary_key=True)
    held: Mapped[Minor] = mapped_column(default=0)
    released: Mapped[Minor] = mapped_column(default=0)
    refunded: Mapped[Minor] = mapped_column(default=0)


class AccountCheckpoint(Base):
    """What an account's entries up to one of them sum to: the hourly check of the books adds only what came since."""

    __tablename__ = "account_checkpoint"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    entry_id: Mapped[Minor]
    balance: Mapped[Minor]
