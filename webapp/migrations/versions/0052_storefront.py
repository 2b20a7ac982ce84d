"""Tenants with their products, customers, lines and carts, their subscriptions, and their figures.

A tenant that orders name is made with them; orders go on naming it by its reference.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index, plain_text

revision = "0052"
down_revision = "0051"

_NAMED_BY_ORDERS = """
INSERT INTO tenant (ref, name, created_at, stored_at, demo)
SELECT bought.tenant, bought.tenant, min(bought.created_at), min(bought.created_at),
       count(CASE WHEN buyer.demo THEN 1 END) = count(*)
FROM purchase_order AS bought JOIN party AS buyer ON buyer.id = bought.buyer_id
WHERE bought.tenant IS NOT NULL GROUP BY bought.tenant
"""


def upgrade() -> None:
    _tenants()
    _products_and_customers()
    _order_lines()
    _cart_items()
    _subscriptions()
    _figures()
    _orders()


def _tenants() -> None:
    op.create_table(
        "tenant",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", plain_text(40), nullable=False),
        sa.Column("name", plain_text(200), nullable=False),
        sa.Column("email", sa.String(200), nullable=True),
        sa.Column("zone", sa.String(40), nullable=True),
        sa.Column("grace_days", BIG, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=True),
        sa.Column("stored_at", INSTANT, nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("grace_days IS NULL OR grace_days >= 0", name=op.f("ck_tenant_grace_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("ref", name=op.f("uq_tenant_ref")),
    )
    index("ix_tenant_name", "tenant", ["name", "id"])


def _products_and_customers() -> None:
    op.create_table(
        "product",
        *_of_tenant("product"),
        sa.Column("name", plain_text(200), nullable=False),
        sa.Column("price", BIG, nullable=True),
        sa.Column("currency", sa.String(3), nullable=True),
        *_times(),
        sa.CheckConstraint("price IS NULL OR price >= 0", name=op.f("ck_product_price")),
        sa.CheckConstraint("(price IS NULL) = (currency IS NULL)", name=op.f("ck_product_price_currency")),
    )
    index("ix_product_tenant_id_id", "product", ["tenant_id", "id"])
    op.create_table("customer", *_of_tenant("customer"), sa.Column("name", plain_text(200), nullable=True), *_times())
    index("ix_customer_tenant_id_id", "customer", ["tenant_id", "id"])
    index("ix_customer_created", "customer", ["created_at", "tenant_id"])


def _order_lines() -> None:
    op.create_table(
        "order_line",
        *_of_tenant("order_line"),
        sa.Column("order_id", BIG, nullable=True),
        sa.Column("order_ref", plain_text(80), nullable=False),
        sa.Column("product_ref", plain_text(80), nullable=False),
        sa.Column("quantity", BIG, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        *_times(),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_line_quantity")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_order_line_amount")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["purchase_order.id"], name=op.f("fk_order_line_order_id"), ondelete="SET NULL"
        ),
    )
    index("ix_order_line_tenant_id_id", "order_line", ["tenant_id", "id"])
    index("ix_order_line_order_id", "order_line", ["order_id"])
    index("ix_order_line_no_order", "order_line", ["id"], where="order_id IS NULL")


def _cart_items() -> None:
    op.create_table(
        "cart_item",
        *_of_tenant("cart_item"),
        sa.Column("customer_ref", plain_text(80), nullable=True),
        sa.Column("product_id", BIG, nullable=True),
        sa.Column("product_ref", plain_text(80), nullable=False),
        sa.Column("quantity", BIG, nullable=False),
        *_times(),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_cart_item_quantity")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_cart_item_product_id"), ondelete="SET NULL"
        ),
    )
    index("ix_cart_item_tenant_id_id", "cart_item", ["tenant_id", "id"])
    index("ix_cart_item_product_id", "cart_item", ["product_id"])
    index("ix_cart_item_age", "cart_item", ["updated_at", "id"])
    index("ix_cart_item_no_product", "cart_item", ["id"], where="product_id IS NULL")


def _subscriptions() -> None:
    op.create_table(
        "subscription",
        sa.Column("id", BIG, nullable=False),
        sa.Column("tenant_id", BIG, nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("expire_date", INSTANT, nullable=False),
        sa.Column("payment_pending_since", INSTANT, nullable=True),
        sa.Column("suspended_by_hand", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("status IN ('active', 'expired', 'suspended')", name=op.f("ck_subscription_status")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_subscription_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("tenant_id", name=op.f("uq_subscription_tenant_id")),
    )
    index("ix_subscription_status", "subscription", ["status", "expire_date", "id"])


def _figures() -> None:
    op.create_table(
        "tenant_daily_figure",
        sa.Column("tenant_id", BIG, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("orders", BIG, nullable=False),
        sa.Column("revenue", BIG, nullable=False),
        sa.Column("new_customers", BIG, nullable=False),
        sa.Column("products_sold", BIG, nullable=False),
        sa.CheckConstraint(
            "orders >= 0 AND revenue >= 0 AND new_customers >= 0 AND products_sold >= 0",
            name=op.f("ck_tenant_daily_figure_not_negative"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_tenant_daily_figure_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "day", "currency", name=op.f("pk_tenant_daily_figure")),
    )
    index("ix_tenant_daily_figure_day", "tenant_daily_figure", ["day", "tenant_id"])
    op.create_table(
        "analytics_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tenants", BIG, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=False),
        sa.Column("run_id", BIG, nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_analytics_day")),
    )


def _orders() -> None:
    """Orders of a tenant, and of all tenants, by when they were made."""
    if op.get_bind().dialect.name != "sqlite":
        # As the tenant's reference: compared byte by byte, or no index serves both.
        op.alter_column("purchase_order", "tenant", type_=plain_text(40), existing_nullable=True)
    index("ix_purchase_order_tenant", "purchase_order", ["tenant", "created_at", "id"], where="tenant IS NOT NULL")
    index("ix_purchase_order_day", "purchase_order", ["created_at", "id"], where="tenant IS NOT NULL")
    op.execute(_NAMED_BY_ORDERS)


def _of_tenant(table: str) -> tuple[Any, ...]:
    """What each row of a tenant has: its number, its tenant, and its reference there."""
    return (
        sa.Column("id", BIG, nullable=False),
        sa.Column("tenant_id", BIG, nullable=False),
        sa.Column("ref", plain_text(80), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f(f"fk_{table}_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("tenant_id", "ref", name=op.f(f"uq_{table}_tenant_id_ref")),
    )


def _times() -> tuple[sa.Column[Any], ...]:
    return tuple(sa.Column(name, INSTANT, nullable=False) for name in ("created_at", "updated_at", "stored_at"))
