"""The nightly repayments, through the engine."""

from tests.support import money
from tests.support.job_runs import run_job_now
from tests.support.market import AMINA, DIVINE, NOW, Market, all_books_agree
from webapp.runtime import Runtime
from webapp.services.parties import auto_deduct_mandates
from webapp.services.parties.auto_deduct_mandates import MandateTerms


def in_debt(runtime: Runtime, *, held: int, least: int) -> None:
    with runtime.db.transaction() as session:
        party = Market(session, runtime).party("debtor", wallet=held)
        money.owe(session, party.id, 10_000, "NGN", reference=f"debt-{party.id}", at=NOW, actor=DIVINE)
        order = MandateTerms(True, 30, None, least)
        auto_deduct_mandates.change(session, party.id, "NGN", order, version=0, at=NOW, actor=AMINA)


def test_it_takes_once_a_day_and_names_whom_it_skips(runtime: Runtime) -> None:
    in_debt(runtime, held=50_000, least=0)
    in_debt(runtime, held=500, least=10_000)
    run = run_job_now(runtime, "auto_deduct")

    assert (run.status, run.succeeded, run.skipped, run.amounts) == ("succeeded", 1, 1, {"NGN": 3_000})
    assert run_job_now(runtime, "auto_deduct").amounts == {}
    all_books_agree(runtime)


def test_a_dry_run_of_auto_deduct_takes_nothing(runtime: Runtime) -> None:
    in_debt(runtime, held=50_000, least=0)

    assert run_job_now(runtime, "auto_deduct", dry_run=True).amounts == {"NGN": 3_000}
    assert run_job_now(runtime, "auto_deduct").amounts == {"NGN": 3_000}
