"""Figures per tenant and day, for pages, the API and the storefront."""

from datetime import date, datetime
from functools import partial

from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from webapp.domain.states import CatchUp
from webapp.jobs import job
from webapp.jobs.engine.work import Work
from webapp.jobs.steps import storefront_documents
from webapp.services.analytics import aggregation
from webapp.services.common.batch_result import Outcome

DAY = "analytics_day"
"""What an item is called that failed; its number is the day's as 20261127."""


@job(title="Add up yesterday's orders and revenue", cron="0 1 * * *", catch_up=CatchUp.EACH, moves_money=False)
def aggregate_analytics(work: Work, at: datetime) -> None:
    """Count and add up yesterday per tenant and currency: orders, revenue, new customers, products sold."""
    if work.dry_run:
        _preview(work, at)
        return
    days = work.control.only_items(DAY)
    if days is None:
        with work.db.reading() as session:
            days = [_number(day) for day in aggregation.due_days(session, work.settings, at)]
    for number in days:
        work.attempt(DAY, number, partial(_aggregate, work))
    _tell_storefront(work)


def _preview(work: Work, at: datetime) -> None:
    with work.db.reading() as session:
        for day in aggregation.due_days(session, work.settings, at):
            work.control.check()
            outcome, totals = aggregation.preview(session, day, at=at, settings=work.settings)
            for total in totals:
                revenue, orders = total.revenue, total.orders
                work.log("analytics.would_be", day=str(day), currency=total.currency, orders=orders, revenue=revenue)
            work.recorder.record(partial(_counted, outcome))


def _counted(outcome: Outcome, _session: Session) -> Outcome:
    return outcome


def _aggregate(work: Work, session: Session, number: int) -> Outcome:
    day = _day(number)
    made = aggregation.aggregate(
        session, day, at=work.now, settings=work.settings, actor=work.actor, run_id=work.run_id
    )
    work.log("analytics.aggregated", day=str(day), tenants=made.done)
    return made


def _tell_storefront(work: Work) -> None:
    try:
        written = storefront_documents.fill(work.runtime, work.now, work.control.check)
    except RedisError as problem:
        # The figures are stored. `warm_caches` fills Redis when it is there again.
        work.log("analytics.redis_unreachable", "warning", problem=type(problem).__name__)
    else:
        work.log("analytics.documents_written", documents=written)


def _number(day: date) -> int:
    return int(f"{day:%Y%m%d}")


def _day(number: int) -> date:
    return date(number // 10_000, number // 100 % 100, number % 100)
