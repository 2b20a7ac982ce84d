"""Escrows and their freezes."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Currency, Key, Minor, Name, PlainName, Ref, Word

_DUE = text("status = 'held' AND freezes = 0")
_BLOCKED = text("blocked IS NOT NULL")
_FROZEN = text("freezes > 0")
_RARE = text("policy <> 'deadline'")
_PLACED = text("placement IS NOT NULL")


class Escrow(Base):
    """Money held for one order between a buyer and a seller.

    `freezes` is the number of freezes not lifted; `hold_no` rises each time the money is held again after a reversal.
    """

    __tablename__ = "escrow"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("fee >= 0 AND fee <= amount", name="fee"),
        CheckConstraint("freezes >= 0", name="freezes"),
        Index(
            "ix_escrow_due",
            "policy",
            "release_at",
            "id",
            postgresql_where=_DUE,
            sqlite_where=_DUE,
            postgresql_include=["currency", "amount"],
        ),
        Index("ix_escrow_blocked", "blocked", "id", postgresql_where=_BLOCKED, sqlite_where=_BLOCKED),
        Index("ix_escrow_frozen", "id", postgresql_where=_FROZEN, sqlite_where=_FROZEN),
        Index("ix_escrow_policy", "policy", "id", postgresql_where=_RARE, sqlite_where=_RARE),
        Index("ix_escrow_placement", "placement", "id", postgresql_where=_PLACED, sqlite_where=_PLACED),
        Index("ix_escrow_status", "status", "id"),
        Index("ix_escrow_currency", "currency", "status", "id"),
        Index("ix_escrow_amount", "currency", "amount", "id"),
        Index("ix_escrow_buyer_id", "buyer_id", "id"),
        Index("ix_escrow_seller_id", "seller_id", "id"),
    )

    id: Mapped[Key]
    ref: Mapped[Ref]
    order_id: Mapped[int] = mapped_column(ForeignKey("purchase_order.id"), unique=True)
    buyer_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    seller_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    policy: Mapped[Word]
    placement: Mapped[PlainName | None]
    status: Mapped[Word]
    currency: Mapped[Currency]
    amount: Mapped[Minor]
    fee: Mapped[Minor] = mapped_column(default=0)
    held_account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    hold_no: Mapped[int] = mapped_column(default=1)
    freezes: Mapped[int] = mapped_column(default=0)
    blocked: Mapped[Word | None]
    release_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    held_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[Word | None]
    version: Mapped[int] = mapped_column(default=1)


class Freeze(Base):
    """One reason why an escrow may not move, lifted on its own."""

    __tablename__ = "freeze"
    __table_args__ = (
        Index(
            "uq_freeze_cause",
            "escrow_id",
            "cause",
            "cause_id",
            unique=True,
            postgresql_where=text("lifted_at IS NULL"),
            sqlite_where=text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    escrow_id: Mapped[int] = mapped_column(ForeignKey("escrow.id"))
    cause: Mapped[Word]
    cause_id: Mapped[int]
    reason: Mapped[str]
    by: Mapped[Word]
    by_name: Mapped[Name]
    at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[Word | None]
