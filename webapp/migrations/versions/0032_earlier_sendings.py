"""A payout that was sent again remembers when it may have been sent before."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import INSTANT

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.add_column("payout", sa.Column("earlier_sent_at", INSTANT, nullable=True))
