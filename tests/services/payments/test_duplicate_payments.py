"""What a provider collected besides a payment is nobody's until a person says whose it is."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.services.payments.test_payment_decisions import WHY, buyer_of, decide, hear, refund, tried
from tests.support.arguments import UnderSettings
from tests.support.market import AMINA, CHIKA, NOW, VIEWER, Market, undone, wallet
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus, ReturnedAmount
from webapp.errors import Conflict, NotAllowed, Overtaken
from webapp.models import Account, Alert, Audit, Escrow, Event, Payment, Refund
from webapp.services.approvals import approvals
from webapp.services.ledger import posting as ledger_posting
from webapp.services.orders import orders
from webapp.services.payments import decisions as payment_decisions
from webapp.services.payments import payments
from webapp.services.refunds import refunds

FIRST = ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "9001")
SECOND = ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "9002")
BOTH = ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "9001", others=(SECOND,))


def besides(market: Market) -> list[Payment]:
    rows = select(Payment).where(Payment.duplicate_of_id.is_not(None)).order_by(Payment.id)
    return list(market.session.scalars(rows.execution_options(populate_existing=True)))


def alert_states(market: Market) -> list[str]:
    market.session.flush()
    rows = select(Alert.status).where(Alert.rule == "payment_collected_twice")
    return list(market.session.scalars(rows))


def clearing(market: Market, owner: str) -> int:
    ledger_posting.settle_pools(market.session)
    rows = select(Account.balance).where(Account.kind == "clearing", Account.owner == owner)
    return sum(market.session.scalars(rows.execution_options(populate_existing=True)))


@pytest.fixture
def second(market: Market) -> Payment:
    """What was collected besides a payment that paid its order."""
    payment = hear(market, tried(market), FIRST)
    hear(market, payment, BOTH)
    [made] = besides(market)
    return made


def test_a_second_success_is_a_payment_of_its_own_that_waits_for_a_person(market: Market, second: Payment) -> None:
    first = payments.get(market.session, second.duplicate_of_id or 0)
    assert (first.status, first.provider_id) == ("succeeded", "9001")
    assert (second.status, second.provider_id, second.reference) == ("needs_review", "9002", "#9002")
    assert (second.provider_amount, second.provider_currency, second.order_id) == (10_000, "NGN", first.order_id)
    assert alert_states(market) == ["firing"]
    assert clearing(market, "paystack") == -10_000
    told = select(Event.type).where(Event.subject_id == second.id, Event.type == "payment.needs_review")
    assert market.session.scalars(told).all() == ["payment.needs_review"]
    record = market.session.scalars(select(Audit).where(Audit.action == "payment.collected_twice")).one()
    assert record.subject_id == second.id


@pytest.mark.parametrize(
    "word", [BOTH, ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "9002", others=(FIRST,))]
)
def test_the_same_word_again_in_any_order_makes_no_third(
    market: Market, second: Payment, word: ProviderResponse
) -> None:
    first = payments.get(market.session, second.duplicate_of_id or 0)
    hear(market, first, word)
    hear(market, second, SECOND)
    assert [each.id for each in besides(market)] == [second.id]
    assert payments.get(market.session, first.id).provider_id == "9001"
    assert alert_states(market) == ["firing"]


def test_two_successes_at_the_first_look_pay_the_order_once(market: Market) -> None:
    payment = hear(market, tried(market), BOTH)
    assert (payment.status, payment.provider_id) == ("succeeded", "9001")
    assert [each.provider_id for each in besides(market)] == ["9002"]
    assert clearing(market, "paystack") == -10_000


def test_what_was_given_back_there_already_is_nobodys_concern(market: Market) -> None:
    gone = ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "9002", given_back=(ReturnedAmount(10_000),))
    hear(market, tried(market), ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "9001", others=(gone,)))
    assert besides(market) == []


def test_it_is_kept_for_the_buyer(market: Market, second: Payment) -> None:
    decide(market, "keep", second)
    assert wallet(market.session, buyer_of(market, second)) == 10_000
    assert clearing(market, "paystack") == -20_000
    assert payments.get(market.session, second.id).status == "succeeded"
    assert alert_states(market) == ["resolved"]
    with pytest.raises(Conflict), undone(market.session):
        decide(market, "keep", second)
    with pytest.raises(Conflict), undone(market.session):
        decide(market, "refund", second)


def test_it_goes_back_to_the_payer_by_its_own_number(market: Market, second: Payment) -> None:
    decide(market, "refund", second)
    [giving] = refunds.claim_due(market.session, NOW, 10, timedelta(minutes=3))
    assert (giving.reference, giving.amount) == ("#9002", 10_000)
    assert payments.get(market.session, second.id).status == "failed"
    assert clearing(market, "paystack") == -10_000
    assert alert_states(market) == ["resolved"]
    told = market.session.scalars(select(Event.type).where(Event.subject_id == second.id)).all()
    assert "payment.decided" in told
    assert "payment.failed" not in told


def test_it_never_pays_the_order(market: Market, second: Payment) -> None:
    for action in ("accept", "mark_paid"):
        with pytest.raises(Conflict, match="besides another payment"), undone(market.session):
            decide(market, action, second)


def test_a_refund_of_the_escrow_goes_to_the_payment_that_paid_for_it(market: Market, second: Payment) -> None:
    decide(market, "keep", second)
    first = payments.get(market.session, second.duplicate_of_id or 0)
    refund(market, orders.escrow_of(market.session, first.order_id))
    assert market.session.scalars(select(Refund.payment_id)).all() == [first.id]


def test_above_the_limit_a_second_person_decides_and_the_escrow_stays_free(market: Market) -> None:
    market.limit(1_000_000)
    payment = hear(
        market, tried(market, 2_000_000), ProviderResponse("r", ProviderStatus.SUCCEEDED, 2_000_000, "NGN", "9001")
    )
    more = ProviderResponse("r", ProviderStatus.SUCCEEDED, 2_000_000, "NGN", "9002")
    hear(market, payment, ProviderResponse("r", ProviderStatus.SUCCEEDED, 2_000_000, "NGN", "9001", others=(more,)))
    [second] = besides(market)
    proposed = decide(market, "keep", second)
    assert proposed.approval is not None
    assert market.session.scalars(select(Escrow.freezes)).all() == [0]
    settings = market.runtime.settings
    approvals.approve(market.session, proposed.approval.id, at=NOW, actor=CHIKA, settings=settings)
    assert wallet(market.session, buyer_of(market, second)) == 2_000_000


def test_what_was_kept_and_taken_back_is_clawed_back_from_the_buyer_and_freezes_nothing(
    market: Market, second: Payment
) -> None:
    decide(market, "keep", second)
    word = ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "9002", given_back=(ReturnedAmount(10_000),))
    taken = hear(market, payments.get(market.session, second.id), word)
    assert (taken.status, taken.undecided_amount) == ("needs_review", 10_000)
    assert market.session.scalars(select(Escrow.freezes)).all() == [0]
    with pytest.raises(Conflict, match="in the wallet"), undone(market.session):
        decide(market, "refund_rest", taken)
    decide(market, "claw_back", taken)
    assert wallet(market.session, buyer_of(market, second)) == 0
    assert market.session.scalars(select(Escrow.status).execution_options(populate_existing=True)).all() == ["held"]
    assert clearing(market, "paystack") == -10_000


def test_one_in_review_that_was_given_back_at_the_provider_is_over(market: Market, second: Payment) -> None:
    word = ProviderResponse(
        "#9002", ProviderStatus.SUCCEEDED, 10_000, "NGN", "9002", given_back=(ReturnedAmount(10_000),)
    )
    ended = hear(market, second, word)
    assert ended.status == "failed"
    assert alert_states(market) == ["resolved"]


@pytest.fixture
def marked(market: Market) -> Payment:
    """What was collected for a payment that had been marked paid by hand."""
    payment = tried(market)
    decide(market, "mark_paid", payment)
    hear(market, payments.get(market.session, payment.id), FIRST)
    [made] = besides(market)
    return made


def test_what_a_provider_collects_for_what_was_marked_paid_waits_for_a_person_too(
    market: Market, marked: Payment
) -> None:
    assert "marked paid by hand" in (marked.status_detail or "")
    hear(market, payments.get(market.session, marked.duplicate_of_id or 0), FIRST)
    assert len(besides(market)) == 1
    assert alert_states(market) == ["firing"]
    assert (clearing(market, "manual"), clearing(market, "paystack")) == (-10_000, 0)


def test_the_same_money_changes_its_place_and_is_refunded_through_its_provider(market: Market, marked: Payment) -> None:
    decide(market, "same_money", marked)
    assert (clearing(market, "manual"), clearing(market, "paystack")) == (0, -10_000)
    first = payments.get(market.session, marked.duplicate_of_id or 0)
    assert (first.status, first.provider_id) == ("succeeded", "9001")
    assert payments.get(market.session, marked.id).status == "failed"
    hear(market, first, FIRST)
    assert len(besides(market)) == 1
    assert alert_states(market) == ["resolved"]
    refund(market, orders.escrow_of(market.session, first.order_id))
    assert market.session.scalars(select(Refund.payment_id)).all() == [first.id]


def test_what_was_kept_is_not_refunded_in_place_of_what_came_another_way(market: Market, marked: Payment) -> None:
    decide(market, "keep", marked)
    first = payments.get(market.session, marked.duplicate_of_id or 0)
    refund(market, orders.escrow_of(market.session, first.order_id))
    assert market.session.scalars(select(Refund.payment_id)).all() == []
    assert wallet(market.session, buyer_of(market, marked)) == 20_000


def test_another_sum_is_not_the_same_money(market: Market) -> None:
    payment = tried(market)
    decide(market, "mark_paid", payment)
    other = ProviderResponse("r", ProviderStatus.SUCCEEDED, 9_000, "NGN", "9001")
    hear(market, payments.get(market.session, payment.id), other)
    with pytest.raises(Conflict, match="another"), undone(market.session):
        decide(market, "same_money", besides(market)[0])


def test_what_paid_for_the_order_is_not_the_same_money_as_a_second_success(market: Market, second: Payment) -> None:
    with pytest.raises(Conflict, match="not marked paid by hand"), undone(market.session):
        decide(market, "same_money", second)


def test_only_who_may_propose_money_decides_and_only_on_what_was_seen(market: Market, second: Payment) -> None:
    how: UnderSettings = {"at": NOW, "settings": market.runtime.settings}
    for actor, version, refusal in ((AMINA, 99, Overtaken), (VIEWER, 1, NotAllowed)):
        with pytest.raises(refusal), undone(market.session):
            payment_decisions.decide(
                market.session, "payment.keep", second.id, WHY, version=version, actor=actor, **how
            )
