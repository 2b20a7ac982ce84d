"""Payouts that were paid after all wait for a person, and one whose account was changed for a word where it goes."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.add_column("payout", sa.Column("kept_despite_id", BIG, nullable=True))
    op.add_column("payout", sa.Column("paid_after_all_at", INSTANT, nullable=True))
    index("ix_payout_paid_after_all", "payout", ["paid_after_all_at", "id"], where="paid_after_all_at IS NOT NULL")
