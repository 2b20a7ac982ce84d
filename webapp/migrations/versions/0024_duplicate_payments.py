"""Payments that were collected besides another, under its reference."""

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    # Written out, since SQLite takes a reference only together with its column.
    kind = BIG.compile(dialect=op.get_bind().dialect)
    named = "CONSTRAINT fk_payment_duplicate_of_id"
    op.execute(sa.text(f"ALTER TABLE payment ADD COLUMN duplicate_of_id {kind} {named} REFERENCES payment (id)"))
    op.create_index("ix_payment_duplicate_of_id", "payment", ["duplicate_of_id"])
