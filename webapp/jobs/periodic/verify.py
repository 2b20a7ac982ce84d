"""The hourly check of the ledger, within itself and against everybody else's books; nightly the audit trail's."""

from datetime import datetime
from itertools import islice

from sqlalchemy.orm import Session

from webapp.domain.alert_definitions import AUDIT_TRAIL_BROKEN, BOOKS_DO_NOT_BALANCE
from webapp.domain.states import CatchUp
from webapp.jobs import hours, job
from webapp.jobs.engine.work import Work
from webapp.jobs.steps.reconciliation.reconcile import reconcile
from webapp.services.alerts import alerts
from webapp.services.alerts.alerts import AlertFinding
from webapp.services.audit import verdicts, verification
from webapp.services.audit.verification import Walk
from webapp.services.common.batch_result import Outcome
from webapp.services.ledger import integrity_checks

MOST_NAMED = 100
AUDIT_JOB = "verify_audit"
FROM_FIRST = "from_first"
"""The parameter of a walk that is to begin at the first seal of each chain, whatever earlier walks found."""


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


@job(
    cron="40 4 * * *",
    max_duration=hours(4),
    long_run=hours(1),
    catch_up=CatchUp.SKIP,
    moves_money=False,
)
def verify_audit(work: Work, at: datetime) -> None:
    """Walk the audit trail from where the last walk ended, and once a week from its first seal."""

    def begin(session: Session) -> Walk:
        whole = bool(work.parameters.get(FROM_FIRST))
        return verification.begin(session, None if whole else verdicts.start(session, at))

    def look(session: Session, walk: Walk) -> Outcome:
        before = walk.seals
        verification.step(session, walk, work.settings.audit_keys)
        return Outcome("audit_seal", done=walk.seals - before)

    walk = work.in_slices(begin, Walk.from_json, look)
    for problem in walk.problems:
        work.log("audit.broken", "error", sentence=problem)
    heads = {each.chain: f"{each.seq} {each.hash}" for each in walk.chains}
    work.log("audit.verified", seals=walk.seals, records=walk.rows, from_first=walk.is_from_first, heads=heads)
    if not work.dry_run:
        work.recorder.record(lambda session: _keep_verdict(work, session, walk))


def _keep_verdict(work: Work, session: Session, walk: Walk) -> Outcome:
    now = work.now
    verdicts.keep(session, walk, at=now, actor=work.actor, run_id=work.run_id)
    alerts.sync_facts(session, AUDIT_TRAIL_BROKEN, {each[:200]: AlertFinding(each) for each in walk.problems}, now)
    return Outcome("audit_seal")
