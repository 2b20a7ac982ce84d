"""Payments that were collected besides another, under its reference."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("payment", sa.Column("duplicate_of_id", BIG, nullable=True))
    op.create_index("ix_payment_duplicate_of_id", "payment", ["duplicate_of_id"])
