"""When a provider was told to take no payment at a checkout's address any more."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import INSTANT, index

revision = "0029"
down_revision = "0028"
_MAY_BE_PAID = "provider = 'flutterwave' AND checkout_url IS NOT NULL AND checkout_ended_at IS NULL"


def upgrade() -> None:
    op.add_column("payment", sa.Column("checkout_ended_at", INSTANT, nullable=True))
    index("ix_payment_checkout", "payment", ["created_at"], where=_MAY_BE_PAID)
