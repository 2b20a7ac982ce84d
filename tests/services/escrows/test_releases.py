"""Paying sellers whose time has come."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from tests.support import money
from tests.support.arguments import ByLockedActor
from tests.support.market import AMINA, LATER, NOW, Market, undone, wallet
from tests.support.read_back import why_unpaid
from webapp.domain.actors import job_actor
from webapp.domain.money import shares
from webapp.domain.money.money import Money
from webapp.domain.states import EscrowStatus
from webapp.errors import Conflict, NotAllowed, Overtaken
from webapp.models import Audit, Escrow, Event
from webapp.services.approvals import escrow_decisions, executors
from webapp.services.approvals.escrow_executors import ReleaseEscrow
from webapp.services.common.batch_result import Outcome
from webapp.services.escrows import freezes
from webapp.services.escrows import release as escrow_release

JOB = job_actor("auto_release")


def release(market: Market, *ids: int, at: datetime = LATER) -> Outcome:
    return escrow_release.release_all(market.session, ids, at=at, actor=JOB, reason="expired", due_by=LATER)


def test_nobody_names_an_instant_at_which_it_would_be_due_already(market: Market) -> None:
    escrow = market.escrow()
    early = release(market, escrow.id, at=LATER - timedelta(days=2))

    assert (early.done, [each.sentence for each in early.refused]) == (0, ["It is not due any more."])
    assert release(market, escrow.id).done == 1


def test_each_due_escrow_is_paid_less_its_fee(market: Market) -> None:
    made = [market.escrow(amount, fee=fee) for amount, fee in ((10_000, 250), (7, 0), (100, 100))]
    outcome = release(market, *[escrow.id for escrow in made])

    assert (outcome.done, outcome.amounts, outcome.refused) == (3, {"NGN": 10_107}, [])
    assert [wallet(market.session, escrow.seller_id) for escrow in made] == [9_750, 7, 0]
    assert {escrow_decisions.get(market.session, escrow.id).status for escrow in made} == {EscrowStatus.RELEASED}


def test_one_seller_with_many_escrows_gets_all_of_them(market: Market) -> None:
    seller = market.party("seller")
    made = [market.escrow(100 + number, seller=seller).id for number in range(5)]
    release(market, *made)

    assert wallet(market.session, seller.id) == 510


def test_a_second_release_pays_nothing_and_says_why(market: Market) -> None:
    escrow = market.escrow()
    release(market, escrow.id)
    again = release(market, escrow.id)

    assert (again.done, [refused.sentence for refused in again.refused]) == (0, ["It is released already."])


def test_what_is_frozen_disputed_early_or_without_wallet_stays_and_is_named(market: Market) -> None:
    early, frozen, disputed = market.escrow(), market.escrow(), market.escrow()
    bare = market.escrow(seller=market.party("Nia", wallet=None))
    escrow_decisions.extend(
        market.session, early.id, LATER + timedelta(days=1), "Agreed.", version=early.version, at=NOW, actor=AMINA
    )
    freezes.freeze(market.session, frozen.id, "Odd.", at=NOW, actor=AMINA)
    market.dispute(disputed)
    outcome = release(market, early.id, frozen.id, disputed.id, bare.id)

    assert outcome.done == 0
    assert [refused.sentence for refused in outcome.refused] == [
        "It is not due any more.",
        "It is frozen.",
        "It is frozen.",
        "Nia has no wallet in NGN.",
    ]
    assert escrow_decisions.get(market.session, bare.id).blocked == "no_wallet"


def test_every_release_has_its_record_and_its_event(market: Market) -> None:
    ids = [market.escrow().id for _ in range(3)]
    release(market, *ids)

    recorded = select(Audit.subject_id).where(Audit.action == "escrow.release").order_by(Audit.subject_id)
    told = select(Event.subject_id).where(Event.type == "escrow.released").order_by(Event.subject_id)
    assert list(market.session.scalars(recorded)) == ids
    assert list(market.session.scalars(told)) == ids


def test_people_cannot_use_the_jobs_door(market: Market) -> None:
    with pytest.raises(NotAllowed):
        escrow_release.release_all(market.session, [market.escrow().id], at=LATER, actor=AMINA, reason="now")


def test_who_decides_on_an_escrow_that_changed_meanwhile_is_overtaken_and_who_lacks_a_wallet_is_not(
    market: Market,
) -> None:
    gone, frozen = market.escrow(), market.escrow()
    bare = market.escrow(seller=market.party("Nia", wallet=None))
    release(market, gone.id)
    freezes.freeze(market.session, frozen.id, "Odd.", at=NOW, actor=AMINA)

    found = {}
    for name, escrow in {"gone": gone, "frozen": frozen, "bare": bare}.items():
        how: ByLockedActor = {"at": LATER, "actor": JOB, "locked": True}
        with pytest.raises(Conflict) as refusal:
            executors.compute(market.session, "escrow.release", escrow.id, ReleaseEscrow(reason="So."), **how)
        found[name] = type(refusal.value)
    assert found == {"gone": Overtaken, "frozen": Overtaken, "bare": Conflict}


@pytest.mark.parametrize("kept_by", ["freezes", "dispute"])
def test_what_keeps_an_escrow_after_it_was_looked_at_keeps_it_still(market: Market, kept_by: str) -> None:
    escrow = market.escrow(10_000)
    market.dispute(escrow)
    if kept_by == "dispute":
        market.session.execute(update(Escrow).where(Escrow.id == escrow.id).values(freezes=0))
    parts = shares.divide(Money(10_000, "NGN"), 0, 10_000)

    with pytest.raises(Overtaken), undone(market.session):
        money.divide(market.session, escrow.id, parts, at=NOW, actor=JOB)
    if kept_by == "dispute":
        market.session.execute(update(Escrow).where(Escrow.id == escrow.id).values(freezes=1))


def test_a_split_is_explained_by_who_got_what(market: Market) -> None:
    escrow = market.escrow(10_000, fee=500)
    parts = shares.divide(Money(10_000, "NGN"), 500, 7_000)
    mover = AMINA.entrusted_with("money:move")
    money.divide(market.session, escrow.id, parts, at=NOW, actor=mover)
    [said, *_] = why_unpaid(market.session, escrow.id, NOW)
    assert said.startswith("It was split between buyer and seller on 02 March 2026 at 09:30 UTC: ")
    for part in ("NGN 66.50 into the wallet of", "NGN 30.00 into the wallet of", "NGN 3.50 fee"):
        assert part in said
