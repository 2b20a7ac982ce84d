"""What goes out, what was answered before, and what admins have set."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json, Key, Name, PlainName, Word

_UNSENT = text("sent_at IS NULL")
_WAITING = text("status = 'waiting'")


class Event(Base):
    """A fact told to other systems, written with the action and sent after it."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_unsent", "id", postgresql_where=_UNSENT, sqlite_where=_UNSENT),)

    id: Mapped[Key]
    type: Mapped[Word]
    subject_kind: Mapped[Word]
    subject_id: Mapped[int]
    payload: Mapped[str]
    at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class Delivery(Base):
    """Something to send: a webhook, an email, an SMS, a chat message. Those of one lane go in order, one at a time.

    `key` makes writing it twice harmless. `lease_until` is how long the process that sends it has.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_waiting", "next_try_at", "id", postgresql_where=_WAITING, sqlite_where=_WAITING),
        Index("ix_delivery_lane", "lane", "id", postgresql_where=_WAITING, sqlite_where=_WAITING),
        Index("ix_delivery_channel", "channel", "id"),
        Index("ix_delivery_channel_status", "channel", "status", "id"),
        Index("ix_delivery_endpoint_id", "endpoint_id", "id"),
        Index("ix_delivery_subject", "subject_kind", "subject_id", "id"),
    )

    id: Mapped[Key]
    key: Mapped[Name] = mapped_column(unique=True)
    channel: Mapped[Word]
    lane: Mapped[PlainName]
    endpoint_id: Mapped[int | None] = mapped_column(ForeignKey("webhook_endpoint.id"))
    event_id: Mapped[int | None]
    kind: Mapped[Word]
    subject_kind: Mapped[Word]
    subject_id: Mapped[int]
    recipient: Mapped[Name | None]
    title: Mapped[Name | None]
    body: Mapped[str]
    status: Mapped[Word]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    next_try_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str | None]
    response_status: Mapped[int | None]
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]


class Idempotency(Base):
    """The first answer to a write, by actor and key."""

    __tablename__ = "idempotency"

    actor: Mapped[Word] = mapped_column(primary_key=True)
    key: Mapped[Name] = mapped_column(primary_key=True)
    request_hash: Mapped[Name]
    status: Mapped[int | None]
    answer: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(index=True)


class StoredSetting(Base):
    """What admins changed in the desk; it wins over the environment."""

    __tablename__ = "stored_setting"

    name: Mapped[Word] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(Json)
    changed_at: Mapped[datetime]
    changed_by: Mapped[Name]


class SavedView(Base):
    """A list with its filters, saved by name for one person, or shared by that person.

    `screen` is the path of the list without its first slash.
    """

    __tablename__ = "saved_view"
    __table_args__ = (
        UniqueConstraint("user_id", "screen", "name"),
        Index("ix_saved_view_shared", "screen", postgresql_where=text("shared"), sqlite_where=text("shared")),
    )

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("desk_user.id"))
    screen: Mapped[Word]
    name: Mapped[Name]
    query: Mapped[str]
    shared: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
