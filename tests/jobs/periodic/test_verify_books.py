"""The hourly check of the ledger."""

from sqlalchemy import select, text

from tests.support.job_runs import run_job_now
from tests.support.market import Market
from webapp.models import Alert, RunLine
from webapp.runtime import Runtime


def alerts(runtime: Runtime) -> list[tuple[str, str]]:
    with runtime.db.reading() as session:
        where = Alert.rule == "books_do_not_balance"
        return [(alert.status, alert.sentence) for alert in session.scalars(select(Alert).where(where))]


def test_verify_books_is_silent_while_every_book_agrees(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        Market(session, runtime).escrow()

    assert run_job_now(runtime, "verify_books").status == "succeeded"
    assert alerts(runtime) == []


def test_what_is_wrong_is_named_alerted_and_resolved(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        escrow = Market(session, runtime).escrow(10_000)
        session.execute(text("UPDATE escrow SET amount = 9999"))
    run = run_job_now(runtime, "verify_books")

    [(status, sentence)] = alerts(runtime)
    assert status == "firing"
    assert sentence.startswith("Pool ")
    assert sentence.endswith(f"holds 10000 for escrow {escrow.id} ({escrow.ref}), but 9999 is held.")
    with runtime.db.reading() as session:
        lines = select(RunLine.fields).where(RunLine.run_id == run.id, RunLine.level == "error")
        assert session.scalars(lines).all() == [{"sentence": sentence}]
    with runtime.db.transaction() as session:
        session.execute(text(f"UPDATE escrow SET amount = 10000 WHERE id = {escrow.id}"))
    run_job_now(runtime, "verify_books")
    assert [status for status, _ in alerts(runtime)] == ["resolved"]
