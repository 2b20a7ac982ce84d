"""The language in which somebody reads the desk."""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"


def upgrade() -> None:
    op.add_column("desk_user", sa.Column("language", sa.String(40), nullable=False, server_default=""))
