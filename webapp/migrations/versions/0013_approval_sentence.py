"""A proposal says what it would do, with what the seller gets after the fee."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("approval", sa.Column("sentence", sa.Text(), nullable=True))
