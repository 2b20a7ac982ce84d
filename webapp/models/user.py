"""People who sign in, their sessions, and the tokens of machines."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Table, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.models.base import Base, Json, Key, Name, Word

user_roles = Table(
    "user_roles",
    Base.metadata,
    Column("user_id", ForeignKey("desk_user.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("desk_role.id"), primary_key=True),
)


class Role(Base):
    """A role by its name; what it allows is code (`domain.permissions`)."""

    __tablename__ = "desk_role"

    id: Mapped[Key]
    name: Mapped[Word] = mapped_column(unique=True)


class User(Base):
    """A person who signs in."""

    __tablename__ = "desk_user"

    id: Mapped[Key]
    email: Mapped[Name] = mapped_column(unique=True)
    name: Mapped[Name]
    password: Mapped[Name | None]
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[Name] = mapped_column(unique=True)
    zone: Mapped[Word] = mapped_column(default="UTC")
    created_at: Mapped[datetime]
    tf_primary_method: Mapped[Word | None]
    tf_totp_secret: Mapped[str | None]
    tf_last_counter: Mapped[int | None]
    mf_recovery_codes: Mapped[list[Any] | None] = mapped_column(Json)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    demo: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    roles: Mapped[list[Role]] = relationship(secondary=user_roles, lazy="selectin")


class UserSession(Base):
    """One sign-in of a person, ended on the server when it ends."""

    __tablename__ = "user_session"
    __table_args__ = (Index("ix_user_session_user_id", "user_id", "id"),)

    id: Mapped[Key]
    token_hash: Mapped[Name] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("desk_user.id", ondelete="CASCADE"))
    origin: Mapped[Name | None]
    agent: Mapped[Name | None]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ApiToken(Base):
    """A machine's token, stored as a hash and shown once."""

    __tablename__ = "api_token"

    id: Mapped[Key]
    name: Mapped[Name]
    hash: Mapped[Name] = mapped_column(unique=True)
    prefix: Mapped[Word]
    scopes: Mapped[list[Any]] = mapped_column(Json)
    owner: Mapped[Name]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
