"""Telephones by their last digits, however they are written: the last five, without what stands between digits."""

import sqlalchemy as sa

from webapp.migrations.online import index_online

revision = "0076"
down_revision = "0075"

_DIGITS = "replace(replace(replace(replace(phone, ' ', ''), '-', ''), '(', ''), ')', '')"


def upgrade() -> None:
    index_online("ix_party_phone_end", "party", [sa.text(f"substr({_DIGITS}, length({_DIGITS}) - 4)"), "id"])
