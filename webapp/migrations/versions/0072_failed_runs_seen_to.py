"""When somebody took a failed run off the list of those that need somebody."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import INSTANT

revision = "0072"
down_revision = "0071"


def upgrade() -> None:
    op.add_column("run", sa.Column("dismissed_at", INSTANT, nullable=True))
