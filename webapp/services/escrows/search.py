"""Finding escrows by what people type: always by an index, never by reading the table."""

from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, union_all

from webapp.models import Dispute, Escrow, Order, Party
from webapp.services.common.lookup import parties_called
from webapp.sql import begins

ENOUGH = 1000
"""How many of each kind of match are looked at."""


def matching(words: str) -> ColumnElement[bool]:
    """Escrows whose reference, order, dispute or party begins with, or is, these words."""
    found = union_all(*[select(part.subquery()) for part in _ways(words)])
    return Escrow.id.in_(found)


def of_party(reference: str) -> ColumnElement[bool]:
    """Escrows whose buyer or seller is called so (`lookup.parties_called`)."""
    found = parties_called(reference)
    return or_(Escrow.buyer_id.in_(found), Escrow.seller_id.in_(found))


def _ways(words: str) -> list[Select[Any]]:
    party = select(Party.id).where(Party.ref == words).scalar_subquery()
    plain = [
        select(Escrow.id).where(begins(Escrow.ref, words)),
        select(Escrow.id).join(Order, Order.id == Escrow.order_id).where(begins(Order.ref, words)),
        select(Dispute.escrow_id).where(Dispute.ref == words),
    ]
    parties = [
        select(Escrow.id).where(side == party).order_by(Escrow.id.desc())
        for side in (Escrow.buyer_id, Escrow.seller_id)
    ]
    return [way.limit(ENOUGH) for way in (*plain, *parties)]
