"""Freezes are lifted each by its own end."""

import pytest

from tests.support.market import AMINA, BOSCO, DIVINE, NOW, Market, undone
from webapp.errors import Conflict, Overtaken
from webapp.services.escrows import freezes


def test_the_freeze_of_a_dispute_is_lifted_by_deciding_the_dispute(market: Market) -> None:
    escrow = market.escrow()
    market.dispute(escrow)
    [found] = freezes.open_freezes(market.session, escrow.id)
    with pytest.raises(Conflict, match="belongs to a dispute"), undone(market.session):
        freezes.unfreeze(market.session, found.id, "Looked at.", at=NOW, actor=DIVINE)
    assert [each.id for each in freezes.open_freezes(market.session, escrow.id)] == [found.id]


def test_each_person_freezes_once_and_one_freeze_is_lifted_once(market: Market) -> None:
    escrow = market.escrow()
    first = freezes.freeze(market.session, escrow.id, "Odd address.", at=NOW, actor=AMINA)
    with pytest.raises(Conflict, match="You froze"), undone(market.session):
        freezes.freeze(market.session, escrow.id, "Still odd.", at=NOW, actor=AMINA)
    freezes.freeze(market.session, escrow.id, "Odd to me too.", at=NOW, actor=BOSCO)
    freezes.unfreeze(market.session, first.id, "Looked at.", at=NOW, actor=DIVINE)
    with pytest.raises(Overtaken, match="lifted already"), undone(market.session):
        freezes.unfreeze(market.session, first.id, "Looked at.", at=NOW, actor=DIVINE)
    assert freezes.count_others(market.session, escrow.id, ()) == 1
