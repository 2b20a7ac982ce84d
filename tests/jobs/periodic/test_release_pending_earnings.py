"""The release of earnings whose buffer is over, through the engine."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.arguments import OfVersion
from tests.support.job_runs import run_job_now
from tests.support.market import CHIKA, DIVINE, Market, all_books_agree, wallet
from tests.support.read_back import why_unpaid
from webapp import clock
from webapp.domain.states import AccountKind
from webapp.jobs.engine import chunks
from webapp.models import Account, DailyFigure, Escrow, Party, Transfer
from webapp.runtime import Runtime
from webapp.services.approvals import approvals, escrow_decisions
from webapp.services.common.batch_result import Outcome
from webapp.services.escrows import release as escrow_release
from webapp.services.ledger import accounts
from webapp.services.orders import orders
from webapp.services.payments.reversals import decisions as reversal_decisions

JOB = "release_pending_earnings"


def earning(
    market: Market, amount: int, approved: datetime | None = None, *, fee: int = 0, seller: Party | None = None
) -> Escrow:
    """An earning; with a date its work was approved then."""
    escrow = market.escrow(amount, policy="buffer", fee=fee, seller=seller)
    if approved is not None:
        orders.complete(market.session, escrow.order_id, at=approved, actor=DIVINE, settings=market.runtime.settings)
    return escrow


def backlog(runtime: Runtime) -> list[Escrow]:
    """Two that are due, one of a seller without a wallet, one in its buffer, one not approved, one claimed."""
    now = clock.now()
    long_ago = now - timedelta(days=7, minutes=1)
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=now - timedelta(days=9))
        made = [
            earning(market, 1_000, long_ago, fee=50),
            earning(market, 2_000, long_ago),
            earning(market, 4_000, long_ago, seller=market.party("Nia", wallet=None)),
            earning(market, 8_000, now - timedelta(days=6)),
            earning(market, 16_000),
            earning(market, 32_000, long_ago),
        ]
        market.dispute(made[5], "warranty_claim")
        for escrow in made:
            session.refresh(escrow)
        return made


def pending(runtime: Runtime, party_id: int) -> int:
    with runtime.db.reading() as session:
        account = accounts.find_account(session, AccountKind.PENDING, party_id, "NGN")
        return session.get_one(Account, account).balance


def test_due_earnings_move_from_pending_to_the_wallet_once(runtime: Runtime) -> None:
    made = backlog(runtime)
    assert pending(runtime, made[0].seller_id) == 1_000
    dry, run, again = (run_job_now(runtime, JOB, dry_run=dry) for dry in (True, False, False))

    assert (run.status, run.succeeded, run.skipped, run.amounts) == ("succeeded", 2, 1, {"NGN": 3_000})
    assert (dry.succeeded, dry.skipped, dry.amounts) == (2, 1, {"NGN": 3_000})
    assert (again.succeeded, again.skipped) == (0, 1)
    assert [pending(runtime, escrow.seller_id) for escrow in made] == [0, 0, 4_000, 8_000, 16_000, 32_000]
    with runtime.db.reading() as session:
        assert wallet(session, made[0].seller_id) == 950
        kinds = select(Transfer.kind).where(Transfer.escrow_id == made[0].id).order_by(Transfer.id)
        assert list(session.scalars(kinds)) == ["pending_earning", "earning"]
        figures = session.scalars(select(DailyFigure).order_by(DailyFigure.day)).all()
        assert (sum(day.held for day in figures), sum(day.released for day in figures)) == (63_000, 3_000)
        why = [why_unpaid(session, escrow.id, clock.now())[0] for escrow in made]
    assert [sentence.split()[0:3] for sentence in why[2:5]] == [
        ["The", "seller,", "Nia,"],
        ["It", "is", "not"],
        ["The", "buyer", "has"],
    ]
    all_books_agree(runtime)


def test_one_bad_item_is_left_alone_among_good_ones(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = backlog(runtime)[0].id
    action = escrow_release.release_all

    def poisoned(session: Session, ids: Sequence[int], **how: Any) -> Outcome:
        if bad in ids:
            raise ZeroDivisionError("this one is bad")
        return action(session, ids, **how)

    monkeypatch.setattr(chunks, "CHUNK", 2)
    monkeypatch.setattr(escrow_release, "release_all", poisoned)
    run = run_job_now(runtime, JOB)
    assert (run.status, run.succeeded, run.failed, run.skipped) == ("partial", 1, 1, 1)
    all_books_agree(runtime)


def test_an_earning_can_be_taken_back_into_pending(runtime: Runtime) -> None:
    escrow = backlog(runtime)[0]
    run_job_now(runtime, JOB)
    with runtime.db.transaction() as session:
        Market(session, runtime).limit(0)
        paid = session.scalars(
            select(Transfer.id).where(Transfer.escrow_id == escrow.id, Transfer.is_disbursement)
        ).one()
        settings, now = runtime.settings, clock.now()
        asked = reversal_decisions.reverse(session, paid, "Wrong person.", at=now, actor=DIVINE, settings=settings)
        assert asked.approval is not None
        approvals.approve(session, asked.approval.id, at=now, actor=CHIKA, settings=settings)

    assert pending(runtime, escrow.seller_id) == 1_000
    with runtime.db.reading() as session:
        assert escrow_decisions.get(session, escrow.id).hold_no == 2
    all_books_agree(runtime)


def test_a_person_may_release_one_before_its_time(runtime: Runtime) -> None:
    escrow = backlog(runtime)[3]
    with runtime.db.transaction() as session:
        Market(session, runtime).limit(10**6)
        version = escrow_decisions.get(session, escrow.id).version
        how: OfVersion = {"version": version, "at": clock.now(), "actor": CHIKA, "settings": runtime.settings}
        assert escrow_decisions.release(session, escrow.id, "The buyer asked for it.", **how).executed
        kind = session.scalars(
            select(Transfer.kind).where(Transfer.escrow_id == escrow.id, Transfer.is_disbursement)
        ).one()
    assert (kind, pending(runtime, escrow.seller_id)) == ("earning", 0)
    all_books_agree(runtime)
