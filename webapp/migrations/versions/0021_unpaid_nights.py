"""Payout schedules that could not be paid count the days on which that was so."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, index

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("payout_schedule", sa.Column("unpaid_nights", BIG, server_default="0", nullable=False))
    op.add_column("payout_schedule", sa.Column("unpaid_on", sa.Date(), nullable=True))
    index("ix_payout_schedule_unpaid", "payout_schedule", ["due_at", "id"], where="unpaid_nights > 2")
