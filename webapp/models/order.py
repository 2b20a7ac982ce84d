"""Orders: what was bought."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Currency, Key, Minor, Ref, Word

_UNPAID = text("status = 'awaiting_payment'")
_OF_TENANT = text("tenant IS NOT NULL")
_PAID = text("tenant IS NOT NULL AND paid_at IS NOT NULL")


class Order(Base):
    """What was bought. Its escrow is made with it, in one transaction."""

    __tablename__ = "purchase_order"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("buyer_id <> seller_id", name="two_parties"),
        Index("ix_purchase_order_status", "status", "id"),
        Index("ix_purchase_order_unpaid", "created_at", "id", postgresql_where=_UNPAID, sqlite_where=_UNPAID),
        Index(
            "ix_purchase_order_tenant",
            "tenant",
            "created_at",
            "id",
            postgresql_where=_OF_TENANT,
            sqlite_where=_OF_TENANT,
        ),
        Index("ix_purchase_order_day", "created_at", "id", postgresql_where=_OF_TENANT, sqlite_where=_OF_TENANT),
        Index("ix_purchase_order_paid", "paid_at", "id", postgresql_where=_PAID, sqlite_where=_PAID),
    )

    id: Mapped[Key]
    ref: Mapped[Ref]
    buyer_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    tenant: Mapped[str | None] = mapped_column(String(40).with_variant(String(40, collation="C"), "postgresql"))
    """The reference of the tenant whose it is; a row of `tenant` is there by that name."""
    status: Mapped[Word]
    amount: Mapped[Minor]
    currency: Mapped[Currency]
    on_credit: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
