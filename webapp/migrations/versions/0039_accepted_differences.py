"""A difference may be accepted by a person: when, by whom, and why; and how many of a comparison are."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.add_column("reconciliation", sa.Column("accepted", BIG, nullable=False, server_default="0"))
    op.add_column("difference", sa.Column("accepted_at", INSTANT))
    for name in ("accepted_by", "accepted_reason"):
        op.add_column("difference", sa.Column(name, sa.Text()))
