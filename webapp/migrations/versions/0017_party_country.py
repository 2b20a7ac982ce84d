"""The country of a party."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("party", sa.Column("country", sa.String(2), nullable=True))
