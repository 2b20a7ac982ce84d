"""What else a report counts: disputes, runs of jobs, alerts, the reconciliation, and the heads of the audit chains."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.reports.periods import ReportPeriod
from webapp.domain.scheduling.recurrence import Recurrence
from webapp.domain.states import CLOSED_DISPUTES, RUNS_THAT_COUNT, UNFINISHED_RUNS, DisputeStatus, RunStatus
from webapp.models import Alert, AuditHead, Discrepancy, Dispute, Reconciliation, Run, Schedule
from webapp.models.base import BigInt
from webapp.services.reports.figures import (
    AlertFigures,
    ChainFigures,
    DisputeFigures,
    JobFigures,
    OutcomeFigures,
    ReconciliationFigures,
)
from webapp.services.scheduling.bulk_runs import own_runs
from webapp.sql import epoch_seconds, is_sqlite

_DIFFERED = (Reconciliation.missing_here, Reconciliation.missing_there, Reconciliation.different)
_LEAST = timedelta(microseconds=1)
_MOST_SLOTS = 100_000
"""Missed slots that are counted of one job; a job of every minute has as many in ten weeks."""


def disputes(session: Session, period: ReportPeriod) -> DisputeFigures:
    """Opened, decided with outcome and time, and open when the period ended."""
    opened = select(Dispute.kind, func.count()).where(*_within(Dispute.opened_at, period)).group_by(Dispute.kind)
    closed_later = (Dispute.status.in_(CLOSED_DISPUTES), Dispute.resolved_at >= period.ends)
    open_now = Dispute.status.not_in(CLOSED_DISPUTES)
    open_then = [_count(session, Dispute.opened_at < period.ends, each) for each in (open_now, closed_later)]
    return DisputeFigures(
        opened=dict(session.execute(opened.order_by(Dispute.kind)).all()),
        decided=_outcomes(session, period),
        open_at_end=sum(open_then),
        opened_before=_count(session, *_within(Dispute.opened_at, period.before)),
        decided_before=_count(session, *_decided(period.before)),
    )


def jobs(session: Session, period: ReportPeriod) -> list[JobFigures]:
    """Every job with a schedule, and those that ran; dry runs, bulk work and those that are not over count nowhere."""
    ended_ways = Run.status.not_in((*UNFINISHED_RUNS, RunStatus.MISSED))
    finished = (ended_ways, ~Run.dry_run, own_runs(), *_within(Run.at, period))
    runs: dict[str, dict[str, int]] = defaultdict(dict)
    ended = select(Run.job, Run.status, func.count()).where(*finished).group_by(Run.job, Run.status)
    for job, status, count in session.execute(ended.order_by(Run.job, Run.status)):
        runs[job][status] = count
    schedules = {row.job: row for row in session.scalars(select(Schedule).order_by(Schedule.job))}
    missed, silence = _missed(session, period, schedules), _silence(session, period)
    return [
        JobFigures(
            job=job,
            runs=runs.get(job, {}),
            missed_slots=missed.get(job, 0),
            longest_silence_seconds=silence.get(job, period.days * 86_400),
        )
        for job in sorted({*runs, *schedules, *missed})
    ]


def alerts(session: Session, period: ReportPeriod) -> list[AlertFigures]:
    """What fired in the period, by rule; one that is not over counts up to the period's end."""
    on_sqlite = is_sqlite(session)
    over = case((Alert.resolved_at < period.ends, Alert.resolved_at), else_=period.ends)
    lasted = epoch_seconds(on_sqlite, over) - epoch_seconds(on_sqlite, Alert.fired_at)
    is_open = case((or_(Alert.resolved_at.is_(None), Alert.resolved_at >= period.ends), 1), else_=0)
    sums = (func.count(), _sum(is_open), _sum(lasted), func.max(lasted))
    rows = select(Alert.rule, *sums).where(*_within(Alert.fired_at, period)).group_by(Alert.rule).order_by(Alert.rule)
    return [
        AlertFigures(rule=rule, fired=fired, open_at_end=still, total_seconds=total, longest_seconds=longest)
        for rule, fired, still, total, longest in session.execute(rows)
    ]


def reconciliation(session: Session, period: ReportPeriod) -> list[ReconciliationFigures]:
    """Every other book that was compared, or with which something is open still."""
    differed = sum(_DIFFERED[1:], _DIFFERED[0])
    compared = Reconciliation.matched + Reconciliation.undecided + differed + Reconciliation.accepted
    unfinished = case((Reconciliation.error.is_not(None), 1), else_=0)
    sums = (func.count(), _sum(unfinished), _sum(compared), _sum(Reconciliation.matched))
    inside = _within(Reconciliation.at, period)
    done = select(Reconciliation.source, *sums).where(*inside).group_by(Reconciliation.source)
    counted = {source: numbers for source, *numbers in session.execute(done)}
    found = _discrepancies(session, *_within(Discrepancy.first_seen_at, period))
    settled = _discrepancies(session, *_within(Discrepancy.resolved_at, period))
    seen = Discrepancy.first_seen_at < period.ends
    unresolved = _discrepancies(session, seen, Discrepancy.resolved_at.is_(None))
    later = _discrepancies(session, seen, Discrepancy.resolved_at >= period.ends)
    return [
        ReconciliationFigures(
            source=source,
            **dict(
                zip(("comparisons", "unfinished", "compared", "matched"), counted.get(source, (0,) * 4), strict=True)
            ),
            found=found.get(source, 0),
            settled=settled.get(source, 0),
            open_at_end=unresolved.get(source, 0) + later.get(source, 0),
        )
        for source in sorted({*counted, *found, *settled, *unresolved, *later})
    ]


def audit_heads(session: Session) -> list[ChainFigures]:
    """Where every audit chain ends now: whoever keeps the report can tell later that nothing before was changed."""
    heads = session.scalars(select(AuditHead).order_by(AuditHead.chain))
    return [ChainFigures(chain=head.chain, seals=head.seq, hash=head.hash) for head in heads]


def _outcomes(session: Session, period: ReportPeriod) -> list[OutcomeFigures]:
    on_sqlite = is_sqlite(session)
    took = epoch_seconds(on_sqlite, Dispute.resolved_at) - epoch_seconds(on_sqlite, Dispute.opened_at)
    withdrawn = (Dispute.status == DisputeStatus.WITHDRAWN, str(DisputeStatus.WITHDRAWN))
    outcome = case(withdrawn, else_=Dispute.resolution).label("outcome")
    ended = select(outcome, took.label("took")).where(*_decided(period)).subquery()
    rows = select(ended.c.outcome, func.count(), _sum(ended.c.took), func.max(ended.c.took))
    return [
        OutcomeFigures(outcome=name, count=count, average_seconds=total // count, longest_seconds=longest)
        for name, count, total, longest in session.execute(rows.group_by(ended.c.outcome).order_by(ended.c.outcome))
    ]


def _decided(period: ReportPeriod) -> tuple[ColumnElement[bool], ...]:
    return (*_within(Dispute.resolved_at, period), Dispute.status.in_(CLOSED_DISPUTES))


def _missed(session: Session, period: ReportPeriod, schedules: dict[str, Schedule]) -> dict[str, int]:
    """Slots of the period within stretches that are recorded as missed, by the schedule's present plan."""
    stretches = select(Run.job, Run.slot, Run.missed_to).where(
        Run.job.in_(list(schedules)),
        Run.status == RunStatus.MISSED,
        Run.slot < period.ends,
        Run.missed_to >= period.begins,
    )
    counts: dict[str, int] = defaultdict(int)
    for job, slot, missed_to in session.execute(stretches).all():
        recurrence = Recurrence(schedules[job].cron, schedules[job].zone)
        first, last = max(slot or period.begins, period.begins), min(missed_to or period.ends, period.ends - _LEAST)
        counts[job] += _slots_between(recurrence, first, last)
    return counts


def _slots_between(recurrence: Recurrence, first: datetime, last: datetime) -> int:
    count = 0
    for slot in recurrence.slots(first - _LEAST):
        if slot > last or count == _MOST_SLOTS:
            break
        count += 1
    return count


def _silence(session: Session, period: ReportPeriod) -> dict[str, int]:
    """The longest time in the period in which no run began that counts, in seconds, by job."""
    began, on_sqlite = func.coalesce(Run.started_at, Run.at), is_sqlite(session)
    counted = (Run.status.in_(RUNS_THAT_COUNT), ~Run.dry_run, own_runs(), *_within(Run.at, period))
    before = func.lag(began).over(partition_by=Run.job, order_by=(began, Run.id))
    rows = select(Run.job, began.label("began"), before.label("before")).where(*counted).subquery()
    gap = epoch_seconds(on_sqlite, rows.c.began) - epoch_seconds(on_sqlite, rows.c.before)
    query = select(rows.c.job, func.min(rows.c.began), func.max(rows.c.began), func.max(gap)).group_by(rows.c.job)
    return {job: max(gap or 0, *_edges(period, first, last)) for job, first, last, gap in session.execute(query)}


def _edges(period: ReportPeriod, first: datetime, last: datetime) -> Iterator[int]:
    """From the period's beginning to the first run, and from the last one to its end."""
    for earlier, later in ((period.begins, first), (last, period.ends)):
        yield max(0, int(later.timestamp()) - int(earlier.timestamp()))


def _discrepancies(session: Session, *conditions: Any) -> dict[str, int]:
    # Counted here: to group them by their source, SQLite would rather read all there ever were, in that order.
    return Counter(session.scalars(select(Discrepancy.source).where(*conditions)))


def _within(column: Any, period: ReportPeriod) -> tuple[ColumnElement[bool], ...]:
    return (column >= period.begins, column < period.ends)


def _count(session: Session, *conditions: Any) -> int:
    flat: Sequence[Any] = [part for each in conditions for part in (each if isinstance(each, tuple) else (each,))]
    return session.scalars(select(func.count()).select_from(Dispute).where(*flat)).one()


def _sum(column: Any) -> ColumnElement[int]:
    return func.coalesce(func.sum(column), 0).cast(BigInt)
