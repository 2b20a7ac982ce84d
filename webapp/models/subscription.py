"""Subscriptions: a tenant's right to sell."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Key, Word


class Subscription(Base):
    """A tenant's one subscription: active, expired (it still sells, for the days of grace), then suspended."""

    __tablename__ = "subscription"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'expired', 'suspended')", name="status"),
        UniqueConstraint("tenant_id"),
        Index("ix_subscription_status", "status", "expire_date", "id"),
    )

    id: Mapped[Key]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    status: Mapped[Word]
    expire_date: Mapped[datetime]
    """From this instant on it has expired."""
    payment_pending_since: Mapped[datetime | None]
    suspended_by_hand: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
