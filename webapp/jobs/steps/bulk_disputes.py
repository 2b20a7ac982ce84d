"""What somebody asked for many disputes: each in a transaction of its own, in that person's name, and each named."""

from functools import partial

from sqlalchemy.orm import Session

from webapp.jobs.engine.work import Work
from webapp.models import RunItem
from webapp.services.common.batch_result import Outcome
from webapp.services.disputes import bulk
from webapp.services.disputes.bulk import BulkRequest

_LONGEST = 1_000


def work_on_disputes(work: Work) -> None:
    """Do it to each that this run has not named yet; what can't be done is skipped with a sentence."""
    request = BulkRequest(**work.parameters["request"])
    versions = dict(work.parameters["items"])
    with work.db.reading() as session:
        ids = bulk.unnamed(session, work.recorder.run)
    if work.dry_run:
        return
    with work.db.transaction() as session:
        work.recorder.expect(session, len(ids))
    for dispute_id in ids:
        work.attempt("dispute", dispute_id, partial(_one, work=work, request=request, version=versions[dispute_id]))


def _one(session: Session, dispute_id: int, *, work: Work, request: BulkRequest, version: int) -> Outcome:
    actor = bulk.requester(session, int(work.parameters["by"]), work.run_id)
    result = bulk.perform(session, request, dispute_id, version, actor=actor, settings=work.settings)
    named = {"run_id": work.run_id, "subject_kind": "dispute", "subject_id": dispute_id}
    session.add(RunItem(**named, outcome=result.outcome, message=result.sentence[:_LONGEST]))
    return Outcome("dispute", done=1, amounts=result.amounts)
