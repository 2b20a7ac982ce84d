"""Standing orders without a percent or a minimum balance of their own: the settings' hold."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """SQLite writes the table anew; named here as it was, for it doesn't tell its checks."""
    with op.batch_alter_table("auto_deduct", copy_from=_as_it_was()) as table:
        table.alter_column("percent", existing_type=BIG, nullable=True)
        table.alter_column("minimum_balance", existing_type=BIG, nullable=True)


def _as_it_was() -> sa.Table:
    enabled = sa.text("enabled")
    return sa.Table(
        "auto_deduct",
        sa.MetaData(),
        sa.Column("id", BIG, nullable=False),
        sa.Column("party_id", BIG, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("percent", BIG, nullable=False),
        sa.Column("daily_max", BIG, nullable=True),
        sa.Column("minimum_balance", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("daily_max IS NULL OR daily_max > 0", name="ck_auto_deduct_daily_max"),
        sa.CheckConstraint("minimum_balance >= 0", name="ck_auto_deduct_minimum_balance"),
        sa.CheckConstraint("percent BETWEEN 1 AND 100", name="ck_auto_deduct_percent"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_auto_deduct_party_id"),
        sa.PrimaryKeyConstraint("id", name="pk_auto_deduct"),
        sa.UniqueConstraint("party_id", "currency", name="uq_auto_deduct_party_id_currency"),
        sa.Index("ix_auto_deduct_enabled", "id", postgresql_where=enabled, sqlite_where=enabled),
    )
