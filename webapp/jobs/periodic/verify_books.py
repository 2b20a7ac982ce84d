"""The hourly check of the ledger, within itself and against everybody else's books."""

from datetime import datetime
from itertools import islice

from webapp.domain.alert_definitions import BOOKS_DO_NOT_BALANCE
from webapp.domain.states import CatchUp
from webapp.jobs import job
from webapp.jobs.engine.work import Work
from webapp.jobs.steps.reconciliation.reconcile import reconcile
from webapp.services.alerts import alerts
from webapp.services.alerts.alerts import AlertFinding
from webapp.services.ledger import integrity_checks

MOST_NAMED = 100


@job(cron="30 * * * *", catch_up=CatchUp.SKIP, moves_money=False)
def verify_books(work: Work, at: datetime) -> None:
    """Check every invariant of the ledger, and compare it with the external ledger and the providers."""
    with work.db.reading() as session:
        wrong = {
            sentence[:200]: AlertFinding(sentence) for sentence in islice(integrity_checks.checks(session), MOST_NAMED)
        }
    for found in wrong.values():
        work.log("books.wrong", "error", sentence=found.sentence)
    if not work.dry_run:
        with work.db.transaction() as session:
            alerts.sync_facts(session, BOOKS_DO_NOT_BALANCE, wrong, work.now)
        reconcile(work)
