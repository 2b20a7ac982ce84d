"""What a renewal or an extension can be taken back to, and which reminders a tenant has had."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    op.add_column("subscription", sa.Column("date_before", INSTANT, nullable=True))
    op.create_table(
        "subscription_reminder",
        sa.Column("subscription_id", BIG, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("period", INSTANT, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_subscription_reminder_subscription_id")
        ),
        sa.PrimaryKeyConstraint("subscription_id", "kind", "period", name=op.f("pk_subscription_reminder")),
    )
