"""One action for one and many: release, refund and void are the same for a person's one and a job's thousands."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select

from tests.support.market import AMINA, DIVINE, LATER, NOW, Market, wallet
from webapp.domain.actors import job_actor
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus
from webapp.domain.states import EscrowStatus
from webapp.errors import Conflict, NotAllowed
from webapp.models import Audit, Entry, Escrow, Event, Payment, Refund, Transfer
from webapp.services.approvals import escrow_decisions
from webapp.services.common import kill_switch
from webapp.services.escrows import freezes, voids
from webapp.services.escrows import release as escrow_release
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.payments import decisions as payment_decisions
from webapp.services.payments import failures as payment_failures
from webapp.services.payments import payments
from webapp.services.payments import settlement as payment_settlement
from webapp.services.payments.failures import Failure

JOB = job_actor("auto_release")
WHY = "It is right so."


def by_card(market: Market, amount: int = 10_000) -> Escrow:
    """An escrow that was paid through Paystack."""
    escrow, about = unpaid(market, amount), market.runtime.settings
    payment = payments.create(market.session, escrow.order_id, "paystack", at=NOW, actor=DIVINE, settings=about)
    word = ProviderResponse("r", ProviderStatus.SUCCEEDED, amount, "NGN", "77")
    payment_settlement.settle_all(market.session, {payment.id: word}, at=NOW, actor=JOB, settings=about)
    return escrow_decisions.get(market.session, escrow.id)


def unpaid(market: Market, amount: int = 10_000) -> Escrow:
    buyer, seller = market.party("buyer", wallet=None), market.party("seller")
    new = NewOrder(f"o-{buyer.id}", buyer.id, seller.id, amount, "NGN")
    order = orders.create(market.session, new, at=NOW, actor=DIVINE, settings=market.runtime.settings)
    return orders.escrow_of(market.session, order.id)


def decide(market: Market, action: Callable[..., Any], escrow: Escrow) -> None:
    now = escrow_decisions.get(market.session, escrow.id)
    action(market.session, now.id, WHY, version=now.version, at=NOW, actor=AMINA, settings=market.runtime.settings)


def traces(market: Market, escrow: Escrow) -> dict[str, Any]:
    """What an action left behind, without the numbers of its rows."""
    session = market.session
    left = session.scalars(select(Transfer).where(Transfer.escrow_id == escrow.id, Transfer.is_disbursement)).all()
    entries = select(Entry.amount).where(Entry.transfer_id.in_([each.id for each in left])).order_by(Entry.amount)
    about = (Event.subject_kind == "escrow", Event.subject_id == escrow.id)
    told = session.scalars(select(Event).where(*about).order_by(Event.id.desc()).limit(1)).one()
    mine = (Audit.subject_kind == "escrow", Audit.subject_id == escrow.id)
    record = session.scalars(select(Audit).where(*mine).order_by(Audit.pos.desc()).limit(1)).one()
    return {
        "transfers": [(each.reference.removeprefix(f"escrow-{escrow.id}-"), each.kind, each.amount) for each in left],
        "entries": session.scalars(entries).all(),
        "event": (told.type, sorted(json.loads(told.payload))),
        "audit": (record.action, record.before, record.after),
        "status": escrow_decisions.get(session, escrow.id).status,
    }


def test_a_person_and_a_job_release_alike(market: Market) -> None:
    by_person, by_job = market.escrow(10_000, fee=500), market.escrow(10_000, fee=500)
    decide(market, escrow_decisions.release, by_person)
    escrow_release.release_all(market.session, [by_job.id], at=LATER, actor=JOB, reason="expired", due_by=LATER)

    assert traces(market, by_person) == traces(market, by_job)
    assert escrow_decisions.get(market.session, by_person.id).close_reason == "decision"
    assert escrow_decisions.get(market.session, by_job.id).close_reason == "expired"


def test_a_person_and_a_list_void_alike(market: Market) -> None:
    alone, cancelled, first, second = (unpaid(market) for _ in range(4))
    decide(market, escrow_decisions.void, alone)
    orders.cancel(market.session, cancelled.order_id, WHY, at=NOW, actor=DIVINE)
    done = voids.void_all(market.session, [first.id, second.id], at=NOW, actor=JOB, reason=voids.UNPAID, note=WHY)

    assert done.done == 2
    assert traces(market, alone) == traces(market, cancelled) == traces(market, first) == traces(market, second)
    ends = [orders.get(market.session, each.order_id).status for each in (alone, cancelled, first, second)]
    assert ends == ["cancelled", "cancelled", "declined", "declined"]


def test_a_payment_fails_alike_whoever_says_so(market: Market) -> None:
    """Its provider at once, its provider when asked, and a person who gives it back."""
    about, session = market.runtime.settings, market.session
    made = [
        payments.create(session, unpaid(market).order_id, "paystack", at=NOW, actor=DIVINE, settings=about).id
        for _ in range(3)
    ]
    payments.note_no_checkout(session, made[0], "No.", at=NOW, actor=DIVINE)
    words = {
        made[1]: ProviderResponse("r", ProviderStatus.FAILED, 10_000, "NGN", "77"),
        made[2]: ProviderResponse("r", ProviderStatus.SUCCEEDED, 9, "NGN", "78"),
    }
    payment_settlement.settle_all(session, words, at=NOW, actor=JOB, settings=about)
    session.expire_all()
    doubtful = payments.get(session, made[2])
    payment_decisions.decide(
        session, "payment.refund", made[2], WHY, version=doubtful.version, at=NOW, actor=AMINA, settings=about
    )

    told = session.scalars(select(Event).where(Event.type == "payment.failed").order_by(Event.subject_id)).all()
    assert [each.subject_id for each in told] == made
    assert len({tuple(sorted(json.loads(each.payload))) for each in told}) == 1
    rows = [payments.get(session, number) for number in made]
    assert [(each.status, each.settled_at, each.next_check_at) for each in rows] == [("failed", NOW, None)] * 3
    assert [each.checks for each in rows] == [0, 1, 1]


def test_a_settled_payment_does_not_fail_any_more(market: Market) -> None:
    card = by_card(market)
    paid = market.session.scalars(select(Payment).where(Payment.order_id == card.order_id)).one()
    assert payment_failures.fail_all(market.session, {paid.id: Failure("No.")}, at=NOW, actor=JOB) == []
    assert payments.get(market.session, paid.id).status == "succeeded"


def test_refunds_each_go_back_the_way_they_came(market: Market) -> None:
    card, cash, without, frozen = by_card(market), market.escrow(), market.escrow(7), market.escrow()
    bare = market.party("bare", wallet=None)
    without.buyer_id = bare.id
    freezes.freeze(market.session, frozen.id, "Odd.", at=NOW, actor=AMINA)
    for each in (card, cash, without):
        decide(market, escrow_decisions.refund, each)
    with pytest.raises(Conflict, match="frozen"):
        decide(market, escrow_decisions.refund, frozen)

    assert wallet(market.session, cash.buyer_id) == 10_000
    assert wallet(market.session, bare.id) == 7
    assert [row.amount for row in market.session.scalars(select(Refund))] == [10_000]
    assert escrow_decisions.get(market.session, frozen.id).status == EscrowStatus.HELD


def test_who_was_not_entrusted_moves_nothing_and_nobody_while_money_is_stopped(market: Market) -> None:
    escrow = market.escrow()
    with pytest.raises(NotAllowed):
        escrow_release.release_all(market.session, [escrow.id], at=NOW, actor=AMINA, reason="decision")
    kill_switch.stop(market.session, "The bank called.", at=NOW, actor=DIVINE)
    with pytest.raises(Conflict, match="The bank called"):
        escrow_release.release_all(market.session, [escrow.id], at=NOW, actor=JOB, reason="decision")


def test_more_escrows_are_not_more_statements(market: Market) -> None:
    def count(many: int) -> int:
        ids, said = [market.escrow(fee=100).id for _ in range(many)], []
        engine = market.session.get_bind()
        listen = ("before_cursor_execute", lambda *args: said.append(args[2]))
        event.listen(engine, *listen)
        try:
            escrow_release.release_all(market.session, ids, at=NOW, actor=JOB, reason="decision")
        finally:
            event.remove(engine, *listen)
        return len(said)

    assert count(2) == count(40)


def test_what_is_not_paid_yet_is_refused_as_still_awaiting_payment(market: Market) -> None:
    escrow = unpaid(market)
    with pytest.raises(Conflict, match=f"Escrow {escrow.ref} is awaiting payment still. Nothing was changed."):
        decide(market, escrow_decisions.refund, escrow)
