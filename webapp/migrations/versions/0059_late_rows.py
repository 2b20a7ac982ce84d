"""Days of which something came or went after it was told, and by which day each day was counted."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, index

revision = "0059"
down_revision = "0058"


def upgrade() -> None:
    op.create_table(
        "analytics_late_row",
        sa.Column("id", BIG, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_late_row")),
    )
    index("ix_analytics_late_row_day", "analytics_late_row", ["day"])
    op.add_column("analytics_day", sa.Column("counted_by", sa.String(10), nullable=False, server_default="utc"))
