"""What a day comes to over all tenants, and orders by when they were paid: by these a day's figures are made."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, index

revision = "0053"
down_revision = "0052"

_FIGURES = ("orders", "revenue", "new_customers", "products_sold", "tenants")


def upgrade() -> None:
    op.create_table(
        "analytics_total",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        *[sa.Column(name, BIG, nullable=False) for name in _FIGURES],
        sa.PrimaryKeyConstraint("day", "currency", name=op.f("pk_analytics_total")),
    )
    paid = "tenant IS NOT NULL AND paid_at IS NOT NULL"
    index("ix_purchase_order_paid", "purchase_order", ["paid_at", "id"], where=paid)
    index("ix_analytics_day_closed_at", "analytics_day", ["closed_at"])
