"""What the marketplace tells of its shops: tenants, their products and customers, the lines of orders, and carts.

Each row has the marketplace's reference and its times, and `stored_at`: when the desk wrote the row last. Lines and
carts name their order and product twice: by number, which the database makes null when that goes, and by reference,
which stays. So what lost its order or product is found by a small index, however long the table.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Currency, Key, Minor, Name, PlainName, SoughtName, Word

_NO_ORDER = text("order_id IS NULL")
_NO_PRODUCT = text("product_id IS NULL")


class Tenant(Base):
    """A shop of the marketplace. An order names it by its reference."""

    __tablename__ = "tenant"
    __table_args__ = (
        CheckConstraint("grace_days IS NULL OR grace_days >= 0", name="grace_days"),
        Index("ix_tenant_name", "name", "id"),
    )

    id: Mapped[Key]
    ref: Mapped[str] = mapped_column(String(40).with_variant(String(40, collation="C"), "postgresql"), unique=True)
    name: Mapped[SoughtName]
    email: Mapped[Name | None]
    """Without one it gets no messages."""
    zone: Mapped[Word | None]
    """IANA; UTC when nothing is said."""
    language: Mapped[str | None] = mapped_column(String(2))
    """ISO 639-1, of its letters."""
    grace_days: Mapped[int | None]
    """Its own; else as the settings say."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]
    """Null while only orders name it, and the marketplace has told nothing of it."""
    stored_at: Mapped[datetime]
    demo: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class Product(Base):
    """What a tenant sells."""

    __tablename__ = "product"
    __table_args__ = (
        CheckConstraint("price IS NULL OR price >= 0", name="price"),
        CheckConstraint("(price IS NULL) = (currency IS NULL)", name="price_currency"),
        UniqueConstraint("tenant_id", "ref"),
        Index("ix_product_tenant_id_id", "tenant_id", "id"),
    )

    id: Mapped[Key]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    ref: Mapped[PlainName]
    name: Mapped[SoughtName]
    price: Mapped[Minor | None]
    currency: Mapped[Currency | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    stored_at: Mapped[datetime]


class Customer(Base):
    """Somebody who buys of a tenant: no more of them than a reference and a name."""

    __tablename__ = "customer"
    __table_args__ = (
        UniqueConstraint("tenant_id", "ref"),
        Index("ix_customer_tenant_id_id", "tenant_id", "id"),
        Index("ix_customer_created", "created_at", "tenant_id"),
    )

    id: Mapped[Key]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    ref: Mapped[PlainName]
    name: Mapped[SoughtName | None]
    created_at: Mapped[datetime]
    """New on this day."""
    updated_at: Mapped[datetime]
    stored_at: Mapped[datetime]


class OrderLine(Base):
    """So many of one product in an order, and what they cost together, in the order's currency."""

    __tablename__ = "order_line"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("amount >= 0", name="amount"),
        UniqueConstraint("tenant_id", "ref"),
        Index("ix_order_line_tenant_id_id", "tenant_id", "id"),
        Index("ix_order_line_no_order", "id", postgresql_where=_NO_ORDER, sqlite_where=_NO_ORDER),
    )

    id: Mapped[Key]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    ref: Mapped[PlainName]
    order_id: Mapped[int | None] = mapped_column(ForeignKey("purchase_order.id", ondelete="SET NULL"), index=True)
    """Null once its order is gone."""
    order_ref: Mapped[PlainName]
    product_ref: Mapped[PlainName]
    """Of the product as it was sold; it may be gone by now."""
    quantity: Mapped[int]
    amount: Mapped[Minor]
    currency: Mapped[Currency]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    stored_at: Mapped[datetime]


class CartItem(Base):
    """So many of one product that a customer, or nobody known, may buy."""

    __tablename__ = "cart_item"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        UniqueConstraint("tenant_id", "ref"),
        Index("ix_cart_item_tenant_id_id", "tenant_id", "id"),
        Index("ix_cart_item_age", "updated_at", "id"),
        Index("ix_cart_item_no_product", "id", postgresql_where=_NO_PRODUCT, sqlite_where=_NO_PRODUCT),
    )

    id: Mapped[Key]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    ref: Mapped[PlainName]
    customer_ref: Mapped[PlainName | None]
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id", ondelete="SET NULL"), index=True)
    """Null once its product is gone."""
    product_ref: Mapped[PlainName]
    quantity: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    """By this it is old: somebody may have come back to it."""
    stored_at: Mapped[datetime]
