"""Payments that providers are asked about, refunds and chargebacks, placements, and what providers told us."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index, plain_text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _payments_that_are_asked_about()
    _refund()
    _provider_dispute()
    _incoming_webhook()
    _webhook_refusal()
    _provider_state()
    _provider_token()
    op.add_column("escrow", sa.Column("placement", plain_text(80), nullable=True))
    index("ix_escrow_placement", "escrow", ["placement", "id"], where="placement IS NOT NULL")
    index("ix_purchase_order_unpaid", "purchase_order", ["created_at", "id"], where="status = 'awaiting_payment'")


def _payments_that_are_asked_about() -> None:
    for column in (
        sa.Column("checkout_url", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.String(40), nullable=True),
        sa.Column("next_check_at", INSTANT, nullable=True),
        sa.Column("first_checked_at", INSTANT, nullable=True),
        sa.Column("last_checked_at", INSTANT, nullable=True),
        sa.Column("checks", BIG, nullable=False, server_default="0"),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("seen_amount", BIG, nullable=True),
        sa.Column("seen_currency", sa.String(3), nullable=True),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("version", BIG, nullable=False, server_default="1"),
    ):
        op.add_column("payment", column)
    index("ix_payment_pending", "payment", ["next_check_at", "id"], where="status = 'pending'")
    index("ix_payment_status", "payment", ["status", "id"])


def _refund() -> None:
    op.create_table(
        "refund",
        sa.Column("id", BIG, nullable=False),
        sa.Column("payment_id", BIG, nullable=False),
        sa.Column("party_id", BIG, nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("provider_id", sa.String(40), nullable=True),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("next_try_at", INSTANT, nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_refund"),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name="fk_refund_payment_id"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_refund_party_id"),
        sa.UniqueConstraint("payment_id", name="uq_refund_payment_id"),
    )
    index("ix_refund_open", "refund", ["next_try_at", "id"], where="status IN ('waiting', 'sending', 'pending')")
    index("ix_refund_party_id", "refund", ["party_id"])


def _provider_dispute() -> None:
    op.create_table(
        "provider_dispute",
        sa.Column("id", BIG, nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("payment_id", BIG, nullable=True),
        sa.Column("dispute_id", BIG, nullable=True),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("category", sa.String(200), nullable=True),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_provider_dispute"),
        sa.ForeignKeyConstraint(["dispute_id"], ["dispute.id"], name="fk_provider_dispute_dispute_id"),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name="fk_provider_dispute_payment_id"),
        sa.UniqueConstraint("provider", "number", name="uq_provider_dispute_provider_number"),
    )
    index("ix_provider_dispute_dispute_id", "provider_dispute", ["dispute_id"])
    index("ix_provider_dispute_payment_id", "provider_dispute", ["payment_id"])


def _incoming_webhook() -> None:
    op.create_table(
        "incoming_webhook",
        sa.Column("id", BIG, nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("event", sa.String(200), nullable=False),
        sa.Column("reference", sa.String(200), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("times", BIG, nullable=False),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("next_try_at", INSTANT, nullable=True),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("handled_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_incoming_webhook"),
        sa.UniqueConstraint("provider", "key", name="uq_incoming_webhook_provider_key"),
    )
    index("ix_incoming_webhook_provider", "incoming_webhook", ["provider", "id"])
    index("ix_incoming_webhook_status", "incoming_webhook", ["status", "id"])
    index("ix_incoming_webhook_unhandled", "incoming_webhook", ["next_try_at", "id"], where="status = 'received'")


def _webhook_refusal() -> None:
    op.create_table(
        "webhook_refusal",
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("hour", INSTANT, nullable=False),
        sa.Column("count", BIG, nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(200), nullable=True),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("provider", "hour", name="pk_webhook_refusal"),
    )


def _provider_state() -> None:
    op.create_table(
        "provider_state",
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("failures", BIG, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=True),
        sa.Column("last_ok_at", INSTANT, nullable=True),
        sa.Column("last_failure_at", INSTANT, nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("provider", name="pk_provider_state"),
    )


def _provider_token() -> None:
    op.create_table(
        "provider_token",
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("refreshed_at", INSTANT, nullable=True),
        sa.Column("failures", BIG, nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("provider", name="pk_provider_token"),
    )
