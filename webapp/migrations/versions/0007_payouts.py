"""Payouts, where they go, and their schedules."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index, plain_text

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    _payout_destination()
    _payout_schedule()
    _payout()


def _payout_destination() -> None:
    op.create_table(
        "payout_destination",
        sa.Column("id", BIG, nullable=False),
        sa.Column("party_id", BIG, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("bank_code", sa.String(40), nullable=False),
        sa.Column("account_name", sa.String(200), nullable=False),
        sa.Column("account_sealed", sa.Text(), nullable=False),
        sa.Column("account_ending", sa.String(40), nullable=False),
        sa.Column("recipient", sa.String(200), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("retired_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_payout_destination"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_payout_destination_party_id"),
    )
    index("ix_payout_destination_party_id", "payout_destination", ["party_id"])
    index(
        "uq_payout_destination_in_use",
        "payout_destination",
        ["party_id", "currency"],
        unique=True,
        where="retired_at IS NULL",
    )


def _payout_schedule() -> None:
    op.create_table(
        "payout_schedule",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", plain_text(80), nullable=False),
        sa.Column("party_id", BIG, nullable=False),
        sa.Column("placement", plain_text(80), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("guarantee_completion_date", INSTANT, nullable=True),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("retry_count", BIG, nullable=False),
        sa.Column("last_retry_at", INSTANT, nullable=True),
        sa.Column("payout_id", BIG, nullable=True),
        sa.Column("processed_at", INSTANT, nullable=True),
        sa.Column("failure_reason", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payout_schedule"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payout_schedule_amount")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_payout_schedule_party_id"),
        sa.UniqueConstraint("ref", name="uq_payout_schedule_ref"),
    )
    index("ix_payout_schedule_due", "payout_schedule", ["due_at", "id"], where="status IN ('pending', 'processing')")
    index("ix_payout_schedule_party_id", "payout_schedule", ["party_id", "id"])
    index("ix_payout_schedule_placement", "payout_schedule", ["placement", "id"])
    index("ix_payout_schedule_status", "payout_schedule", ["status", "id"])


def _payout() -> None:
    op.create_table(
        "payout",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", plain_text(80), nullable=False),
        sa.Column("party_id", BIG, nullable=False),
        sa.Column("destination_id", BIG, nullable=False),
        sa.Column("schedule_id", BIG, nullable=True),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("provider_id", sa.String(40), nullable=True),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("next_try_at", INSTANT, nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payout"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payout_amount")),
        sa.ForeignKeyConstraint(["schedule_id"], ["payout_schedule.id"], name="fk_payout_schedule_id"),
        sa.ForeignKeyConstraint(["destination_id"], ["payout_destination.id"], name="fk_payout_destination_id"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_payout_party_id"),
        sa.UniqueConstraint("ref", name="uq_payout_ref"),
    )
    index("ix_payout_destination_id", "payout", ["destination_id"])
    index("ix_payout_party_id", "payout", ["party_id", "id"])
    index("ix_payout_schedule_id", "payout", ["schedule_id", "id"])
    index("ix_payout_status", "payout", ["status", "id"])
    index("ix_payout_unsettled", "payout", ["next_try_at", "id"], where="status IN ('pending', 'sending', 'sent')")
