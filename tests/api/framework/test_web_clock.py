"""A web process whose machine has a wrong clock writes down the database's time."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.api.conftest import Api, Caller, an_order
from webapp import clock
from webapp.models import Audit, Escrow
from webapp.runtime import Runtime
from webapp.sql import database_now

WEEK = timedelta(days=7)


@pytest.fixture
def off(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """`off(a_week)`: the machine believes that it is so much later."""
    right = clock.local
    monkeypatch.setattr(clock, "_correction", timedelta(0))
    return lambda by: monkeypatch.setattr(clock, "local", lambda: right() + by)


@pytest.fixture
def api(caller: Caller) -> Api:
    return caller("read", "orders", "parties")


@pytest.mark.parametrize("by", [WEEK, -WEEK])
def test_what_is_written_becomes_due_by_the_databases_clock(
    api: Api, place: Runtime, off: Callable[[timedelta], None], by: timedelta
) -> None:
    with place.db.reading() as session:
        before = session.scalar(select(func.max(Audit.id))) or 0
    off(by)
    an_order(api, "a")
    off(-by)  # the machine's clock is set while the process runs
    an_order(api, "b")

    with place.db.reading() as session:
        now = database_now(session)
        recorded = session.scalars(select(Audit.at).where(Audit.id > before))
        written = [*session.scalars(select(Escrow.held_at)), *recorded]
    assert len(written) > 3
    assert [instant for instant in written if not now - timedelta(minutes=1) < instant <= now] == []
