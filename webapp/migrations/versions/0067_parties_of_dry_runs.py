"""How many parties a dry run would pay, or take from."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG

revision = "0067"
down_revision = "0066"


def upgrade() -> None:
    op.add_column("run", sa.Column("parties", BIG, nullable=True))
