"""Many at once on PostgreSQL: the debt of a reversal is met once, by whoever comes first."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.races.together import Meeting, at_once
from tests.support import money
from tests.support.market import AMINA, DIVINE, LATER, NOW, Market, all_books_agree, wallet
from tests.support.reversals import left_by, let_go, owes, reversed_to_debt
from webapp.domain.actors import job_actor
from webapp.domain.money.deduction import DeductionRule
from webapp.errors import Overtaken
from webapp.runtime import Runtime
from webapp.services.escrows import release as escrow_release
from webapp.services.ledger import posting as ledger_posting
from webapp.services.ledger import reversal_debts
from webapp.services.parties import auto_deduct as party_auto_deduct
from webapp.services.parties import auto_deduct_mandates
from webapp.services.parties.auto_deduct_mandates import MandateTerms
from webapp.services.payments.reversals import decisions as reversal_decisions
from webapp.services.payments.reversals.executors import ReverseAndRefund, ReverseAndSplit, ReverseTransfer

pytestmark = [pytest.mark.races, pytest.mark.timeout(240)]

ROUNDS = 8
JOB = job_actor("auto_release")


def release(*escrows: int) -> Any:
    return lambda session: escrow_release.release_all(
        session, escrows, at=LATER, actor=JOB, reason="expired", due_by=LATER
    )


def repay(party: int, amount: int) -> Any:
    return lambda session: money.repay(session, party, amount, "NGN", reference=f"repay-{party}", at=NOW, actor=DIVINE)


def deduct(mandate: int) -> Any:
    return lambda session: party_auto_deduct.deduct_all(
        session, [mandate], at=NOW, actor=JOB, rule=DeductionRule("Africa/Nairobi")
    )


def correct(runtime: Runtime, action: str, transfer: int, decision: ReverseTransfer) -> Any:
    return lambda session: reversal_decisions.correct(
        session, action, transfer, decision, at=NOW, actor=DIVINE, settings=runtime.settings
    )


def debtor(runtime: Runtime, *amounts: int) -> tuple[int, list[int], int]:
    """A seller in debt of one reversal for each amount, as much in the wallet by now, and a standing order."""
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        market.limit(10**12)
        seller = market.party("seller")
        made = [reversed_to_debt(market, amount, fee=0, seller=seller).id for amount in amounts]
        reference = f"since-{seller.id}"
        money.deposit(session, seller.id, sum(amounts), "NGN", reference=reference, at=NOW, actor=DIVINE)
        order = MandateTerms(True, 100, None, 0)
        mandate = auto_deduct_mandates.change(session, seller.id, "NGN", order, version=0, at=NOW, actor=AMINA)
        return seller.id, made, mandate.id


def stands(runtime: Runtime, party: int) -> tuple[int, int]:
    with runtime.db.reading() as session:
        return wallet(session, party), owes(session, party)


def test_two_releases_of_one_seller_at_once_meet_each_debt_once(pg_runtime: Runtime) -> None:
    for _ in range(ROUNDS):
        seller, [first, second], _ = debtor(pg_runtime, 10_000, 4_000)

        outcomes = at_once(pg_runtime, [release(first), release(second), release(first, second)])

        assert sum(outcome.done for outcome in outcomes) == 2, outcomes
        assert stands(pg_runtime, seller) == (14_000, 0)
    all_books_agree(pg_runtime)


def test_a_release_beside_a_repayment_by_hand_never_takes_the_debt_twice(pg_runtime: Runtime) -> None:
    for _ in range(ROUNDS):
        seller, [escrow], _ = debtor(pg_runtime, 10_000)

        outcome, repaid = at_once(pg_runtime, [release(escrow), repay(seller, 7_000)])

        assert outcome.done == 1
        assert repaid is None or "most that can be repaid" in str(repaid)
        assert stands(pg_runtime, seller) == (10_000, 0)
    all_books_agree(pg_runtime)


def test_a_release_beside_auto_deduct_never_takes_the_debt_twice(pg_runtime: Runtime) -> None:
    for _ in range(ROUNDS):
        seller, [escrow], mandate = debtor(pg_runtime, 10_000)

        outcome, deducted = at_once(pg_runtime, [release(escrow), deduct(mandate)])

        assert (outcome.done, type(deducted).__name__) == (1, "Outcome"), deducted
        assert stands(pg_runtime, seller) == (10_000, 0)
    all_books_agree(pg_runtime)


def test_of_two_corrections_at_once_one_is_done(pg_runtime: Runtime) -> None:
    for _ in range(ROUNDS // 2):
        with pg_runtime.db.transaction() as session:
            market = Market(session, pg_runtime)
            market.limit(10**12)
            escrow = market.escrow(10_000)
            let_go(market, "release", escrow.id)
            transfer, buyer = left_by(session, escrow.id), escrow.buyer_id
        refund = ReverseAndRefund(reason="Wrong.", to_debt=True)
        split = ReverseAndSplit(reason="Wrong.", to_debt=True, buyer_amount=5_000, seller_amount=5_000)

        outcomes = at_once(
            pg_runtime,
            [
                correct(pg_runtime, "transfer.reverse_and_refund", transfer, refund),
                correct(pg_runtime, "transfer.reverse_and_split", transfer, split),
            ],
        )

        assert [type(outcome) for outcome in outcomes].count(Overtaken) == 1, outcomes
        assert stands(pg_runtime, buyer)[0] in (10_000, 5_000)
    all_books_agree(pg_runtime)


def test_without_the_lock_the_bound_of_the_debt_refuses_the_second(
    pg_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    seller, [escrow], _ = debtor(pg_runtime, 10_000)
    with_money = Meeting()

    def look(session: Session, ids: list[int]) -> dict[int, int]:
        found: dict[int, int] = with_money.after(ledger_posting.balances)(session, ids)
        return found

    blind = SimpleNamespace(lock_party_accounts=lambda *_: None, balances=look)
    monkeypatch.setattr(reversal_debts, "posting", blind)
    late = with_money.after(lambda session: None)

    def repaid(session: Session) -> None:
        money.repay(session, seller, 7_000, "NGN", reference="repaid", at=NOW, actor=DIVINE)
        late(session)

    outcomes = at_once(pg_runtime, [release(escrow), repaid])

    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1, outcomes
    assert "ceiling" in str(next(outcome for outcome in outcomes if isinstance(outcome, Exception)))
    all_books_agree(pg_runtime)
