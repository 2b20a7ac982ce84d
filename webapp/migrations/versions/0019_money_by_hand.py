"""Limits of tokens for money of parties, and payout destinations that wait."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("api_token", sa.Column("daily_limits", sa.Text(), nullable=True))
    op.create_table(
        "token_spending",
        sa.Column("token_id", BIG, nullable=False),
        sa.Column("day", sa.String(40), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.PrimaryKeyConstraint("token_id", "day", "currency", name="pk_token_spending"),
        sa.ForeignKeyConstraint(["token_id"], ["api_token.id"], name="fk_token_spending_token_id"),
    )
    op.add_column("payout_destination", sa.Column("created_by_key", sa.String(40), nullable=True))
    op.add_column("payout_destination", sa.Column("effective_at", INSTANT, nullable=True))
    op.add_column("payout_destination", sa.Column("approved_by", sa.String(200), nullable=True))
