"""How many rows of a provider's list were skipped in a comparison."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.add_column("reconciliation", sa.Column("skipped", BIG, nullable=False, server_default="0"))
