"""The weekly look whether the external ledger still has what it was sent; and, when a person says so, sending again."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from webapp.db import Database
from webapp.domain.actors import Actor
from webapp.domain.instants import parse_time_or_day
from webapp.domain.states import CatchUp
from webapp.domain.words import phrase
from webapp.jobs import job, minutes
from webapp.jobs.engine.work import NotConfigured, Work
from webapp.jobs.steps.mirror.balances import all_lost
from webapp.jobs.steps.mirror.checking import MirrorCheck
from webapp.jobs.steps.mirror.sending import mirror
from webapp.providers.blnk.provider import TRANSFERS, Blnk
from webapp.providers.http.errors import CallFailed
from webapp.services.common.batch_result import Outcome
from webapp.services.reconciliation import discrepancies, mirror_accounts, mirror_queue
from webapp.services.reconciliation.discrepancies import Compared
from webapp.sql import database_now

JOB = "check_mirror"
SINCE, SEND = "since", "send"
"""What a person may ask of a run: only what was sent since an instant; and to send again what was found lacking."""
_MAY = frozenset({"job:run"})


@job(
    title="Compare with the external ledger",
    cron="45 4 * * 0",
    catch_up=CatchUp.SKIP,
    max_duration=minutes(120),
    long_run=minutes(60),
    moves_money=False,
)
def check_mirror(work: Work, at: datetime) -> None:
    """Ask the external ledger by reference whether it has every transfer that it was sent, and what it has besides."""
    blnk = work.runtime.providers.blnk
    if blnk is None:
        raise NotConfigured(phrase("An external ledger is not configured: set LEDGER=blnk."))
    if work.dry_run:
        return
    if work.parameters.get(SEND):
        _send_again(work, blnk)
    since = str(work.parameters.get(SINCE) or "")
    _check(work, blnk, parse_time_or_day(since, UTC) if since else None)


def send_again(db: Database, blnk: Blnk, *, actor: Actor, check: Callable[[], None], run_id: int | None = None) -> int:
    """Let what was found lacking be sent, in balances that are there; how many. Raises CallFailed."""
    lost = all_lost(db, blnk, check)
    with db.transaction() as session:
        at = database_now(session)
        mirror_accounts.forget(session, lost, at=at, actor=actor, run_id=run_id)
        return mirror_queue.send_again(session, at, actor=actor)


def made(check: MirrorCheck) -> Compared:
    """The check, also when the external ledger could not be asked to its end: then it says why, and finds nothing."""
    try:
        return check.made()
    except CallFailed as failure:
        return Compared(TRANSFERS, check.at, check.since, None, 0, (), (), failure.sentence)


def record(session: Session, compared: Compared, run_id: int | None) -> Compared:
    """Write down what a check found, and alert; returns it without what was accepted."""
    compared = discrepancies.record(session, compared, run_id)
    discrepancies.alert(session, compared.at)
    return compared


def _send_again(work: Work, blnk: Blnk) -> None:
    """In the name of who asked for the run, then by the way on which everything is sent there."""
    actor = Actor("job", None, work.recorder.run.by_name, _MAY, f"run-{work.run_id}")
    try:
        count = send_again(work.db, blnk, actor=actor, check=work.control.check, run_id=work.run_id)
    except CallFailed as failure:
        work.log("mirror.not_sent_again", "warning", error=failure.sentence)
        return
    with work.db.transaction() as session:
        work.recorder.fence(session)
        work.recorder.expect(session, count)
    work.log("mirror.sent_again", transfers=count)
    mirror(work)


def _check(work: Work, blnk: Blnk, since: datetime | None) -> None:
    with work.db.transaction() as session:
        work.recorder.fence(session)
        work.recorder.expect(session, mirror_queue.count_sent(session, since))
    check = MirrorCheck(
        work.db,
        blnk,
        since=since,
        at=work.now,
        check=work.control.check,
        on_progress=lambda checked: _count(work, checked),
    )
    compared = made(check)
    with work.db.transaction() as session:
        compared = record(session, compared, work.run_id)
    found = dict(compared.counts or {})
    level = "warning" if found or check.lost or compared.error else "info"
    work.log(
        "mirror.checked", level, error=compared.error, agree=compared.matched, balances_lost=len(check.lost), **found
    )


def _count(work: Work, checked: int) -> None:
    work.recorder.record(lambda session: Outcome("transfer", done=checked))
