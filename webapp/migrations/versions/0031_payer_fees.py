"""What a payer paid on top of the price, and when its provider says that it was paid."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.add_column("payment", sa.Column("payer_fee", BIG, nullable=False, server_default="0"))
    op.add_column("payment", sa.Column("paid_at", INSTANT, nullable=True))
