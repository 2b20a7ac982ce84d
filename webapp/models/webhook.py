"""Webhooks: what the providers told us, and who wants to be told by us."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json, Key, Name, Word

_UNHANDLED = text("status = 'received'")
_KEPT = text("removed_at IS NULL")


class InboundWebhook(Base):
    """One thing that a provider told us, stored before it is looked at; the same again only raises `times`."""

    __tablename__ = "inbound_webhook"
    __table_args__ = (
        UniqueConstraint("provider", "key"),
        Index(
            "ix_inbound_webhook_unhandled", "next_try_at", "id", postgresql_where=_UNHANDLED, sqlite_where=_UNHANDLED
        ),
        Index("ix_inbound_webhook_status", "status", "id"),
        Index("ix_inbound_webhook_provider", "provider", "id"),
        Index("ix_inbound_webhook_reference", "reference", "id"),
    )

    id: Mapped[Key]
    provider: Mapped[Word]
    key: Mapped[Name]
    """What makes a repetition the same: the provider's id of it, or a digest of what it says."""
    event: Mapped[Name]
    reference: Mapped[Name | None]
    body: Mapped[str]
    status: Mapped[Word]
    result: Mapped[str | None]
    times: Mapped[int] = mapped_column(default=1)
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]


class IgnoredWebhookEvent(Base):
    """How often a provider told of something that the desk does nothing with, and the last of it as a sample."""

    __tablename__ = "ignored_webhook_event"

    provider: Mapped[Word] = mapped_column(primary_key=True)
    event: Mapped[Name] = mapped_column(primary_key=True)
    count: Mapped[int]
    body: Mapped[str]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class WebhookRefusal(Base):
    """How often in an hour something without a right signature came in a provider's name, and the last of it."""

    __tablename__ = "webhook_refusal"

    provider: Mapped[Word] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]
    reason: Mapped[str]
    origin: Mapped[Name | None]
    last_at: Mapped[datetime]


class WebhookEndpoint(Base):
    """An address that wants to be told of events. It is paused when it fails for too long."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (Index("ix_webhook_endpoint_kept", "id", postgresql_where=_KEPT, sqlite_where=_KEPT),)

    id: Mapped[Key]
    url: Mapped[str]
    description: Mapped[Name]
    events: Mapped[list[Any]] = mapped_column(Json)
    """Types of events, or `*`; `escrow.*` takes every event of escrows."""
    secret_encrypted: Mapped[str]
    former_secret_encrypted: Mapped[str | None]
    """The secret before that one, under which it is signed too, until `former_secret_until`."""
    former_secret_until: Mapped[datetime | None]
    batch_size: Mapped[int] = mapped_column(default=1, server_default="1")
    """How many events one call may have; 1 is an event by itself, more are a list."""
    parallel_calls: Mapped[int] = mapped_column(default=1, server_default="1")
    """How many calls at once; with more than one only the events of one thing come in order."""
    calls_per_minute: Mapped[int | None]
    """How many calls it takes at most, beside what all webhooks together may be; None for no limit of its own."""
    created_at: Mapped[datetime]
    created_by: Mapped[Name]
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    pause_reason: Mapped[str | None]
    removed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
