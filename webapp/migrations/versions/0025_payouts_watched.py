"""Payouts that were paid are asked about for a while, doubtful ones are marked, and a provider may pause them all."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index

revision = "0025"
down_revision = "0024"
_WATCHED = timedelta(days=30)


def upgrade() -> None:
    op.add_column("payout_destination", sa.Column("account_reference", sa.String(40), nullable=True))
    op.add_column("payout", sa.Column("look_again_at", INSTANT, nullable=True))
    op.add_column("payout", sa.Column("doubted_at", INSTANT, nullable=True))
    op.add_column("payout", sa.Column("needs_person", sa.Boolean(), server_default=sa.false(), nullable=False))
    index("ix_payout_look_again", "payout", ["look_again_at", "id"], where="look_again_at IS NOT NULL")
    index("ix_payout_doubted", "payout", ["doubted_at", "id"], where="doubted_at IS NOT NULL")
    op.create_table(
        "payout_pause",
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("payout_id", BIG, nullable=True),
        sa.Column("probe_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_payout_pause")),
    )
    _watch_the_newest()


def _watch_the_newest() -> None:
    """Those that were paid lately may come back as any other."""
    payout = sa.table(
        "payout",
        sa.column("status", sa.String),
        sa.column("settled_at", INSTANT),
        sa.column("look_again_at", INSTANT),
    )
    newest = (payout.c.status == "succeeded", payout.c.settled_at > datetime.now(UTC) - _WATCHED)
    op.execute(payout.update().where(*newest).values(look_again_at=payout.c.settled_at))
