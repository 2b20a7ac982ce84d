"""The external ledger, and comparisons of our books with others'."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    _mirror()
    _mirror_account()
    _reconciliation()
    _difference()


def _mirror() -> None:
    op.create_table(
        "mirror",
        sa.Column("transfer_id", BIG, nullable=False, autoincrement=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("attempts", BIG, nullable=False, server_default="0"),
        sa.Column("next_try_at", INSTANT, nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("transfer_id", name="pk_mirror"),
    )
    index("ix_mirror_status", "mirror", ["status", "transfer_id"])
    index("ix_mirror_waiting", "mirror", ["next_try_at", "transfer_id"], where="status IN ('waiting', 'sending')")


def _mirror_account() -> None:
    op.create_table(
        "mirror_account",
        sa.Column("account_id", BIG, nullable=False, autoincrement=False),
        sa.Column("balance_id", sa.String(200), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_mirror_account"),
    )


def _reconciliation() -> None:
    op.create_table(
        "reconciliation",
        sa.Column("id", BIG, nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("run_id", BIG, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("since", INSTANT, nullable=True),
        sa.Column("until", INSTANT, nullable=True),
        sa.Column("matched", BIG, nullable=False),
        sa.Column("missing_here", BIG, nullable=False),
        sa.Column("missing_there", BIG, nullable=False),
        sa.Column("different", BIG, nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_reconciliation"),
    )
    index("ix_reconciliation_source", "reconciliation", ["source", "id"])


def _difference() -> None:
    op.create_table(
        "difference",
        sa.Column("id", BIG, nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("currency", sa.String(3), nullable=True),
        sa.Column("ours", BIG, nullable=True),
        sa.Column("theirs", BIG, nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.String(40), nullable=True),
        sa.Column("subject_id", BIG, nullable=True),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.Column("last_seen_at", INSTANT, nullable=False),
        sa.Column("resolved_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_difference"),
    )
    index("ix_difference_source", "difference", ["source", "id"])
    index("uq_difference_open", "difference", ["source", "reference"], unique=True, where="resolved_at IS NULL")
