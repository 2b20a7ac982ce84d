"""How an endpoint of webhooks wants its events: so many in a call, calls at once, and calls in a minute."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG

revision = "0066"
down_revision = "0065"


def upgrade() -> None:
    table = "webhook_endpoint"
    op.add_column(table, sa.Column("batch_size", BIG, nullable=False, server_default="1"))
    op.add_column(table, sa.Column("parallel_calls", BIG, nullable=False, server_default="1"))
    op.add_column(table, sa.Column("calls_per_minute", BIG, nullable=True))
