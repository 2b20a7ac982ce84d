"""Payments: the attempts to collect money for an order, what the providers said, and what they give back."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.domain.states import LOST_CHARGEBACKS
from webapp.models.base import Base, Currency, Key, Minor, Name, Word

_PENDING = text("status = 'pending'")
_MAY_BE_PAID = text("provider = 'flutterwave' AND checkout_url IS NOT NULL AND checkout_ended_at IS NULL")
_BANK_ASKS = text("status = 'open'")
_REFUND_OPEN = text("next_try_at IS NOT NULL")


class Payment(Base):
    """One attempt to collect money for an order through a provider.

    `provider_amount` and `provider_currency` are the provider's, when they are not ours.
    """

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("provider", "reference"),
        Index("ix_payment_pending", "next_check_at", "id", postgresql_where=_PENDING, sqlite_where=_PENDING),
        Index("ix_payment_status", "status", "id"),
        Index("ix_payment_amount", "currency", "amount", "id"),
        Index("ix_payment_provider_id", "provider_id"),
        Index("ix_payment_checkout", "created_at", postgresql_where=_MAY_BE_PAID, sqlite_where=_MAY_BE_PAID),
    )

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey("purchase_order.id"), index=True)
    duplicate_of_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), index=True)
    """The payment besides which its provider collected this one, which nobody asked for."""
    provider: Mapped[Word]
    reference: Mapped[Word | None]
    status: Mapped[Word]
    amount: Mapped[Minor]
    currency: Mapped[Currency]
    created_at: Mapped[datetime]
    checkout_url: Mapped[str | None]
    checkout_ended_at: Mapped[datetime | None]
    """When its provider was told to take no payment at that address any more."""
    provider_id: Mapped[Word | None]
    next_check_at: Mapped[datetime | None]
    first_checked_at: Mapped[datetime | None]
    last_checked_at: Mapped[datetime | None]
    checks: Mapped[int] = mapped_column(default=0, server_default="0")
    status_detail: Mapped[str | None]
    """The last thing to know about it, in a sentence."""
    provider_amount: Mapped[Minor | None]
    provider_currency: Mapped[Currency | None]
    payer_fee: Mapped[Minor] = mapped_column(default=0, server_default="0")
    """What its payer paid on top of the price, for the provider's fee."""
    paid_at: Mapped[datetime | None]
    """When it was paid, by the provider's clock."""
    taken_back_amount: Mapped[Minor] = mapped_column(default=0, server_default="0")
    """What is gone of it that no refund of ours explains: given back at the provider, or taken by the payer's bank."""
    taken_back_decided: Mapped[Minor] = mapped_column(default=0, server_default="0")
    """How much of that a person has decided about; until it is all, the payment is in review."""
    taken_back_from: Mapped[Word | None]
    """Who bore what was decided last: `escrow`, `seller`, `buyer` or `platform`."""
    settled_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    @property
    def undecided_amount(self) -> int:
        """What was taken back and is not decided yet; below zero when some of what was decided came back since."""
        return self.taken_back_amount - self.taken_back_decided


class Refund(Base):
    """Money given back through the provider it came from; at most one per payment.

    `provider_id` is the provider's own of the refund, by which it is asked about. `tries` counts how often it may have
    been sent. `answered` is how an attempt was answered that has to be looked into. `rows` are the provider's refunds
    of the payment that a person is shown, `not_ours` the ids of those of which a person said so.
    """

    __tablename__ = "refund"
    __table_args__ = (
        Index("ix_refund_open", "next_try_at", "id", postgresql_where=_REFUND_OPEN, sqlite_where=_REFUND_OPEN),
    )

    id: Mapped[Key]
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), unique=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    provider: Mapped[Word]
    amount: Mapped[Minor]
    currency: Mapped[Currency]
    status: Mapped[Word]
    provider_id: Mapped[Word | None]
    attempts: Mapped[int] = mapped_column(default=0)
    times_sent: Mapped[int] = mapped_column(default=0, server_default="0")
    first_sent_at: Mapped[datetime | None]
    last_sent_at: Mapped[datetime | None]
    answered: Mapped[Word | None]
    rows: Mapped[list[Any] | None]
    not_ours: Mapped[list[Any] | None]
    next_try_at: Mapped[datetime | None]
    status_detail: Mapped[str | None]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class Chargeback(Base):
    """A chargeback: a payer's bank disputes a payment. What the provider answered when it was asked, not what came in.

    `dispute_id` is the dispute of ours that it opened or joined.
    """

    __tablename__ = "chargeback"
    __table_args__ = (
        UniqueConstraint("provider", "number"),
        Index("ix_chargeback_open", "next_check_at", "id", postgresql_where=_BANK_ASKS, sqlite_where=_BANK_ASKS),
    )

    id: Mapped[Key]
    provider: Mapped[Word]
    number: Mapped[Word]
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), index=True)
    dispute_id: Mapped[int | None] = mapped_column(ForeignKey("dispute.id"), index=True)
    status: Mapped[Word]
    amount: Mapped[Minor] = mapped_column(server_default="0")
    currency: Mapped[Currency] = mapped_column(server_default="")
    covered_amount: Mapped[Minor] = mapped_column(default=0, server_default="0")
    """How much of a refund of ours, written and not sent, its loss took the place of."""
    booked_amount: Mapped[Minor] = mapped_column(default=0, server_default="0")
    """How much of what the bank took is booked: out of the escrow, from whom had the money, or as a loss."""
    category: Mapped[Name | None]
    due_at: Mapped[datetime | None]
    next_check_at: Mapped[datetime | None]
    status_detail: Mapped[str | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    @property
    def unbooked_amount(self) -> int:
        """What the bank took, if it won, and nobody has booked yet."""
        return self.amount - self.covered_amount - self.booked_amount if self.status in LOST_CHARGEBACKS else 0
