"""Parties, their standing orders to repay debt, and the days on which these took."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Currency, Key, Minor, Name, Ref, SoughtName, Word

PHONE_DIGITS = "replace(replace(replace(replace(phone, ' ', ''), '-', ''), '(', ''), ')', '')"
PHONE_END = f"substr({PHONE_DIGITS}, length({PHONE_DIGITS}) - 4)"
"""A telephone number without what people write between its digits, and its last five."""
_FORGOTTEN = text("forgotten_at IS NOT NULL")


class Party(Base):
    """Anyone who pays or is paid."""

    __tablename__ = "party"
    __table_args__ = (
        Index("ix_party_name", "name", "id"),
        Index("ix_party_phone", "phone", "id", postgresql_ops={"phone": "text_pattern_ops"}),
        Index("ix_party_phone_end", text(PHONE_END), "id"),
        Index("ix_party_email", "email", "id", postgresql_ops={"email": "text_pattern_ops"}),
        Index("ix_party_forgotten", "ref", postgresql_where=_FORGOTTEN, sqlite_where=_FORGOTTEN),
    )

    id: Mapped[Key]
    ref: Mapped[Ref]
    name: Mapped[SoughtName]
    email: Mapped[Name | None]
    phone: Mapped[Name | None]
    country: Mapped[str | None] = mapped_column(String(2))
    language: Mapped[str | None] = mapped_column(String(2))
    """ISO 639-1. Letters are written in it where the desk has its words."""
    zone: Mapped[Word | None]
    """IANA; else the one of its country, where that has one only."""
    verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    forgotten_at: Mapped[datetime | None]
    """Since when its personal data are gone; nothing new is done with it."""
    forgotten_by: Mapped[Name | None]
    forgotten_reason: Mapped[str | None]
    demo: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class AutoDeduct(Base):
    """A party's standing order to repay debt in one currency from its wallet. What is null is as the settings say."""

    __tablename__ = "auto_deduct"
    __table_args__ = (
        CheckConstraint("percent BETWEEN 1 AND 100", name="percent"),
        CheckConstraint("daily_max IS NULL OR daily_max > 0", name="daily_max"),
        CheckConstraint("minimum_balance >= 0", name="minimum_balance"),
        UniqueConstraint("party_id", "currency"),
        Index("ix_auto_deduct_enabled", "id", postgresql_where=text("enabled"), sqlite_where=text("enabled")),
    )

    id: Mapped[Key]
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    currency: Mapped[Currency]
    enabled: Mapped[bool] = mapped_column(default=False)
    percent: Mapped[int | None]
    daily_max: Mapped[Minor | None]
    minimum_balance: Mapped[Minor | None]
    version: Mapped[int] = mapped_column(default=1)


class AutoDeduction(Base):
    """The one automatic deduction of a party, a currency and a local day: whoever writes the row may take."""

    __tablename__ = "auto_deduction"

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), primary_key=True)
    currency: Mapped[Currency] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    at: Mapped[datetime]
