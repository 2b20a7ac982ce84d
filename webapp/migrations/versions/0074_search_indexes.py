"""What a search asks for beside references and amounts: telephones, addresses, and what providers call a payment."""

from webapp.migrations.online import index_online

revision = "0074"
down_revision = "0073"


def upgrade() -> None:
    index_online("ix_party_phone", "party", ["phone", "id"], postgresql_ops={"phone": "text_pattern_ops"})
    index_online("ix_party_email", "party", ["email", "id"], postgresql_ops={"email": "text_pattern_ops"})
    index_online("ix_payment_provider_id", "payment", ["provider_id"])
    index_online("ix_payout_provider_id", "payout", ["provider_id"])
