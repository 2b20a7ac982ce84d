"""Alerts are found by what they are about."""

from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.create_index("ix_alert_subject", "alert", ["subject", "id"])
