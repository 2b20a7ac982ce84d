"""What providers and banks took back of payments, and chargebacks as the provider tells them when it is asked."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from webapp.migrations.columns import BIG, INSTANT, index

revision = "0018"
down_revision = "0017"


_OF_PAYMENT: tuple[sa.Column[Any], ...] = (
    sa.Column("taken_back_amount", BIG, nullable=False, server_default="0"),
    sa.Column("taken_back_decided", BIG, nullable=False, server_default="0"),
    sa.Column("taken_back_from", sa.String(40), nullable=True),
)
_OF_DISPUTE: tuple[sa.Column[Any], ...] = (
    sa.Column("amount", BIG, nullable=False, server_default="0"),
    sa.Column("currency", sa.String(3), nullable=False, server_default=""),
    sa.Column("covered_amount", BIG, nullable=False, server_default="0"),
    sa.Column("next_check_at", INSTANT, nullable=True),
    sa.Column("ended_at", INSTANT, nullable=True),
)


def upgrade() -> None:
    for column in _OF_PAYMENT:
        op.add_column("payment", column._copy())
    for column in _OF_DISPUTE:
        op.add_column("provider_dispute", column._copy())
    _ask_about_those_from_before()
    index("ix_provider_dispute_open", "provider_dispute", ["next_check_at", "id"], where="status = 'open'")


def _ask_about_those_from_before() -> None:
    """Their states are words of webhooks that nobody checked: each counts as open until its provider is asked."""
    payment = "SELECT {column} FROM payment WHERE payment.id = provider_dispute.payment_id"
    for column, otherwise in (("amount", "0"), ("currency", "''")):
        found = payment.format(column=column)
        op.execute(f"UPDATE provider_dispute SET {column} = COALESCE(({found}), {otherwise})")
    op.execute("UPDATE provider_dispute SET status = 'open', next_check_at = created_at")
