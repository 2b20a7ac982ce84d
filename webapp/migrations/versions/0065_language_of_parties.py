"""The language and the zone in which a party is written to, and a tenant's language."""

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"


def upgrade() -> None:
    op.add_column("party", sa.Column("language", sa.String(2), nullable=True))
    op.add_column("party", sa.Column("zone", sa.String(40), nullable=True))
    op.add_column("tenant", sa.Column("language", sa.String(2), nullable=True))
