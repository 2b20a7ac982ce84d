"""What an approved proposal posted is kept with it."""

import sqlalchemy as sa
from alembic import op

revision = "0078"
down_revision = "0077"


def upgrade() -> None:
    op.add_column("approval", sa.Column("posted", sa.Text(), nullable=True))
