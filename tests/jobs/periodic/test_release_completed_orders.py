"""The release of completed orders, through the engine."""

import importlib
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.support.job_runs import run_job_now
from tests.support.market import AMINA, DIVINE, Market, all_books_agree, wallet
from tests.support.read_back import why_unpaid
from tests.support.reversals import let_go, reverse, thaw
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.states import Policy
from webapp.jobs.engine import chunks
from webapp.models import Escrow, Event, RunItem, Transfer
from webapp.runtime import Runtime
from webapp.services.approvals import escrow_decisions
from webapp.services.common.batch_result import Outcome
from webapp.services.escrows import release as escrow_release
from webapp.services.escrows import release_preview
from webapp.services.orders import orders

JOB = "release_completed_orders"


def complete(market: Market, escrow: Escrow) -> None:
    orders.complete(market.session, escrow.order_id, at=market.at, actor=DIVINE, settings=market.runtime.settings)


def backlog(runtime: Runtime) -> list[int]:
    """Two of completed orders, one of a seller without a wallet, one not completed, and one of another policy."""
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=clock.now() - timedelta(hours=3))
        bare = market.party("Nia", wallet=None)
        made = [
            market.escrow(1_000, fee=100, policy="completion"),
            market.escrow(2_000, policy="completion"),
            market.escrow(4_000, policy="completion", seller=bare),
            market.escrow(8_000, policy="completion"),
            market.escrow(16_000),
        ]
        for escrow in (*made[:3], made[4]):
            complete(market, escrow)
        return [escrow.id for escrow in made]


def held(runtime: Runtime) -> list[bool]:
    with runtime.db.reading() as session:
        return [status == "held" for status in session.scalars(select(Escrow.status).order_by(Escrow.id))]


def test_it_pays_completed_orders_once_and_names_who_has_no_wallet(runtime: Runtime) -> None:
    ids = backlog(runtime)
    dry = run_job_now(runtime, JOB, dry_run=True)
    assert held(runtime) == [True] * 5
    run, again = run_job_now(runtime, JOB), run_job_now(runtime, JOB)

    assert (run.status, run.succeeded, run.skipped, run.amounts) == ("succeeded", 2, 1, {"NGN": 3_000})
    assert (dry.succeeded, dry.skipped, dry.amounts) == (2, 1, {"NGN": 3_000})
    assert (again.succeeded, again.skipped) == (0, 1)
    assert held(runtime) == [False, False, True, True, True]
    with runtime.db.reading() as session:
        assert set(session.scalars(select(RunItem.message))) == {"Nia has no wallet in NGN."}
        first = escrow_decisions.get(session, ids[0])
        assert (first.close_reason, wallet(session, first.seller_id)) == ("completed", 900)
        assert escrow_decisions.get(session, ids[2]).blocked == "no_wallet"
        told = session.scalars(select(Event.payload).where(Event.type == "escrow.released").order_by(Event.id)).first()
        assert json.loads(told or "{}")["reason"] == "completed"
    all_books_agree(runtime)


def test_one_bad_item_is_left_alone_among_good_ones(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = backlog(runtime)[0]
    action = escrow_release.release_all

    def poisoned(session: Session, ids: Sequence[int], **how: Any) -> Outcome:
        if bad in ids:
            raise ZeroDivisionError("this one is bad")
        return action(session, ids, **how)

    monkeypatch.setattr(chunks, "CHUNK", 2)
    monkeypatch.setattr(escrow_release, "release_all", poisoned)
    run = run_job_now(runtime, JOB)

    assert (run.status, run.succeeded, run.failed, run.skipped) == ("partial", 1, 1, 1)
    assert held(runtime) == [True, False, True, True, True]


def test_no_date_pays_an_order_that_is_not_completed(runtime: Runtime) -> None:
    now = clock.now()
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=now - timedelta(days=3))
        escrow = market.escrow(policy="completion", release_at=now - timedelta(days=1))
    assert run_job_now(runtime, JOB).processed == 0

    with runtime.db.transaction() as session:
        paid = escrow_release.release_all(
            session, [escrow.id], at=now, actor=job_actor(JOB), reason="completed", due_by=now
        )
        assert [refused.sentence for refused in paid.refused] == ["The order is not completed yet."]
        assert escrow_decisions.get(session, escrow.id).blocked is None
        assert why_unpaid(session, escrow.id, now) == ["The order is not completed yet."]
        preview = release_preview.preview(session, now, Policy.COMPLETION)
        assert (preview.count, preview.excluded) == (0, [("not completed", "NGN", 1, 10_000)])


def test_what_was_put_off_stays_put_off_when_the_order_is_completed(runtime: Runtime) -> None:
    now = clock.now()
    later = now + timedelta(days=2)
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=now)
        escrow = market.escrow(policy="completion")
        escrow_decisions.extend(session, escrow.id, later, "Agreed.", version=escrow.version, at=now, actor=AMINA)
        complete(market, escrow)
        assert escrow_decisions.get(session, escrow.id).release_at == later
        assert why_unpaid(session, escrow.id, now)[0].startswith("It is not due until")
        assert why_unpaid(session, escrow.id, later) == [
            "Nothing stands in the way: the next run of release_completed_orders pays it."
        ]


def test_every_payment_is_of_its_run(runtime: Runtime) -> None:
    backlog(runtime)
    run = run_job_now(runtime, JOB)
    with runtime.db.reading() as session:
        made = session.execute(select(Transfer.kind, Transfer.amount).where(Transfer.run_id == run.id)).all()
    assert sorted(made) == [("release", 1_000), ("release", 2_000)]


def test_orders_completed_before_an_upgrade_get_their_dates(runtime: Runtime) -> None:
    now = clock.now()
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=now)
        made = [market.escrow(policy=policy) for policy in ("completion", "buffer", "completion", "placement")]
        for escrow in made[:2]:
            complete(market, escrow)
        session.execute(update(Escrow).values(release_at=None))
    step = importlib.import_module("webapp.migrations.versions.0010_release_dates")
    with runtime.db.engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        step.upgrade()

    with runtime.db.reading() as session:
        dates = session.scalars(select(Escrow.release_at).order_by(Escrow.id)).all()
    assert [date and round((date - now).total_seconds()) for date in dates] == [0, 7 * 86_400, None, None]


def test_what_was_completed_while_its_money_was_away_is_due_when_that_is_held_again(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=clock.now() - timedelta(hours=3))
        market.limit(10**6)
        escrow = market.escrow(1_000, policy="completion")
        let_go(market, "refund", escrow.id)
        complete(market, escrow)
        reverse(market, escrow.id)
        thaw(market, escrow.id)
    run = run_job_now(runtime, JOB)
    assert run.succeeded == 1
    with runtime.db.reading() as session:
        assert session.get_one(Escrow, escrow.id).status == "released"
    all_books_agree(runtime)
