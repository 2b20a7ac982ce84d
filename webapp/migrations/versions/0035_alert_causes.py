"""An alert knows what it has fired for, how often, and who said that it is over."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.add_column("alert", sa.Column("resolved_by", sa.String(200)))
    op.add_column("alert", sa.Column("resolved_why", sa.Text()))
    op.add_column("alert", sa.Column("causes", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("alert", sa.Column("times", BIG, nullable=False, server_default="1"))
