"""Dates of escrows whose order was completed before completing one set them."""

from alembic import op

revision = "0010"
down_revision = "0009"

_BUFFER_DAYS = 7
"""The setting's default: what was promised when these orders were completed is not known here."""


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    later = (
        f"strftime('%Y-%m-%d %H:%M:%f', purchase_order.completed_at, '+{_BUFFER_DAYS} days') || '000'"
        if is_sqlite
        else f"purchase_order.completed_at + interval '{_BUFFER_DAYS} days'"
    )
    _set_date("completion", "purchase_order.completed_at")
    _set_date("buffer", later)


def _set_date(policy: str, date: str) -> None:
    mine = "purchase_order.id = escrow.order_id"
    op.execute(
        f"UPDATE escrow SET release_at = (SELECT {date} FROM purchase_order WHERE {mine}) "
        f"WHERE policy = '{policy}' AND status = 'held' AND release_at IS NULL AND EXISTS "
        f"(SELECT 1 FROM purchase_order WHERE {mine} AND status = 'completed' AND completed_at IS NOT NULL)"
    )
