"""Each thing that can be wrong with the books is named, by a check that nothing else does."""

from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from tests.support.market import NOW, Market
from webapp.domain.states import AccountKind
from webapp.models import Account, Entry, Escrow, Freeze, Transfer
from webapp.runtime import Runtime
from webapp.services.ledger import integrity_checks


def entry(session: Session, amount: int, transfer: int = 1) -> None:
    """One more entry, on the first account, which follows it."""
    account = session.scalars(select(Account.id).order_by(Account.id)).first()
    row = {"transfer_id": transfer, "account_id": account, "currency": "NGN", "amount": amount}
    session.execute(insert(Entry).values(row))
    session.execute(update(Account).where(Account.id == account).values(balance=Account.balance + amount))


def wallet(session: Session, **values: Any) -> None:
    session.execute(update(Account).where(Account.kind == AccountKind.WALLET).values(values))


def transfer(session: Session, **values: Any) -> None:
    row = {"reference": "x", "kind": "refund", "currency": "NGN", "amount": 1, "is_disbursement": False, "at": NOW}
    session.execute(insert(Transfer).values(row | values))


def escrow(session: Session, **values: Any) -> None:
    session.execute(update(Escrow).values(values))


def money_is_made(session: Session) -> None:
    entry(session, 7)


def a_transfer_is_off(session: Session) -> None:
    entry(session, 7)
    entry(session, -7, transfer=2)


def a_transfer_is_empty(session: Session) -> None:
    transfer(session)


def a_balance_is_changed(session: Session) -> None:
    wallet(session, balance=3)


def a_bound_is_passed(session: Session) -> None:
    wallet(session, floor=9)


def a_pool_is_short(session: Session) -> None:
    escrow(session, amount=9_999)


def a_freeze_is_not_counted(session: Session) -> None:
    row = {"escrow_id": 1, "cause": "person", "cause_id": 1, "reason": "x", "by": "x", "by_name": "x", "at": NOW}
    session.execute(insert(Freeze).values(row))


def it_left_without_a_transfer(session: Session) -> None:
    escrow(session, status="released")


def it_is_held_though_a_transfer_let_it_go(session: Session) -> None:
    transfer(session, escrow_id=1, hold_no=1, is_disbursement=True, amount=10_000)


def it_was_left_by_another_sum(session: Session) -> None:
    escrow(session, status="released")
    transfer(session, escrow_id=1, hold_no=1, is_disbursement=True, amount=9_999)


def nobody_paid_it_in(session: Session) -> None:
    session.execute(update(Transfer).where(Transfer.escrow_id == 1).values(kind="deposit"))


WRONG = {
    money_is_made: "does not sum to zero",
    a_transfer_is_off: "does not sum to zero",
    a_transfer_is_empty: "has no entries",
    a_balance_is_changed: "says 3, but its entries sum to 0",
    a_bound_is_passed: "is beyond its bound: 0",
    a_pool_is_short: "but 9999 is held",
    a_freeze_is_not_counted: "says it has 0 freezes, but 1 are open",
    it_left_without_a_transfer: "is released, but no transfer let it go",
    it_is_held_though_a_transfer_let_it_go: "is held, but a transfer let it go",
    it_was_left_by_another_sum: "was left by 9999, which is not what was held",
    nobody_paid_it_in: "is held, but no transfer put money there",
}


def unguarded(session: Session) -> None:
    """The database without what it refuses by itself."""
    triggers = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
    for name in triggers:
        session.execute(text(f"DROP TRIGGER {name}"))
    session.execute(text("PRAGMA ignore_check_constraints = ON"))


@pytest.mark.parametrize("happens", WRONG, ids=lambda each: each.__name__)
def test_what_is_wrong_is_named(sqlite_runtime: Runtime, happens: Any) -> None:
    with sqlite_runtime.db.transaction() as session:
        Market(session, sqlite_runtime).escrow()
        Market(session, sqlite_runtime).party(wallet=5)
        session.execute(delete(Freeze))
    with sqlite_runtime.db.transaction() as session:
        assert list(integrity_checks.checks(session)) == []
        unguarded(session)
        happens(session)
        assert any(WRONG[happens] in sentence for sentence in integrity_checks.checks(session))
