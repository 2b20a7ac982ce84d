"""What the database itself refuses, whoever asks."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.support.market import NOW, Market, all_books_agree
from webapp.domain.states import AccountKind, TransferKind
from webapp.runtime import Runtime
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
