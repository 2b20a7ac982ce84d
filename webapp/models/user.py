"""People who sign in, their sessions, and the tokens of machines."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint, exists, text
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from webapp.models.base import Base, Currency, Json, Key, Minor, Name, Word

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
    zone: Mapped[Word] = mapped_column(default="UTC")
    language: Mapped[Word] = mapped_column(default="", server_default="")
    """A code of `domain.languages`; empty where the browser says which."""
    created_at: Mapped[datetime]
    totp_secret: Mapped[str | None]
    """Encrypted; the second factor is on when it is there."""
    totp_counter: Mapped[int | None]
    """The time step of the last code taken, so that no code works twice."""
    recovery_codes: Mapped[list[Any] | None] = mapped_column(Json)
    """Hashes of those not used yet."""
    must_change_password: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Whether an administrator chose the password."""
    password_expires_at: Mapped[datetime | None]
    """Until when a password that an administrator chose lets its person in; their own does for good."""
    password_open_until: Mapped[datetime | None]
    """Until when their password is taken although PASSWORD_SIGN_IN is off: opened at the command line."""
    demo: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    if TYPE_CHECKING:
        has_passkeys: Mapped[bool]
    roles: Mapped[list[Role]] = relationship(secondary=user_roles, lazy="selectin")

    @property
    def has_second_factor(self) -> bool:
        """Whether the password alone signs nobody in: an authenticator app or a passkey is asked for."""
        return self.totp_secret is not None or self.has_passkeys


class Passkey(Base):
    """A credential of WebAuthn: the public key of which a person's device holds the private one."""

    __tablename__ = "passkey"
    __table_args__ = (
        UniqueConstraint("user_id", "name"),
        CheckConstraint("sign_count >= 0", name="sign_count"),
    )

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("desk_user.id", ondelete="CASCADE"))
    name: Mapped[Name]
    credential_id: Mapped[str] = mapped_column(String(1364), unique=True)
    """As its device named it, in base64url: up to 1,023 bytes."""
    public_key: Mapped[str]
    """COSE, in base64url."""
    sign_count: Mapped[int]
    """What its counter last said. One that does not rise was copied; 0 for devices that do not count."""
    transports: Mapped[list[Any]] = mapped_column(Json)
    """How the browser reaches it, so that it offers the right device: `internal`, `hybrid`, `usb`, …"""
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    """When its counter went back: since then it opens nothing."""


User.has_passkeys = column_property(exists().where(Passkey.user_id == User.id).correlate_except(Passkey))


class PasskeyChallenge(Base):
    """What a passkey is asked to sign: once, by one browser, for one purpose."""

    __tablename__ = "passkey_challenge"
    __table_args__ = (
        UniqueConstraint("bound_to", "purpose"),
        CheckConstraint("(subject_kind IS NULL) = (subject_id IS NULL)", name="subject"),
    )

    challenge: Mapped[Name] = mapped_column(primary_key=True)
    purpose: Mapped[Word]
    bound_to: Mapped[Name]
    """The sign-in that asked for it, or the browser that is half-way through one."""
    user_id: Mapped[int] = mapped_column(ForeignKey("desk_user.id", ondelete="CASCADE"), index=True)
    subject_kind: Mapped[Word | None]
    subject_id: Mapped[int | None]
    """What is approved by it, and nothing else."""
    expires_at: Mapped[datetime] = mapped_column(index=True)


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
    kept_form: Mapped[str | None] = mapped_column(Text, deferred=True)
    """Sealed: what was written in a form before this sign-in, until that form is shown."""
    method: Mapped[Word | None]
    """How it began: `password`, or `identity_provider`; None for one that is older than this column."""
    second_factor: Mapped[Word | None]
    """Whose second factor was asked: the desk's `code` or `passkey`, or the `identity_provider`'s own; or None."""
    confirmed_at: Mapped[datetime | None]
    """When the provider last asked the person again, for what the desk asks a password for otherwise."""


class OneTimeLink(Base):
    """A link that makes one person a user: the first administrator, or somebody who was invited.

    It ends with the user that came by it, or with none when it was withdrawn.
    """

    __tablename__ = "one_time_link"
    __table_args__ = (
        Index("ix_one_time_link_purpose", "purpose", "id"),
        CheckConstraint("user_id IS NULL OR ended_at IS NOT NULL", name="ended"),
    )

    id: Mapped[Key]
    purpose: Mapped[Word]
    token_hash: Mapped[Name] = mapped_column(unique=True)
    email: Mapped[Name | None]
    """Whom it is for; None where whoever opens it says."""
    roles: Mapped[list[Any]] = mapped_column(Json)
    made_by: Mapped[Name]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("desk_user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("desk_user.id", ondelete="CASCADE"))
    """Who came by it."""


class UserIdentity(Base):
    """Who a person is at an identity provider, by its word that never changes."""

    __tablename__ = "user_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("user_id", "issuer"))

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("desk_user.id", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    email: Mapped[Name]
    """The address that the provider named when they were linked; empty when an operator linked them by subject."""
    linked_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    id_token_encrypted: Mapped[str | None] = mapped_column(Text, deferred=True)
    """What the provider signed about the person last: it is shown to it again when they sign out there too."""


class FailedLogin(Base):
    """Failed sign-ins of one account or one address within a window."""

    __tablename__ = "failed_login"

    key: Mapped[Name] = mapped_column(primary_key=True)
    failures: Mapped[int]
    since: Mapped[datetime] = mapped_column(index=True)


class ApiToken(Base):
    """A machine's token, stored as a hash and shown once."""

    __tablename__ = "api_token"
    __table_args__ = (
        Index("ix_api_token_person_id", "person_id", "id"),
        Index("ix_api_token_parent_id", "parent_id", "id"),
    )

    id: Mapped[Key]
    name: Mapped[Name]
    hash: Mapped[Name] = mapped_column(unique=True)
    prefix: Mapped[Word]
    scopes: Mapped[list[Any]] = mapped_column(Json)
    owner: Mapped[Name]
    """Who made it: `user:7`, `token:3`, `cli:amina`."""
    person_id: Mapped[int | None] = mapped_column(ForeignKey("desk_user.id"))
    """The person behind it, also behind the token that made it; None when it was made at the command line."""
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("api_token.id"))
    """The token that made it."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    daily_limits: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """Most that it may book for parties a day, in minor units by currency."""
    person: Mapped[User | None] = relationship(lazy="selectin")


class TokenSpending(Base):
    """What a token booked for parties on one UTC day, in one currency."""

    __tablename__ = "token_spending"

    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id"), primary_key=True)
    day: Mapped[Word] = mapped_column(primary_key=True)
    currency: Mapped[Currency] = mapped_column(primary_key=True)
    amount: Mapped[Minor]
