"""How much of what a bank took is booked: what was decided about before this was known is booked whole."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG

revision = "0033"
down_revision = "0032"
_DECIDED = "SELECT id FROM payment WHERE taken_back_amount = taken_back_decided"


def upgrade() -> None:
    op.add_column("provider_dispute", sa.Column("booked_amount", BIG, nullable=False, server_default="0"))
    op.execute(
        "UPDATE provider_dispute SET booked_amount = amount - covered_amount "
        f"WHERE status IN ('lost', 'accepted') AND payment_id IN ({_DECIDED})"
    )
