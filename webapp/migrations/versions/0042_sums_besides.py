"""What came back in a run, and what of its amounts met debts."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.add_column("run", sa.Column("besides", sa.Text()))
