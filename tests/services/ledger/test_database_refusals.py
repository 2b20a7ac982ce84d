"""What the database itself refuses, whoever asks."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from tests.support.market import DIVINE, NOW, Market, Undone, all_books_agree
from webapp.domain.states import AccountKind, TransferKind
from webapp.models import (
    Account,
    Alert,
    Approval,
    Audit,
    Base,
    Chargeback,
    Delivery,
    Discrepancy,
    Dispute,
    Escrow,
    Freeze,
    InboundWebhook,
    Order,
    Payment,
    Payout,
    PayoutDestination,
    Refund,
    Run,
    Transfer,
)
from webapp.models.base import Instant, Json
from webapp.runtime import Runtime
from webapp.services.audit import trail
from webapp.services.ledger import accounts
from webapp.services.ledger import posting as ledger_posting


@pytest.fixture
def paid(runtime: Runtime) -> Runtime:
    """A desk with one held escrow."""
    with runtime.db.transaction() as session:
        Market(session, runtime).escrow()
    return runtime


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transfer SET amount = 1",
        "DELETE FROM transfer",
        "UPDATE entry SET amount = 1",
        "DELETE FROM entry",
        "UPDATE audit SET reason = 'x'",
        "DELETE FROM audit",
        "UPDATE audit_seal SET digest = 'x'",
        "DELETE FROM audit_seal",
        "DELETE FROM account",
        "DELETE FROM escrow",
        "INSERT INTO entry (transfer_id, account_id, currency, amount) VALUES (1, 1, 'NGN', 5)",
        "INSERT INTO entry (transfer_id, account_id, currency, amount) VALUES (999, 1, 'NGN', 5), (999, 1, 'NGN', -5)",
        "INSERT INTO entry (transfer_id, account_id, currency, amount) VALUES (1, 99, 'NGN', 5), (1, 99, 'NGN', -5)",
        "INSERT INTO entry (transfer_id, account_id, currency, amount) VALUES (1, 1, 'KES', 5), (1, 1, 'KES', -5)",
        "UPDATE account SET balance = -1 WHERE kind = 'wallet'",
        "UPDATE escrow SET freezes = -1",
    ],
)
def test_the_database_refuses(paid: Runtime, statement: str) -> None:
    with pytest.raises(DBAPIError), paid.db.transaction() as session:
        session.execute(text(statement))
    all_books_agree(paid)


def test_an_account_that_nothing_names_stays_too(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        accounts.pool(session, AccountKind.CLEARING, "NGN", at=NOW, owner="paystack")
    with pytest.raises(DBAPIError, match="never removed"), runtime.db.transaction() as session:
        session.execute(text("DELETE FROM account"))


def test_a_transfer_that_does_not_sum_to_zero_is_refused(runtime: Runtime) -> None:
    with pytest.raises(DBAPIError, match="sum to zero"), runtime.db.transaction() as session:
        pools = [accounts.pool(session, AccountKind.CLEARING, "NGN", at=NOW, owner=owner) for owner in ("a", "b")]
        legs = [(pools[0], -5), (pools[1], 4)]
        ledger_posting.post(session, reference="x", kind=TransferKind.DEPOSIT, currency="NGN", legs=legs, at=NOW)


def test_a_second_transfer_under_a_reference_is_refused(runtime: Runtime) -> None:
    with pytest.raises(DBAPIError), runtime.db.transaction() as session:
        pools = [accounts.pool(session, AccountKind.CLEARING, "NGN", at=NOW, owner=owner) for owner in ("a", "b")]
        legs = [(pools[0], -5), (pools[1], 5)]
        for _ in range(2):
            ledger_posting.post(session, reference="x", kind=TransferKind.DEPOSIT, currency="NGN", legs=legs, at=NOW)


def test_many_transfers_in_one_posting_keep_their_own_entries(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        for amount in (1, 2, 3):
            market.escrow(amount)
    with runtime.db.reading() as session:
        rows = session.execute(
            text(
                "SELECT t.amount, max(e.amount) FROM transfer t JOIN entry e ON e.transfer_id = t.id "
                "GROUP BY t.id, t.amount"
            )
        )
        assert all(amount == largest for amount, largest in rows)


AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ALONE: list[tuple[type[Base], dict[str, Any]]] = [
    (Transfer, {"escrow_id": 1, "hold_no": 1, "is_disbursement": True}),
    (Transfer, {"reference": "x"}),
    (Transfer, {"reverses_id": 1}),
    (Run, {"job": "auto_release", "slot": AT}),
    (Run, {"job": "auto_release", "status": "running", "dry_run": False}),
    (Alert, {"rule": "run_failed", "subject": "auto_release", "status": "firing"}),
    (Dispute, {"escrow_id": 1, "status": "opened"}),
    (Approval, {"subject_kind": "escrow", "subject_id": 1, "status": "proposed"}),
    (Freeze, {"escrow_id": 1, "cause": "person", "cause_id": 1, "lifted_at": None}),
    (Account, {"party_id": 1, "kind": "wallet", "currency": "NGN"}),
    (Account, {"party_id": None, "kind": "clearing", "owner": "paystack", "currency": "NGN"}),
    (Escrow, {"order_id": 1}),
    (Payment, {"provider": "paystack", "reference": "x"}),
    (Refund, {"payment_id": 1}),
    (Chargeback, {"provider": "paystack", "number": "7"}),
    (InboundWebhook, {"provider": "paystack", "key": "x"}),
    (PayoutDestination, {"party_id": 1, "currency": "NGN", "retired_at": None}),
    (Payout, {"ref": "x"}),
    (Delivery, {"key": "x"}),
    (Discrepancy, {"source": "blnk", "reference": "x", "resolved_at": None}),
    (Audit, {"batch": 1, "pos": 1}),
]
"""What may be there once, by the values that make it the same."""
NEVER: list[tuple[type[Base], dict[str, Any]]] = [
    (Account, {"balance": -1, "floor": 0}),
    (Account, {"balance": 1, "ceiling": 0}),
    (Escrow, {"amount": 5, "fee": 6}),
    (Escrow, {"freezes": -1}),
    (Order, {"buyer_id": 1, "seller_id": 1}),
    (Transfer, {"amount": 0}),
    (Approval, {"proposed_by": "user:1", "decided_by": "user:1"}),
    (Payout, {"amount": 0}),
]
"""Values that no row may have together."""


def called(part: Any) -> str:
    """How a table or some of its columns are named in a test's name."""
    return "-".join(part) if isinstance(part, dict) else str(part.__tablename__)


def filled(model: type[Base], number: int, given: dict[str, Any]) -> dict[str, Any]:
    """A row with these values, and with others of its own wherever there must be some."""
    columns: Any = model.__table__.columns
    own = {each.name: _value(each, number) for each in columns if each.primary_key or not each.nullable}
    return own | given


def _value(column: Any, number: int) -> Any:
    if isinstance(column.type, Instant):
        return AT + timedelta(days=number)
    if isinstance(column.type, Json):
        return {}
    values = {bool: False, str: f"v{number}"}
    return values.get(column.type.python_type, number)


@contextmanager
def without_its_surroundings(runtime: Runtime) -> Iterator[Session]:
    """A transaction that asks neither for what a row refers to nor for entries, and leaves nothing."""
    with suppress(Undone), runtime.db.transaction() as session:
        if runtime.db.is_sqlite:
            session.execute(text("PRAGMA defer_foreign_keys = ON"))
            session.execute(text("DROP TRIGGER IF EXISTS transfer_balance"))
        else:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        yield session
        raise Undone


@pytest.mark.parametrize(("model", "given"), ALONE, ids=called)
def test_the_database_refuses_a_second_row(runtime: Runtime, model: type[Base], given: dict[str, Any]) -> None:
    with without_its_surroundings(runtime) as session:
        session.execute(insert(model).values(filled(model, 1, given)))
        with pytest.raises(IntegrityError, match=r"(?i)unique"):
            session.execute(insert(model).values(filled(model, 2, given)))
        session.rollback()


@pytest.mark.parametrize(("model", "given"), NEVER, ids=called)
def test_the_database_refuses_a_row(runtime: Runtime, model: type[Base], given: dict[str, Any]) -> None:
    with without_its_surroundings(runtime) as session:
        with pytest.raises(IntegrityError, match=r"(?i)check"):
            session.execute(insert(model).values(filled(model, 1, given)))
        session.rollback()


def test_the_accounts_of_parties_have_their_bounds(runtime: Runtime) -> None:
    bounds = {}
    with runtime.db.transaction() as session:
        party = Market(session, runtime).party(wallet=None).id
        for kind in (AccountKind.WALLET, AccountKind.PENDING, AccountKind.RECEIVABLE):
            account = session.get_one(Account, accounts.open_account(session, kind, party, "NGN", at=NOW))
            bounds[str(kind)] = (account.floor, account.ceiling)
    assert bounds == {"wallet": (0, None), "pending": (0, None), "receivable": (None, 0)}


def test_a_run_that_moved_money_is_not_removed(pg_runtime: Runtime) -> None:
    with pg_runtime.db.transaction() as session:
        for number in (1, 2):
            session.execute(insert(Run).values(filled(Run, number, {"status": "succeeded"})))
        pools = [accounts.pool(session, AccountKind.CLEARING, "NGN", at=NOW, owner=owner) for owner in ("a", "b")]
        legs = [(pools[0], -5), (pools[1], 5)]
        how: Any = {"kind": TransferKind.DEPOSIT, "currency": "NGN", "legs": legs, "at": NOW}
        ledger_posting.post(session, reference="x", run_id=1, **how)
    with pytest.raises(DBAPIError, match="moved money"), pg_runtime.db.transaction() as session:
        session.execute(text("DELETE FROM run WHERE id = 1"))
    with pg_runtime.db.transaction() as session:
        session.execute(text("DELETE FROM run WHERE id = 2"))


@pytest.mark.parametrize("table", ["transfer", "entry", "audit", "audit_seal", "account", "escrow"])
def test_no_book_is_emptied_at_once(pg_runtime: Runtime, table: str) -> None:
    with pytest.raises(DBAPIError, match="never removed"), pg_runtime.db.transaction() as session:
        session.execute(text(f"TRUNCATE {table} CASCADE"))


def test_a_table_of_the_sessions_own_deceives_no_trigger(pg_runtime: Runtime) -> None:
    """Whoever may connect may make temporary tables, and they come before the desk's where nothing else is said."""
    with pg_runtime.db.transaction() as session:
        session.execute(insert(Run).values(filled(Run, 1, {"status": "succeeded"})))
        pools = [accounts.pool(session, AccountKind.CLEARING, "NGN", at=NOW, owner=owner) for owner in ("a", "b")]
        how: Any = {"kind": TransferKind.DEPOSIT, "currency": "NGN", "at": NOW, "run_id": 1}
        ledger_posting.post(session, reference="x", legs=[(pools[0], -5), (pools[1], 5)], **how)
        trail.record(session, DIVINE, "party.change", ("party", 1), at=NOW, reason="Because.")
    with pytest.raises(DBAPIError, match="moved money"), pg_runtime.db.transaction() as session:
        session.execute(text("CREATE TEMP TABLE transfer (id bigint, run_id bigint)"))
        session.execute(text("DELETE FROM public.run WHERE id = 1"))
    with pytest.raises(DBAPIError, match="written once"), pg_runtime.db.transaction() as session:
        session.execute(text("CREATE TEMP TABLE audit AS SELECT * FROM public.audit WHERE reason = 'Because.'"))
        session.execute(
            text("UPDATE audit SET subject_kind = 'audit_batch', subject_id = batch, action = 'audit.redact'")
        )
        session.execute(text("UPDATE audit SET batch = batch + 1"))
        session.execute(text("UPDATE public.audit SET reason = 'So.' WHERE reason = 'Because.'"))


def test_each_trigger_that_looks_something_up_says_where(pg_runtime: Runtime) -> None:
    functions = text(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prorettype = 'trigger'::regtype "
        "AND prosrc ~* 'from' AND NOT coalesce(array_to_string(proconfig, ',') LIKE 'search_path=%pg_temp', false)"
    )
    with pg_runtime.db.reading() as session:
        assert session.scalars(functions).all() == []
