"""The day of each automatic deduction as a row of its own, and which jobs move money."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT

revision = "0014"
down_revision = "0013"

_ZONE = "Africa/Nairobi"
"""The setting's default: which zone was meant when these were taken is not known here. It has no summer time."""


def upgrade() -> None:
    op.create_table(
        "auto_deduction",
        sa.Column("party_id", BIG, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_auto_deduction_party_id"),
        sa.PrimaryKeyConstraint("party_id", "currency", "day", name="pk_auto_deduction"),
    )
    op.add_column("schedule", sa.Column("moves_money", sa.Boolean(), nullable=False, server_default=sa.text("true")))
    _fill()


def _fill() -> None:
    """Those that were taken, by the day of their posting; of several on one day the first."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    day = "date(transfer.at, '+3 hours')" if is_sqlite else f"(transfer.at AT TIME ZONE '{_ZONE}')::date"
    op.execute(
        f"INSERT INTO auto_deduction (party_id, currency, day, at) "
        f"SELECT account.party_id, transfer.currency, {day}, min(transfer.at) FROM transfer "
        f"JOIN entry ON entry.transfer_id = transfer.id JOIN account ON account.id = entry.account_id "
        f"WHERE transfer.reference LIKE 'auto-deduct-%' AND transfer.kind = 'repayment' "
        f"AND account.kind = 'receivable' "
        f"GROUP BY account.party_id, transfer.currency, {day}"
    )
