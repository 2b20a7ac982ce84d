"""Which payment was pending before a renewal, for when that is taken back."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import INSTANT

revision = "0058"
down_revision = "0057"


def upgrade() -> None:
    op.add_column("subscription", sa.Column("pending_before", INSTANT, nullable=True))
