"""Disputes, what is said and attached in them, and approvals."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index, plain_text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _dispute()
    _message()
    _evidence()
    _approval()


def _dispute() -> None:
    op.create_table(
        "dispute",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", plain_text(80), nullable=False),
        sa.Column("escrow_id", BIG, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("claimant", sa.String(40), nullable=False),
        sa.Column("reason_code", sa.String(40), nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("waiting_on", sa.String(40), nullable=True),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("paused_at", INSTANT, nullable=True),
        sa.Column("assignee_id", BIG, nullable=True),
        sa.Column("resolution", sa.String(40), nullable=True),
        sa.Column("resolution_code", sa.String(40), nullable=True),
        sa.Column("resolution_reason", sa.Text(), nullable=True),
        sa.Column("buyer_amount", BIG, nullable=True),
        sa.Column("seller_amount", BIG, nullable=True),
        sa.Column("resolved_at", INSTANT, nullable=True),
        sa.Column("resolved_by", sa.String(200), nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dispute"),
        sa.CheckConstraint("waiting_on IN ('buyer', 'seller')", name=op.f("ck_dispute_waiting_on")),
        sa.ForeignKeyConstraint(["assignee_id"], ["desk_user.id"], name="fk_dispute_assignee_id"),
        sa.ForeignKeyConstraint(["escrow_id"], ["escrow.id"], name="fk_dispute_escrow_id"),
        sa.UniqueConstraint("ref", name="uq_dispute_ref"),
    )
    index(
        "ix_dispute_assignee",
        "dispute",
        ["assignee_id", "due_at", "id"],
        where="status NOT IN ('resolved', 'withdrawn')",
    )
    index("ix_dispute_due", "dispute", ["due_at", "id"], where="status NOT IN ('resolved', 'withdrawn')")
    index("ix_dispute_escrow_id", "dispute", ["escrow_id", "id"])
    index("ix_dispute_status", "dispute", ["status", "due_at", "id"])
    index("uq_dispute_open", "dispute", ["escrow_id"], unique=True, where="status NOT IN ('resolved', 'withdrawn')")


def _message() -> None:
    op.create_table(
        "message",
        sa.Column("id", BIG, nullable=False),
        sa.Column("dispute_id", BIG, nullable=False),
        sa.Column("audience", sa.String(40), nullable=False),
        sa.Column("inbound", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("by_name", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.CheckConstraint("audience IN ('buyer', 'seller', 'internal')", name=op.f("ck_message_audience")),
        sa.ForeignKeyConstraint(["dispute_id"], ["dispute.id"], name="fk_message_dispute_id"),
    )
    index("ix_message_dispute_id", "message", ["dispute_id", "id"])


def _evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("id", BIG, nullable=False),
        sa.Column("dispute_id", BIG, nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("side", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(200), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("stored_as", sa.String(200), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("by_name", sa.String(200), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evidence"),
        sa.ForeignKeyConstraint(["dispute_id"], ["dispute.id"], name="fk_evidence_dispute_id"),
    )
    index("ix_evidence_dispute_id", "evidence", ["dispute_id", "id"])


def _approval() -> None:
    op.create_table(
        "approval",
        sa.Column("id", BIG, nullable=False),
        sa.Column("subject_kind", sa.String(40), nullable=False),
        sa.Column("subject_id", BIG, nullable=False),
        sa.Column("escrow_id", BIG, nullable=True),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("subject_version", BIG, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.String(40), nullable=False),
        sa.Column("proposed_by_name", sa.String(200), nullable=False),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("decided_by", sa.String(40), nullable=True),
        sa.Column("decided_by_name", sa.String(200), nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_approval"),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name=op.f("ck_approval_four_eyes")),
        sa.ForeignKeyConstraint(["escrow_id"], ["escrow.id"], name="fk_approval_escrow_id"),
    )
    index("ix_approval_proposed_by", "approval", ["proposed_by", "id"])
    index("ix_approval_status", "approval", ["status", "id"])
    index("ix_approval_subject", "approval", ["subject_kind", "subject_id", "id"])
    index("uq_approval_proposed", "approval", ["subject_kind", "subject_id"], unique=True, where="status = 'proposed'")
