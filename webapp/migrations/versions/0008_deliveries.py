"""What goes out: endpoints of webhooks, and deliveries in their lanes."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index, plain_text

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    _webhook_endpoint()
    _delivery()


def _webhook_endpoint() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", BIG, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.String(200), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("secret_sealed", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("failures", BIG, nullable=False),
        sa.Column("failing_since", INSTANT, nullable=True),
        sa.Column("paused_at", INSTANT, nullable=True),
        sa.Column("paused_why", sa.Text(), nullable=True),
        sa.Column("removed_at", INSTANT, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoint"),
    )
    index("ix_webhook_endpoint_kept", "webhook_endpoint", ["id"], where="removed_at IS NULL")


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", BIG, nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("lane", plain_text(80), nullable=False),
        sa.Column("endpoint_id", BIG, nullable=True),
        sa.Column("event_id", BIG, nullable=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject_kind", sa.String(40), nullable=False),
        sa.Column("subject_id", BIG, nullable=False),
        sa.Column("recipient", sa.String(200), nullable=True),
        sa.Column("title", sa.String(200), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("attempts", BIG, nullable=False, server_default="0"),
        sa.Column("next_try_at", INSTANT, nullable=False),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("answer_status", BIG, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("delivered_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoint.id"], name="fk_delivery_endpoint_id"),
        sa.UniqueConstraint("key", name="uq_delivery_key"),
    )
    index("ix_delivery_channel", "delivery", ["channel", "id"])
    index("ix_delivery_channel_status", "delivery", ["channel", "status", "id"])
    index("ix_delivery_endpoint_id", "delivery", ["endpoint_id", "id"])
    index("ix_delivery_lane", "delivery", ["lane", "id"], where="status = 'waiting'")
    index("ix_delivery_subject", "delivery", ["subject_kind", "subject_id", "id"])
    index("ix_delivery_waiting", "delivery", ["next_try_at", "id"], where="status = 'waiting'")
