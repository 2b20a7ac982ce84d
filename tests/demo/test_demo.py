"""The demo: rich, balanced, and gone without a trace when it is cleared."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text

from tests.support.filled import rows
from webapp import clock, demo
from webapp.domain.outbox.event_types import EVENTS
from webapp.domain.references import is_own
from webapp.errors import Conflict
from webapp.models import (
    Account,
    Approval,
    AuditHead,
    DailyFigure,
    Dispute,
    Entry,
    Escrow,
    Event,
    Freeze,
    Run,
    Schedule,
    Transfer,
)
from webapp.runtime import Runtime
from webapp.services.scheduling.job_health import health_of


def refusals(runtime: Runtime) -> list[tuple[str, str]]:
    """Every trigger, and whether it fires."""
    question = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    if not runtime.db.is_sqlite:
        question = "SELECT pg_get_triggerdef(oid), tgenabled::text FROM pg_trigger WHERE NOT tgisinternal"
    with runtime.db.reading() as session:
        return sorted((name, told) for name, told in session.execute(text(question)))


def tallied(runtime: Runtime, question: Any) -> dict[str, int]:
    with runtime.db.reading() as session:
        return dict(session.execute(question).all())


def test_the_demo_is_rich_and_its_books_balance(filled: tuple[Runtime, dict[str, int]]) -> None:
    runtime, _ = filled
    statuses = tallied(runtime, select(Escrow.status, func.count()).group_by(Escrow.status))
    disputes = tallied(runtime, select(Dispute.status, func.count()).group_by(Dispute.status))
    runs = tallied(runtime, select(Run.status, func.count()).group_by(Run.status))

    assert set(statuses) == {"pending_payment", "held", "released", "refunded", "split", "voided"}
    assert sum(statuses.values()) > 400
    assert {"opened", "needs_response", "under_review", "escalated", "pending_approval", "expired", "resolved"} <= set(
        disputes
    )
    assert {"succeeded", "partial", "failed", "lost"} <= set(runs)
    with runtime.db.reading() as session:
        now = clock.now()
        assert (
            session.scalars(select(func.count()).where(Dispute.due_at < now, Dispute.resolved_at.is_(None))).one() > 0
        )
        assert session.scalars(select(func.count()).where(Escrow.blocked == "no_wallet")).one() > 0
        assert session.scalars(select(func.count()).where(Approval.status == "proposed")).one() > 0
        assert session.scalars(select(func.count(DailyFigure.day.distinct()))).one() > 50
        assert session.scalar(select(func.count()).where(Event.sent_at.is_(None))) == 0
        for event in session.scalars(select(Event)):
            EVENTS[event.type].shape().model_validate_json(event.payload)
        summed = select(func.coalesce(func.sum(Entry.amount), 0)).where(Entry.account_id == Account.id)
        assert session.scalars(select(Account.id).where(Account.balance != summed.scalar_subquery())).all() == []
        frozen = select(func.count()).where(Freeze.escrow_id == Escrow.id, Freeze.lifted_at.is_(None))
        assert session.scalars(select(Escrow.id).where(Escrow.freezes != frozen.scalar_subquery())).all() == []
        assert set(session.scalars(select(AuditHead.chain))) == {"main", "demo"}
        references = session.scalars(select(Transfer.reference).where(~Transfer.reference.startswith("demo-")))
        assert [reference for reference in references if not is_own(reference)] == []


def test_one_daily_job_has_been_silent_for_more_than_25_hours(filled: tuple[Runtime, dict[str, int]]) -> None:
    runtime, _ = filled
    with runtime.db.reading() as session:
        health = health_of(session, "auto_deduct", clock.now())
        assert health.late_since is not None
        assert (clock.now() - health.late_since).total_seconds() > 25 * 3600
        assert session.get_one(Schedule, "auto_deduct").catch_up == "skip"


@pytest.mark.long
def test_clearing_removes_exactly_what_was_added(filled: tuple[Runtime, dict[str, int]]) -> None:
    runtime, before = filled
    assert len(list(runtime.evidence_folder.iterdir())) > 0

    assert demo.clear(runtime) > 1_000

    assert rows(runtime) == before
    assert list(runtime.evidence_folder.iterdir()) == []
    with runtime.db.reading() as session:
        assert session.execute(select(Account.kind, Account.balance).where(Account.balance != 0)).all()
        assert session.scalar(select(func.sum(Account.balance))) == 0
        assert session.scalars(select(AuditHead.chain)).all() == ["main"]
    assert demo.clear(runtime) == 0
    assert demo.seed(runtime)


def test_seeding_twice_adds_nothing(filled: tuple[Runtime, dict[str, int]]) -> None:
    runtime, _ = filled
    there = rows(runtime)
    assert not demo.seed(runtime)
    assert rows(runtime) == there


@pytest.mark.long
def test_what_is_written_once_is_refused_again_after_clearing(filled: tuple[Runtime, dict[str, int]]) -> None:
    runtime, _ = filled
    demo.clear(runtime)
    with pytest.raises(Exception, match="written once"), runtime.db.transaction() as session:
        session.execute(delete(Entry))


@pytest.mark.parametrize("action", [demo.seed, demo.clear])
def test_there_is_no_demo_in_production(sqlite_runtime: Runtime, action: Callable[[Runtime], object]) -> None:
    object.__setattr__(sqlite_runtime, "settings", sqlite_runtime.settings.model_copy(update={"env": "production"}))
    with pytest.raises(Conflict, match="production"):
        action(sqlite_runtime)


@pytest.mark.long
def test_clearing_puts_every_refusal_back_as_it_was(filled: tuple[Runtime, dict[str, int]]) -> None:
    runtime, _ = filled
    before = refusals(runtime)
    demo.clear(runtime)
    assert refusals(runtime) == before
