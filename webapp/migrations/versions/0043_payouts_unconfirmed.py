"""Whether a payout that counts as paid was paid by its provider's word, or by two people's alone."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    op.add_column("payout", sa.Column("is_unconfirmed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(
        "UPDATE payout SET is_unconfirmed = true WHERE status = 'succeeded' AND paid_at IS NULL AND id IN "
        "(SELECT subject_id FROM audit WHERE subject_kind = 'payout' AND action = 'payout.mark_paid')"
    )
