"""Earlier cases of the same parties: those between the same two first, closed ones only, and a bounded few."""

from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from tests.support.market import NOW, Market
from webapp.models import Dispute, Escrow
from webapp.runtime import Runtime
from webapp.services.read_models import past_cases


def closed_between(market: Market, buyer: int, seller: int, resolution: str = "refund_to_buyer") -> int:
    """A dispute between these two that ended so."""
    session = market.session
    dispute = market.dispute(market.escrow(10_000))
    session.execute(update(Escrow).where(Escrow.id == dispute.escrow_id).values(buyer_id=buyer, seller_id=seller))
    ended = {"status": "resolved", "resolution": resolution, "resolved_at": NOW}
    session.execute(update(Dispute).where(Dispute.id == dispute.id).values(**ended))
    return dispute.id


def found(session: Session, dispute: Dispute) -> list[tuple[int, bool]]:
    session.expire_all()
    escrow = session.get_one(Escrow, dispute.escrow_id)
    return [(past.dispute.id, past.of_both) for past in past_cases.of(session, dispute, escrow)]


def test_those_between_the_same_two_come_first_then_the_latest_of_either(runtime: Runtime, session: Session) -> None:
    market = Market(session, runtime)
    dispute = market.dispute()
    escrow = session.get_one(Escrow, dispute.escrow_id)
    buyer, seller, other = escrow.buyer_id, escrow.seller_id, market.party().id
    both = closed_between(market, buyer, seller)
    turned = closed_between(market, seller, buyer, "release_to_seller")
    of_seller = closed_between(market, other, seller)
    of_buyer = closed_between(market, buyer, other)
    closed_between(market, other, market.party().id)
    still_open = market.dispute()
    session.execute(update(Escrow).where(Escrow.id == still_open.escrow_id).values(buyer_id=buyer))
    assert found(session, dispute) == [(turned, True), (both, True), (of_buyer, False), (of_seller, False)]


def test_a_few_are_shown_and_only_so_many_escrows_are_looked_through(
    runtime: Runtime, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = Market(session, runtime)
    dispute = market.dispute()
    buyer = session.get_one(Escrow, dispute.escrow_id).buyer_id
    ids = [closed_between(market, buyer, market.party().id) for _number in range(past_cases.SHOWN + 2)]
    assert [number for number, _both in found(session, dispute)] == ids[:1:-1]
    monkeypatch.setattr(past_cases, "SOUGHT", 2)
    assert [number for number, _both in found(session, dispute)] == ids[:-3:-1]


def test_it_is_one_statement(runtime: Runtime, session: Session) -> None:
    dispute = Market(session, runtime).dispute()
    escrow = session.get_one(Escrow, dispute.escrow_id)
    statements: list[Any] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *sent: statements.append(sent[2]))
    past_cases.of(session, dispute, escrow)
    assert len(statements) == 1
    assert session.scalars(select(Dispute.id)).all() == [dispute.id]
