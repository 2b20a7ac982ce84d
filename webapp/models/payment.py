"""Payments: the attempts to collect money for an order, what the providers said, and what they give back."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Currency, Key, Minor, Name, Word

_PENDING = text("status = 'pending'")
_OPEN = text("status IN ('waiting', 'sending', 'pending')")


class Payment(Base):
    """One attempt to collect money for an order through a provider.

    `seen_amount` and `seen_currency` are the provider's, when they are not ours.
    """

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("provider", "reference"),
        Index("ix_payment_pending", "next_check_at", "id", postgresql_where=_PENDING, sqlite_where=_PENDING),
        Index("ix_payment_status", "status", "id"),
    )

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey("purchase_order.id"), index=True)
    provider: Mapped[Word]
    reference: Mapped[Word | None]
    status: Mapped[Word]
    amount: Mapped[Minor]
    currency: Mapped[Currency]
    created_at: Mapped[datetime]
    checkout_url: Mapped[str | None]
    provider_id: Mapped[Word | None]
    next_check_at: Mapped[datetime | None]
    first_checked_at: Mapped[datetime | None]
    last_checked_at: Mapped[datetime | None]
    checks: Mapped[int] = mapped_column(default=0, server_default="0")
    said: Mapped[str | None]
    """The last thing to know about it, in a sentence."""
    seen_amount: Mapped[Minor | None]
    seen_currency: Mapped[Currency | None]
    settled_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class Refund(Base):
    """Money given back through the provider it came from; at most one per payment."""

    __tablename__ = "refund"
    __table_args__ = (Index("ix_refund_open", "next_try_at", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),)

    id: Mapped[Key]
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), unique=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    provider: Mapped[Word]
    amount: Mapped[Minor]
    currency: Mapped[Currency]
    status: Mapped[Word]
    provider_id: Mapped[Word | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    said: Mapped[str | None]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class ProviderDispute(Base):
    """A chargeback that a provider told of, and the dispute that we opened for it."""

    __tablename__ = "provider_dispute"
    __table_args__ = (UniqueConstraint("provider", "number"),)

    id: Mapped[Key]
    provider: Mapped[Word]
    number: Mapped[Word]
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), index=True)
    dispute_id: Mapped[int | None] = mapped_column(ForeignKey("dispute.id"), index=True)
    status: Mapped[Word]
    category: Mapped[Name | None]
    due_at: Mapped[datetime | None]
    said: Mapped[str | None]
    created_at: Mapped[datetime]
