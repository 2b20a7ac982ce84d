"""When a payout was first sent is another fact than when it was sent last."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import INSTANT

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.add_column("payout", sa.Column("first_sent_at", INSTANT, nullable=True))
    op.execute("UPDATE payout SET first_sent_at = coalesce(earlier_sent_at, sent_at)")
