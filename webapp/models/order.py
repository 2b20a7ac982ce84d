"""Orders: what was bought."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Currency, Json, Key, Minor, Name, Ref, Word

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


class OrderImport(Base):
    """A file of orders that somebody sent in the browser: checked by one run, and loaded by another once confirmed."""

    __tablename__ = "order_import"
    __table_args__ = (Index("ix_order_import_sha256", "sha256", "id"),)

    id: Mapped[Key]
    name: Mapped[Name]
    sha256: Mapped[Name]
    size: Mapped[int]
    status: Mapped[Word]
    """`checking`, `checked`, `unusable`, `loading`, `loaded`, `stopped` or `discarded`."""
    by_name: Mapped[Name]
    by_id: Mapped[int] = mapped_column(ForeignKey("desk_user.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    run_id: Mapped[int | None]
    """The run that checks it, or loads it."""
    skip_bad: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    stage: Mapped[Word | None]
    """What the run is at, with how far it is."""
    done: Mapped[int] = mapped_column(default=0, server_default="0")
    total: Mapped[int] = mapped_column(default=0, server_default="0")
    problem: Mapped[str | None]
    """Why none of it can be used, or why it was stopped, in a sentence."""
    figures: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """How many lines there are of each kind, and what is held by them: minor units per currency."""
    problems: Mapped[list[Any]] = mapped_column(Json, default=list)
    """Line and sentence of the first bad lines."""
    finished_at: Mapped[datetime | None]


class OrderImportPart(Base):
    """A piece of a file of orders, compressed: the file itself, or its rejected lines. Gone once it is loaded."""

    __tablename__ = "order_import_part"

    import_id: Mapped[int] = mapped_column(ForeignKey("order_import.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[Word] = mapped_column(primary_key=True)
    """`file` or `rejects`."""
    number: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
