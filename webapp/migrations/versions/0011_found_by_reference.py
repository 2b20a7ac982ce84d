"""What providers told us is found by the reference that it is about."""

from webapp.migrations.columns import index

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    index("ix_incoming_webhook_reference", "incoming_webhook", ["reference", "id"])
