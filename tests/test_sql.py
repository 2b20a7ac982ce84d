"""How rows are locked: in one order whoever asks, and on SQLite by being the one writer from the beginning."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text, type_coerce
from sqlalchemy.orm import Session

from webapp.models import Escrow, Tenant
from webapp.models.base import Instant
from webapp.runtime import Runtime
from webapp.services.ledger import posting
from webapp.sql import days_after, is_sqlite, lock, lock_found

LOCKS: dict[str, Callable[[Session], Any]] = {
    "rows": lambda session: lock(session, Escrow, [3, 1, 2]),
    "rows that are there": lambda session: lock_found(session, Escrow, [3, 1, 2]),
    "accounts of parties": lambda session: posting.lock_party_accounts(session, [3, 1, 2]),
}


@contextmanager
def executed(runtime: Runtime) -> Iterator[list[tuple[str, Any]]]:
    """The statements of the block with their parameters."""
    found: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        found.append((statement, parameters))

    event.listen(runtime.db.engine, "before_cursor_execute", note)
    yield found
    event.remove(runtime.db.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
@pytest.mark.parametrize("days", [0, 1, 30, 3650])
def test_days_are_24_hours_each_to_the_microsecond(runtime: Runtime, days: int, zone: str) -> None:
    at = datetime(2026, 3, 28, 23, 59, 59, 999_999, UTC)  # Summer time begins in between.
    with runtime.db.transaction() as session:
        if not is_sqlite(session):
            session.execute(text(f"SET LOCAL TIME ZONE '{zone}'"))
        tenant = Tenant(ref="t", name="T", grace_days=days, created_at=at, updated_at=at, stored_at=at)
        session.add(tenant)
        session.flush()
        later = days_after(Tenant.created_at, Tenant.grace_days)
        assert session.scalar(select(type_coerce(later, Instant))) == at + timedelta(days)
        exact = [at + timedelta(days, microseconds=off) for off in (-1, 0, 1)]
        assert [session.scalar(select(Tenant.id).where(later <= each)) is not None for each in exact] == [
            False,
            True,
            True,
        ]


@pytest.mark.parametrize("what", LOCKS)
def test_rows_are_locked_in_the_order_of_their_ids(pg_runtime: Runtime, what: str) -> None:
    with pg_runtime.db.transaction() as session, executed(pg_runtime) as statements:
        LOCKS[what](session)
    [locking] = [statement for statement, _ in statements if " FOR " in statement]
    before, _, after = locking.partition(" FOR ")
    assert before.rpartition("ORDER BY ")[2].strip().endswith(".id")
    assert after.startswith("NO KEY UPDATE")


def test_pools_are_moved_in_the_order_of_their_ids(pg_runtime: Runtime) -> None:
    with pg_runtime.db.transaction() as session, executed(pg_runtime) as statements:
        session.info["pools"] = {9: 5, 2: -5, 4: 1}
        posting.settle_pools(session)
    [moved] = [parameters for statement, parameters in statements if statement.startswith("UPDATE account")]
    assert [each["account"] for each in moved] == [2, 4, 9]


def test_on_sqlite_who_writes_is_alone_from_the_beginning_and_who_reads_is_not(sqlite_runtime: Runtime) -> None:
    with executed(sqlite_runtime) as written, sqlite_runtime.db.transaction():
        pass
    with executed(sqlite_runtime) as read, sqlite_runtime.db.reading() as session:
        session.connection()
    assert written[0][0] == "BEGIN IMMEDIATE"
    assert read[0][0] == "BEGIN"
