"""What each account's entries sum to, up to one of them: the hourly check of the books adds only what came since."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG

revision = "0063"
down_revision = "0062"


def upgrade() -> None:
    op.create_table(
        "account_checkpoint",
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("entry_id", BIG, nullable=False),
        sa.Column("balance", BIG, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_account_checkpoint"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_account_checkpoint_account_id"),
    )
