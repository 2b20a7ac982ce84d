"""How far each process's clock is off."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("process", sa.Column("skew_ms", BIG, nullable=False, server_default="0"))
