"""The nightly release, through the engine."""

from datetime import timedelta

from sqlalchemy import select

from tests.support.job_runs import run_job_now
from tests.support.market import Market, all_books_agree, wallet
from webapp import clock
from webapp.models import Escrow, RunItem
from webapp.runtime import Runtime


def backlog(runtime: Runtime) -> list[int]:
    """Two due escrows, one of a seller without a wallet, and one that is not due."""
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=clock.now() - timedelta(days=8))
        made = [
            market.escrow(1_000),
            market.escrow(2_000),
            market.escrow(4_000, seller=market.party("Nia", wallet=None)),
        ]
        market.at = clock.now()
        made.append(market.escrow(8_000))
        return [escrow.id for escrow in made]


def statuses(runtime: Runtime) -> list[str]:
    with runtime.db.reading() as session:
        return list(session.scalars(select(Escrow.status).order_by(Escrow.id)))


def test_it_pays_what_is_due_once_and_names_what_waits(runtime: Runtime) -> None:
    backlog(runtime)
    run = run_job_now(runtime, "auto_release")

    assert (run.status, run.succeeded, run.skipped, run.amounts) == ("succeeded", 2, 1, {"NGN": 3_000})
    assert statuses(runtime) == ["released", "released", "held", "held"]
    with runtime.db.reading() as session:
        assert session.scalars(select(RunItem.message)).all() == ["Nia has no wallet in NGN."]
    again = run_job_now(runtime, "auto_release")
    assert (again.succeeded, again.skipped) == (0, 1)
    all_books_agree(runtime)


def test_a_dry_run_says_the_same_and_moves_nothing(runtime: Runtime) -> None:
    backlog(runtime)
    run = run_job_now(runtime, "auto_release", dry_run=True)

    assert (run.succeeded, run.skipped, run.amounts) == (2, 1, {"NGN": 3_000})
    assert statuses(runtime) == ["held"] * 4
    with runtime.db.reading() as session:
        assert all(wallet(session, escrow.seller_id) == 0 for escrow in session.scalars(select(Escrow)))
