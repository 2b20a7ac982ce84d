"""The release of what was held back from placements, through the engine."""

from datetime import timedelta

from sqlalchemy import select

from tests.support.job_runs import run_job_now
from tests.support.market import Market, OrderTerms, all_books_agree, wallet
from webapp import clock
from webapp.models import Escrow
from webapp.runtime import Runtime

JOB = "release_placement_holds"


def backlog(runtime: Runtime) -> None:
    """Two that are due, one of a payee without a wallet, one with a later date, and one of another policy."""
    now = clock.now()
    due: OrderTerms = {"policy": "placement", "release_at": now - timedelta(minutes=1)}
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=now - timedelta(days=9))
        market.escrow(1_000, fee=30, **due)
        market.escrow(2_000, **due)
        market.escrow(4_000, seller=market.party("Nia", wallet=None), **due)
        market.escrow(8_000, policy="placement", release_at=now + timedelta(days=1))
        market.escrow(16_000)


def test_holds_are_paid_once_when_their_date_has_come(runtime: Runtime) -> None:
    backlog(runtime)
    dry, run, again = (run_job_now(runtime, JOB, dry_run=dry) for dry in (True, False, False))

    assert (run.status, run.succeeded, run.skipped, run.amounts) == ("succeeded", 2, 1, {"NGN": 3_000})
    assert (dry.succeeded, dry.skipped, dry.amounts) == (2, 1, {"NGN": 3_000})
    assert (again.succeeded, again.skipped) == (0, 1)
    with runtime.db.reading() as session:
        found = session.scalars(select(Escrow).order_by(Escrow.id)).all()
        assert [escrow.close_reason for escrow in found] == ["date_reached", "date_reached", None, None, None]
        assert wallet(session, found[0].seller_id) == 970
    all_books_agree(runtime)
