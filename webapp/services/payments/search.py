"""Finding payments by what people type: always by an index, never by reading the table."""

from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, union_all

from webapp.models import Order, Party, Payment
from webapp.providers import catalogue
from webapp.services.common.lookup import parties_called
from webapp.sql import begins

ENOUGH = 1000
"""How many of each kind of match are looked at."""


def referenced(words: str) -> ColumnElement[bool]:
    """The payments with this very reference; it is unique only together with its provider."""
    return Payment.provider.in_(catalogue.payment_providers()) & (Payment.reference == words)


def matching(words: str) -> ColumnElement[bool]:
    """Payments with this reference, whose order begins with these words, or whose buyer or seller is this party."""
    return Payment.id.in_(union_all(*[select(way.subquery()) for way in _ways(words)]))


def of_party(reference: str) -> ColumnElement[bool]:
    """Payments for orders whose buyer or seller has this reference or name."""
    found = parties_called(reference)
    return Payment.order_id.in_(select(Order.id).where(or_(Order.buyer_id.in_(found), Order.seller_id.in_(found))))


def _ways(words: str) -> list[Select[Any]]:
    party = select(Party.id).where(Party.ref == words).scalar_subquery()
    of_orders = select(Payment.id).join(Order, Order.id == Payment.order_id)
    ways = [
        select(Payment.id).where(referenced(words)),
        of_orders.where(begins(Order.ref, words)),
        *[of_orders.where(side == party).order_by(Payment.id.desc()) for side in (Order.buyer_id, Order.seller_id)],
    ]
    return [way.limit(ENOUGH) for way in ways]
