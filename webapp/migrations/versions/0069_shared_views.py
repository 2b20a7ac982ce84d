"""Views of lists that everybody who sees the list sees."""

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"


def upgrade() -> None:
    op.add_column("saved_view", sa.Column("shared", sa.Boolean(), nullable=False, server_default=sa.text("false")))
