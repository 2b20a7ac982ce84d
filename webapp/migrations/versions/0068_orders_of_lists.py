"""What lists are sorted by: amounts within their currency, when a proposal lapses, a dispute's deadline."""

from webapp.migrations.online import index_online

revision = "0068"
down_revision = "0067"


def upgrade() -> None:
    for table in ("escrow", "payment", "payout", "approval"):
        index_online(f"ix_{table}_amount", table, ["currency", "amount", "id"])
    index_online("ix_approval_expires", "approval", ["expires_at", "id"])
    index_online("ix_dispute_deadline", "dispute", ["due_at", "id"])
