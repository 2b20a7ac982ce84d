"""How many things of a comparison can't be judged yet, and under how many references there are two successes."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    for name in ("undecided", "collected_twice"):
        op.add_column("reconciliation", sa.Column(name, BIG, nullable=False, server_default="0"))
