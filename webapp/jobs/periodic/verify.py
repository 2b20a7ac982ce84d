"""The hourly check of the ledger, within itself and against everybody else's books; nightly the audit trail's."""

import time
from datetime import datetime

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
from webapp.services.common.open_writers import wait_for_writers
from webapp.services.ledger import integrity_steps, integrity_verdicts, integrity_walk
from webapp.services.ledger.integrity_verdicts import BooksVerdict
from webapp.services.ledger.integrity_walk import BooksWalk

AUDIT_JOB, BOOKS_JOB = "verify_audit", "verify_books"
FROM_FIRST = "from_first"
"""The parameter of a walk that is to look at everything, whatever earlier walks found."""
_FOR_COMPARISONS = 120.0
"""Seconds of a run's time that are left to the comparisons, but never more than half of it."""


@job(title="Check the books", cron="30 * * * *", catch_up=CatchUp.SKIP, moves_money=False)
def verify_books(work: Work, at: datetime) -> None:
    """Check every invariant of the ledger, and compare it with the external ledger and the providers."""
    with work.db.reading() as session:
        last = integrity_verdicts.start(session, work.settings.audit_keys)
    walk = _books_walk(work, last, from_first=bool(work.parameters.get(FROM_FIRST)))
    problems = integrity_walk.ended(walk).findings
    for each in problems:
        work.log("books.wrong", "error", sentence=each.sentence)
    left = None if walk.round.is_over else walk.round.left
    work.log("books.verified", new={name: span.after for name, span in walk.new.items()}, round_left=left)
    if not work.dry_run:
        work.recorder.record(lambda session: _keep_books(work, session, walk, last))
        reconcile(work)


def _books_walk(work: Work, last: BooksVerdict | None, *, from_first: bool) -> BooksWalk:
    ends = _walk_ends(work)

    def begin(session: Session) -> BooksWalk:
        walk = integrity_walk.begin(session, last.start if last else None, work.now, from_first=from_first)
        wait_for_writers(session, integrity_walk.WRITTEN, work.control.check)
        return walk

    def look(session: Session, walk: BooksWalk) -> Outcome:
        before = walk.left
        integrity_steps.step(session, walk)
        walk.is_cut = time.monotonic() > ends
        return Outcome("entry", done=max(0, before - walk.left))

    return work.in_slices(begin, BooksWalk.from_json, look, _write_checkpoint)


def _walk_ends(work: Work) -> float:
    """Until when a walk may go on, by the monotonic clock."""
    return work.control.ends - min(_FOR_COMPARISONS, (work.control.ends - time.monotonic()) / 2)


def _write_checkpoint(session: Session, walk: BooksWalk) -> None:
    if walk.checkpoint is not None:
        walk.checkpoint(session)


def _keep_books(work: Work, session: Session, walk: BooksWalk, last: BooksVerdict | None) -> Outcome:
    whole_at = last.whole_at if last else None
    integrity_verdicts.keep(session, walk, whole_at, at=work.now, actor=work.actor, run_id=work.run_id)
    wrong = {each.sentence[:200]: AlertFinding(each.sentence) for each in integrity_walk.ended(walk).findings}
    alerts.sync_facts(session, BOOKS_DO_NOT_BALANCE, wrong, work.now)
    return Outcome("entry")


@job(
    title="Check the audit trail",
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
