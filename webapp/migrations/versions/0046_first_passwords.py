"""Until when a password that an administrator chose can be used."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import INSTANT

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.add_column("desk_user", sa.Column("password_expires_at", INSTANT, nullable=True))
