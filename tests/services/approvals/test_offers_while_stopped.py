"""While outgoing money is stopped, what would be refused is not offered, previewed or proposed, and is said why."""

from collections.abc import Callable, Iterator

import pytest

from tests.support import money
from tests.support import payouts as payouts_of
from tests.support.arguments import ByActor
from tests.support.market import DIVINE, NOW, Market, undone, wallet
from tests.support.reversals import left_by, let_go
from webapp import clock
from webapp.domain.providers.provider_results import ProviderStatus
from webapp.errors import Conflict
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.runtime import Runtime
from webapp.services.approvals import escrow_decisions
from webapp.services.approvals.escrow_executors import RefundEscrow, ReleaseEscrow
from webapp.services.common import kill_switch
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.payouts import detail as payout_detail
from webapp.services.payouts import payouts
from webapp.services.payouts.schedules import detail as schedule_detail
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.read_models import decision_preview, disabled_reasons

STOPPED = "Outgoing money is stopped by Divine since 02 March 2026 at 09:30 UTC: Fraud wave."


@pytest.fixture
def stopped_market(market: Market) -> Iterator[Market]:
    yield market
    kill_switch.resume(market.session, "It is over.", at=NOW, actor=DIVINE)


def _stop(market: Market) -> None:
    kill_switch.stop(market.session, "Fraud wave.", at=NOW, actor=DIVINE)


def _why(market: Market, action: str, number: int, **said: object) -> str:
    return disabled_reasons.of(market.session, action, number, at=NOW, actor=DIVINE, **said)


@pytest.mark.parametrize("action", ["escrow.release", "escrow.refund"])
def test_no_way_out_of_an_escrow_is_offered_or_proposed(stopped_market: Market, action: str) -> None:
    market, escrow = stopped_market, stopped_market.escrow()
    assert _why(market, action, escrow.id) == ""
    _stop(market)
    assert _why(market, action, escrow.id) == STOPPED
    decision = (ReleaseEscrow if action == "escrow.release" else RefundEscrow)(reason="-")
    settings = market.runtime.settings
    with pytest.raises(Conflict, match="Fraud wave"):
        decision_preview.of(market.session, action, escrow.id, decision, at=NOW, actor=DIVINE, settings=settings)
    market.limit(0)
    decide = escrow_decisions.release if action == "escrow.release" else escrow_decisions.refund
    with pytest.raises(Conflict, match="Fraud wave"), undone(market.session):
        decide(market.session, escrow.id, "-", version=escrow.version, at=NOW, actor=DIVINE, settings=settings)


def test_what_takes_back_and_pays_again_is_closed_and_a_reversal_alone_is_not(stopped_market: Market) -> None:
    market, escrow = stopped_market, stopped_market.escrow()
    let_go(market, "release", escrow.id)
    transfer = left_by(market.session, escrow.id)
    _stop(market)
    assert _why(market, "transfer.reverse_and_refund", transfer, to_debt=True) == STOPPED
    assert _why(market, "transfer.reverse", transfer, to_debt=True) == ""
    assert _why(market, "escrow.void", market.escrow(terms="unpaid").id) == ""


def test_no_repayment_leaves_a_wallet(stopped_market: Market) -> None:
    market = stopped_market
    party = market.party(wallet=1_000)
    how: ByActor = {"at": NOW, "actor": DIVINE}
    money.owe(market.session, party.id, 1_000, "NGN", reference="debt-1", **how)
    _stop(market)
    said = {"amount": 500, "currency": "NGN", "reference": "repay-1"}
    assert _why(market, "party.repay", party.id, **said) == STOPPED
    assert _why(market, "party.deposit", party.id, **said) == ""


def test_nothing_is_paid_now_or_tried_again_and_the_reason_is_said_before(runtime: Runtime) -> None:
    register_jobs(runtime)
    failed, plan = payouts_of.planned(runtime), payouts_of.planned(runtime)
    number = payouts_of.written(runtime, failed)
    payouts_of.settled(runtime, number, ProviderStatus.FAILED, "Account closed.")
    now = clock.now()
    with runtime.db.transaction() as session:
        assert payout_detail.retry_disabled_reason(payout_detail.read(session, number), now) == ""
        kill_switch.stop(session, "Fraud wave.", at=NOW, actor=DIVINE)
        assert payout_detail.retry_disabled_reason(payout_detail.read(session, number), now) == STOPPED
        assert schedule_detail.pay_disabled_reason(schedule_detail.read(session, plan), now) == STOPPED
        actions: list[Callable[[], object]] = [
            lambda: payouts.retry(session, number, at=now, actor=DIVINE),
            lambda: payout_schedules.trigger(session, plan, at=now, actor=DIVINE),
            lambda: payout_schedules.trigger_due(session, actor=DIVINE),
        ]
        for action in actions:
            with pytest.raises(Conflict, match="Fraud wave"), undone(session):
                action()
        kill_switch.resume(session, "It is over.", at=now, actor=DIVINE)


def test_what_the_wallet_no_longer_covers_is_not_tried_again(runtime: Runtime) -> None:
    register_jobs(runtime)
    number = payouts_of.written(runtime, payouts_of.planned(runtime, 4_000, held=4_000))
    payouts_of.settled(runtime, number, ProviderStatus.FAILED, "Account closed.")
    with runtime.db.transaction() as session:
        payout = payouts.get(session, number)
        other = payout_schedules.NewSchedule("spends", payout.party_id, 1_000, "NGN", due_at=clock.now())
        spends = payout_schedules.create(session, other, at=clock.now(), actor=DIVINE).id
    payouts_of.written(runtime, spends)
    with runtime.db.transaction() as session:
        file, now = payout_detail.read(session, number), clock.now()
        lacks = f"{file.party.name}'s wallet holds NGN 30.00, which does not cover NGN 40.00."
        assert payout_detail.retry_disabled_reason(file, now) == lacks
        assert (
            schedule_detail.pay_disabled_reason(schedule_detail.read(session, file.payout.schedule_id or 0), now)
            == lacks
        )
        with pytest.raises(Conflict) as refused, undone(session):
            payouts.retry(session, number, at=now, actor=DIVINE)
        assert refused.value.detail == lacks


def test_no_order_is_paid_from_a_wallet(stopped_market: Market) -> None:
    market, session = stopped_market, stopped_market.session
    buyer, seller = market.party("buyer", wallet=10_000).id, market.party("seller").id
    _stop(market)
    new = NewOrder("stopped", buyer, seller, 5_000, "NGN", terms="wallet")
    with pytest.raises(Conflict, match="Fraud wave"), undone(session):
        orders.create(session, new, at=NOW, actor=DIVINE, settings=market.runtime.settings)
    assert wallet(session, buyer) == 10_000
