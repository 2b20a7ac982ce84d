"""What people decide about payments, and the way that money goes back."""

import pytest
from sqlalchemy import func, select, update

from tests.support.market import AMINA, CHIKA, DIVINE, NOW, Market, undone, wallet
from webapp.domain.actors import Actor, job_actor
from webapp.domain.money.money import Money
from webapp.domain.providers.provider_results import NoResponse, ProviderResponse, ProviderResult, ProviderStatus
from webapp.domain.states import AccountKind
from webapp.errors import Conflict, NotAllowed, Overtaken
from webapp.models import Account, Alert, Audit, Escrow, Payment, Refund
from webapp.services.approvals import approvals, escrow_decisions
from webapp.services.approvals.approvals import DecisionResult
from webapp.services.approvals.escrow_executors import RefundEscrow
from webapp.services.ledger import transfer_queries
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.payments import decisions as payment_decisions
from webapp.services.payments import payments
from webapp.services.payments import settlement as payment_settlement
from webapp.services.payments.reversals import decisions as reversal_decisions
from webapp.services.read_models import decision_preview
from webapp.services.refunds import refunds
from webapp.services.refunds import settlement as refund_settlement

JOB = job_actor("check_pending_payments")
WHY = "The payer showed the receipt."


def tried(market: Market, amount: int = 10_000) -> Payment:
    """A pending payment of an unpaid order."""
    buyer, seller = market.party("buyer"), market.party("seller")
    new = NewOrder(f"unpaid-{buyer.id}", buyer.id, seller.id, amount, "NGN")
    order = orders.create(market.session, new, at=NOW, actor=DIVINE, settings=market.runtime.settings)
    return payments.create(market.session, order.id, "paystack", at=NOW, actor=DIVINE, settings=market.runtime.settings)


def hear(market: Market, payment: Payment, word: ProviderResult) -> Payment:
    settings = market.runtime.settings
    payment_settlement.settle_all(market.session, {payment.id: word}, at=NOW, actor=JOB, settings=settings)
    market.session.expire_all()
    return payments.get(market.session, payment.id)


def paid(amount: int = 10_000, currency: str = "NGN") -> ProviderResponse:
    return ProviderResponse("r", ProviderStatus.SUCCEEDED, amount, currency, "77")


def decide(market: Market, action: str, payment: Payment) -> DecisionResult:
    return payment_decisions.decide(
        market.session,
        f"payment.{action}",
        payment.id,
        WHY,
        version=payment.version,
        at=NOW,
        actor=AMINA,
        settings=market.runtime.settings,
    )


def buyer_of(market: Market, payment: Payment) -> int:
    return orders.get(market.session, payment.order_id).buyer_id


def clearing(market: Market) -> int:
    market.session.flush()
    rows = select(Account.balance).where(Account.kind == AccountKind.CLEARING, Account.owner == "paystack")
    waiting: dict[int, int] = market.session.info.get("pools", {})
    ids = market.session.scalars(select(Account.id).where(Account.owner == "paystack")).all()
    return sum(market.session.scalars(rows)) + sum(waiting.get(each, 0) for each in ids)


def test_too_much_is_accepted_and_the_rest_goes_to_the_buyers_wallet(market: Market) -> None:
    payment = hear(market, tried(market), paid(10_500))
    done = decide(market, "accept", payment)

    assert done.executed
    assert escrow_decisions.get(market.session, orders.escrow_of(market.session, payment.order_id).id).status == "held"
    assert wallet(market.session, buyer_of(market, payment)) == 500
    assert clearing(market) == -10_500
    assert payments.get(market.session, payment.id).status == "succeeded"
    assert market.session.scalars(select(Alert.status)).all() == ["resolved"]


@pytest.mark.parametrize("came", [paid(9_999), paid(10_000, "KES")])
def test_too_little_or_another_currency_can_only_be_refunded(market: Market, came: ProviderResponse) -> None:
    payment = hear(market, tried(market), came)
    with pytest.raises(Conflict, match="Refund it"), undone(market.session):
        decide(market, "accept", payment)

    decide(market, "refund", payment)
    refund = refunds.of_payment(market.session, payment.id)
    assert refund is not None
    assert (refund.amount, refund.currency, refund.status) == (came.amount, came.currency, "waiting")
    assert payments.get(market.session, payment.id).status == "failed"


def test_a_late_success_can_be_accepted_after_the_escrow_was_voided(market: Market) -> None:
    payment = hear(market, tried(market), ProviderResponse("r", ProviderStatus.FAILED, 10_000, "NGN", "77"))
    assert payment.status == "failed"
    payment = hear(market, payment, paid())
    assert payment.status == "needs_review"
    decide(market, "accept", payment)

    assert orders.get(market.session, payment.order_id).status == "in_progress"
    assert orders.escrow_of(market.session, payment.order_id).status == "held"


def test_marking_paid_by_hand_needs_a_second_person_above_the_limit(market: Market) -> None:
    market.limit(1_000_000)
    payment = tried(market, 2_000_000)
    proposed = decide(market, "mark_paid", payment)
    assert not proposed.executed
    assert proposed.approval is not None
    preview = decision_preview.of_approval(
        market.session, proposed.approval.id, at=NOW, actor=CHIKA, settings=market.runtime.settings
    )
    assert "that came through another way is held" in preview.sentence
    approvals.approve(market.session, proposed.approval.id, at=NOW, actor=CHIKA, settings=market.runtime.settings)

    assert orders.escrow_of(market.session, payment.order_id).status == "held"


def test_a_proposal_is_refused_when_the_payment_changed_meanwhile(market: Market) -> None:
    market.limit(1_000_000)
    payment = tried(market, 2_000_000)
    proposed = decide(market, "mark_paid", payment)
    hear(market, payment, paid(2_000_000))
    with pytest.raises(Conflict, match="changed since"), undone(market.session):
        assert proposed.approval
        approvals.approve(market.session, proposed.approval.id, at=NOW, actor=CHIKA, settings=market.runtime.settings)
    assert orders.escrow_of(market.session, payment.order_id).status == "held"


def held_by_card(market: Market) -> tuple[Payment, Escrow]:
    payment = hear(market, tried(market), paid())
    return payment, orders.escrow_of(market.session, payment.order_id)


def refund(market: Market, escrow: Escrow) -> None:
    escrow_decisions.refund(
        market.session,
        escrow.id,
        WHY,
        version=escrow_decisions.get(market.session, escrow.id).version,
        at=NOW,
        actor=AMINA,
        settings=market.runtime.settings,
    )


def test_a_refund_goes_back_to_the_card_it_came_from(market: Market) -> None:
    payment, escrow = held_by_card(market)
    decision = RefundEscrow(reason=WHY)
    shown = decision_preview.of(
        market.session, "escrow.refund", escrow.id, decision, at=NOW, actor=AMINA, settings=market.runtime.settings
    )
    refund(market, escrow)
    made = refunds.of_payment(market.session, payment.id)

    assert [leg.label for leg in shown.legs] == ["escrow", "clearing paystack"]
    assert made is not None
    assert (made.amount, made.status) == (10_000, "waiting")
    assert wallet(market.session, escrow.buyer_id) == 0
    assert clearing(market) == 0
    out = transfer_queries.of_escrow(market.session, escrow.id)[-1]
    with pytest.raises(Conflict, match="went back through a provider"), undone(market.session):
        reversal_decisions.reverse(market.session, out.id, WHY, at=NOW, actor=DIVINE, settings=market.runtime.settings)


@pytest.mark.parametrize(
    ("word", "status", "in_wallet"),
    [
        (ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "9"), "processed", 0),
        (ProviderResponse("r", ProviderStatus.FAILED, 10_000, "NGN", "9"), "failed", 10_000),
        (NoResponse("No.", is_refusal=True), "failed", 10_000),
        (ProviderResponse("r", ProviderStatus.PENDING, 10_000, "NGN", "9"), "pending", 0),
        (ProviderResponse("r", ProviderStatus.ABSENT), "sending", 0),
        (NoResponse("It did not answer."), "sending", 0),
        (NoResponse("It can't be reached.", is_unsent=True), "waiting", 0),
    ],
)
def test_what_becomes_of_a_refund(market: Market, word: ProviderResult, status: str, in_wallet: int) -> None:
    payment, escrow = held_by_card(market)
    refund(market, escrow)
    [giving] = refunds.claim_due(market.session, NOW, 10, NOW - NOW.replace(minute=0))
    market.session.flush()
    for _ in range(2):
        refund_settlement.settle_all(market.session, {giving.id: word}, at=NOW, actor=JOB)

    found = refunds.of_payment(market.session, payment.id)
    assert found is not None
    assert (giving.may_send, found.status) == (True, status)
    assert wallet(market.session, escrow.buyer_id) == in_wallet


def test_a_second_refund_after_a_reversal_goes_to_the_wallet(market: Market) -> None:
    """The card is paid back once; what is held again later has another way back."""
    _, escrow = held_by_card(market)
    market.session.execute(update(Escrow).where(Escrow.id == escrow.id).values(hold_no=2))
    market.session.expire_all()
    refund(market, escrow)

    assert wallet(market.session, escrow.buyer_id) == 10_000
    assert market.session.scalar(select(func.count()).select_from(Refund)) == 0


def failed_refund(market: Market) -> Payment:
    """A payment that went back by card, which its provider refused."""
    payment, escrow = held_by_card(market)
    refund(market, escrow)
    [giving] = refunds.claim_due(market.session, NOW, 10, NOW - NOW.replace(minute=0))
    market.session.flush()
    refund_settlement.settle_all(market.session, {giving.id: NoResponse("No.", is_refusal=True)}, at=NOW, actor=JOB)
    return payment


def settle(market: Market, payment: Payment, actor: Actor = CHIKA, version: int = 2) -> Refund:
    return refunds.settle_otherwise(
        market.session, payment.id, "Paid by transfer.", version=version, at=NOW, actor=actor
    )


def test_a_failed_refund_is_settled_otherwise_which_moves_nothing_and_ends_its_alert(market: Market) -> None:
    payment = failed_refund(market)
    before = wallet(market.session, buyer_of(market, payment))
    assert market.session.scalars(select(Alert.status)).all() == ["firing"]
    made = settle(market, payment)

    assert (made.status, made.status_detail) == ("settled_otherwise", "Paid by transfer.")
    assert wallet(market.session, buyer_of(market, payment)) == before == 10_000
    assert market.session.scalars(select(Alert.status).execution_options(populate_existing=True)).all() == ["resolved"]
    record = market.session.scalars(select(Audit).where(Audit.action == "refund.settle_otherwise")).one()
    assert (record.actor_name, record.reason) == ("Chika", "Paid by transfer.")
    with pytest.raises(Overtaken, match="settled otherwise"):
        settle(market, payment, version=3)


def test_only_who_approves_settles_a_failed_refund_and_only_as_it_was_seen(market: Market) -> None:
    payment = failed_refund(market)
    with pytest.raises(NotAllowed):
        settle(market, payment, AMINA)
    with pytest.raises(Overtaken):
        settle(market, payment, version=1)


def test_a_refund_that_is_under_way_is_not_settled_otherwise(market: Market) -> None:
    payment, escrow = held_by_card(market)
    with pytest.raises(Conflict, match="no refund"):
        settle(market, payment)
    refund(market, escrow)
    with pytest.raises(Overtaken, match="waiting"):
        settle(market, payment, version=1)


def test_an_order_has_a_bounded_number_of_payments(market: Market) -> None:
    order, settings = tried(market).order_id, market.runtime.settings
    for _ in range(payments.MOST_ATTEMPTS - 1):
        payments.create(market.session, order, "paystack", at=NOW, actor=DIVINE, settings=settings)
    with pytest.raises(Conflict, match="has 20 payments already"):
        payments.create(market.session, order, "paystack", at=NOW, actor=DIVINE, settings=settings)


def test_a_success_is_not_held_in_an_escrow_that_awaits_none(market: Market) -> None:
    payment = tried(market)
    market.session.execute(update(Escrow).values(status="voided"))
    assert hear(market, payment, paid()).status == "needs_review"
    assert market.session.scalars(select(Escrow.status)).one() == "voided"


def test_a_payment_is_given_back_once(market: Market) -> None:
    payment, escrow = held_by_card(market)
    refund(market, escrow)
    with pytest.raises(Conflict, match="a payment is given back once"), undone(market.session):
        refunds.write(market.session, payment, escrow.buyer_id, Money(1, "NGN"), at=NOW, actor=JOB)
