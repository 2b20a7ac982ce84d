"""Payouts: money that leaves to a bank or mobile account, and the schedules that plan them."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Currency, Key, Minor, Name, PlainName, Ref, Word

_UNSETTLED = text("status IN ('pending', 'sending', 'sent')")
_WAITING = text("status IN ('pending', 'processing')")
_UNPAID = text("unpaid_days > 2")
_IN_USE = text("retired_at IS NULL")
_WATCHED = text("recheck_at IS NOT NULL")
_DOUBTED = text("doubted_at IS NOT NULL")
_TWICE = text("paid_after_all_at IS NOT NULL")


class PayoutDestination(Base):
    """A party's bank or mobile account in one currency; a new one retires the one before."""

    __tablename__ = "payout_destination"
    __table_args__ = (
        Index(
            "uq_payout_destination_in_use",
            "party_id",
            "currency",
            unique=True,
            postgresql_where=_IN_USE,
            sqlite_where=_IN_USE,
        ),
    )

    id: Mapped[Key]
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    currency: Mapped[Currency]
    kind: Mapped[Word]
    """The provider's word for the kind of account: `nuban`, `mobile_money`, …"""
    bank_code: Mapped[Word]
    account_name: Mapped[Name]
    account_encrypted: Mapped[str]
    """The account's number, encrypted."""
    account_ending: Mapped[Word]
    account_reference: Mapped[Word | None]
    """Which account behind a Paybill or Till number is meant."""
    recipient: Mapped[Name | None]
    """What the provider knows it by."""
    created_at: Mapped[datetime]
    created_by: Mapped[Name]
    created_by_key: Mapped[Word | None]
    effective_at: Mapped[datetime | None]
    """From when on it is paid to. None for one that was set before this was kept: at once."""
    approved_by: Mapped[Name | None]
    """The second person who let it be paid to before its time."""
    retired_at: Mapped[datetime | None]


class PayoutSchedule(Base):
    """A payout that is due on a date, and what became of it."""

    __tablename__ = "payout_schedule"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_payout_schedule_due", "due_at", "id", postgresql_where=_WAITING, sqlite_where=_WAITING),
        Index("ix_payout_schedule_placement", "placement", "id"),
        Index("ix_payout_schedule_status", "status", "id"),
        Index("ix_payout_schedule_party_id", "party_id", "id"),
        Index("ix_payout_schedule_unpaid", "due_at", "id", postgresql_where=_UNPAID, sqlite_where=_UNPAID),
    )

    id: Mapped[Key]
    ref: Mapped[Ref]
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    placement: Mapped[PlainName | None]
    currency: Mapped[Currency]
    amount: Mapped[Minor]
    due_at: Mapped[datetime]
    guarantee_completion_date: Mapped[datetime | None]
    status: Mapped[Word]
    retry_count: Mapped[int] = mapped_column(default=0)
    last_retry_at: Mapped[datetime | None]
    payout_id: Mapped[int | None]
    processed_at: Mapped[datetime | None]
    failure_reason: Mapped[str | None]
    unpaid_days: Mapped[int] = mapped_column(default=0, server_default="0")
    last_unpaid_on: Mapped[date | None]
    """On how many days it was due and could not be paid, and the last of them."""
    created_at: Mapped[datetime]
    created_by: Mapped[Name]
    version: Mapped[int] = mapped_column(default=1)


class Payout(Base):
    """One payout, written before it is sent. Its reference is what makes sending it twice harmless."""

    __tablename__ = "payout"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_payout_unsettled", "next_try_at", "id", postgresql_where=_UNSETTLED, sqlite_where=_UNSETTLED),
        Index("ix_payout_status", "status", "id"),
        Index("ix_payout_amount", "currency", "amount", "id"),
        Index("ix_payout_provider_id", "provider_id"),
        Index("ix_payout_party_id", "party_id", "id"),
        Index("ix_payout_schedule_id", "schedule_id", "id"),
        Index("ix_payout_recheck", "recheck_at", "id", postgresql_where=_WATCHED, sqlite_where=_WATCHED),
        Index("ix_payout_paid_after_all", "paid_after_all_at", "id", postgresql_where=_TWICE, sqlite_where=_TWICE),
        Index("ix_payout_doubted", "doubted_at", "id", postgresql_where=_DOUBTED, sqlite_where=_DOUBTED),
    )

    id: Mapped[Key]
    ref: Mapped[Ref]
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    destination_id: Mapped[int] = mapped_column(ForeignKey("payout_destination.id"), index=True)
    schedule_id: Mapped[int | None] = mapped_column(ForeignKey("payout_schedule.id"))
    provider: Mapped[Word]
    currency: Mapped[Currency]
    amount: Mapped[Minor]
    status: Mapped[Word]
    provider_id: Mapped[Word | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    status_detail: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[Name]
    first_sent_at: Mapped[datetime | None]
    """When it was first sent, or may have been."""
    sent_at: Mapped[datetime | None]
    """When it was last sent, or may have been."""
    earlier_sent_at: Mapped[datetime | None]
    """When it may have been sent before that: what is surely untrue of the last sending says nothing of this one."""
    paid_at: Mapped[datetime | None]
    """When it was paid, by its provider's clock; None when that does not tell."""
    settled_at: Mapped[datetime | None]
    """Since when the desk knows how it ended."""
    recheck_at: Mapped[datetime | None]
    """When its provider is asked again although it was paid: it may come back still."""
    doubted_at: Mapped[datetime | None]
    """Since when its provider says that its reference is in use, or forgot it, and does not show it."""
    needs_person: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether somebody has to do something at its provider, such as typing a one-time password."""
    kept_despite_id: Mapped[int | None]
    """The party's present destination in spite of which a person said that it goes to the one it was written for."""
    paid_after_all_at: Mapped[datetime | None]
    """Since when its provider says that it was paid, although its money had come back: a person decides."""
    is_unconfirmed: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether it counts as paid since two people said so, and its provider has not said it yet."""
    version: Mapped[int] = mapped_column(default=1)


class PayoutPause(Base):
    """A provider that sends none of our payouts at present, and why; its row is gone when it does again."""

    __tablename__ = "payout_pause"

    provider: Mapped[Word] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    reason: Mapped[str]
    payout_id: Mapped[int | None]
    """The payout that is tried to see whether it does."""
    probe_at: Mapped[datetime]
