"""Analytics: each tenant's figures of a day, and which days are whole."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Currency, Key, Minor


class TenantDailyFigure(Base):
    """What a tenant sold on one day, in one currency."""

    __tablename__ = "tenant_daily_figure"
    __table_args__ = (
        CheckConstraint(
            "orders >= 0 AND revenue >= 0 AND new_customers >= 0 AND products_sold >= 0", name="not_negative"
        ),
        Index("ix_tenant_daily_figure_day", "day", "tenant_id"),
    )

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    currency: Mapped[Currency] = mapped_column(primary_key=True)
    orders: Mapped[int]
    revenue: Mapped[Minor]
    new_customers: Mapped[int]
    products_sold: Mapped[int]


class AnalyticsDay(Base):
    """A day whose figures are all there: it is written with the last of them."""

    __tablename__ = "analytics_day"
    __table_args__ = (Index("ix_analytics_day_closed_at", "closed_at"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    tenants: Mapped[int]
    """How many have figures of it."""
    closed_at: Mapped[datetime]
    run_id: Mapped[int | None]
    counted_by: Mapped[str] = mapped_column(String(10), default="utc", server_default="utc")
    """`utc`, or `tenant` where its hours are those of each tenant's zone: what ANALYTICS_DAY said then."""


class AnalyticsLateRow(Base):
    """A day of which something came, changed or went when it was over: it is counted again."""

    __tablename__ = "analytics_late_row"
    __table_args__ = (Index("ix_analytics_late_row_day", "day"),)

    id: Mapped[Key]
    day: Mapped[date]


class AnalyticsTotal(Base):
    """What all tenants together sold on one day, in one currency; made with their own figures of the day."""

    __tablename__ = "analytics_total"

    day: Mapped[date] = mapped_column(primary_key=True)
    currency: Mapped[Currency] = mapped_column(primary_key=True)
    orders: Mapped[int]
    revenue: Mapped[Minor]
    new_customers: Mapped[int]
    products_sold: Mapped[int]
    tenants: Mapped[int]
    """How many have figures in this currency."""
