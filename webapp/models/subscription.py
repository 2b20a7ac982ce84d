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
        Index("ix_subscription_expire_date", "expire_date", "id"),
    )

    id: Mapped[Key]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    status: Mapped[Word]
    expire_date: Mapped[datetime]
    """From this instant on it has expired."""
    payment_pending_since: Mapped[datetime | None]
    """Since when the marketplace says that a payment is on its way; none when nothing is, or it came."""
    suspended_by_hand: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    date_before: Mapped[datetime | None]
    """What `expire_date` was before the last renewal or extension, while that can be taken back."""
    pending_before: Mapped[datetime | None]
    """What `payment_pending_since` was before the last renewal, while that can be taken back."""
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class SubscriptionReminder(Base):
    """A reminder that a tenant has had: whoever writes the row may send it, once for each end that was planned."""

    __tablename__ = "subscription_reminder"

    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"), primary_key=True)
    kind: Mapped[Word] = mapped_column(primary_key=True)
    period: Mapped[datetime] = mapped_column(primary_key=True)
    """The date of expiry that it was about."""
    at: Mapped[datetime]
