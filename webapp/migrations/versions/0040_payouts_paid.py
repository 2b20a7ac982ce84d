"""When a payout was paid, by its provider's clock."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import INSTANT

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.add_column("payout", sa.Column("paid_at", INSTANT))
