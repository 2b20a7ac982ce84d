"""All the figures of a period, read in one snapshot."""

from sqlalchemy.orm import Session

from webapp.domain.reports.periods import ReportPeriod
from webapp.services.reports import money, operations
from webapp.services.reports.figures import ReportFigures


def read(session: Session, period: ReportPeriod) -> ReportFigures:
    """Everything a report says of a period that is over; the heads of the audit chains are those of now."""
    currencies = money.by_currency(session, period)
    return ReportFigures(
        first_day=period.first,
        last_day=period.last,
        before_first_day=period.before.first,
        before_last_day=period.before.last,
        currencies=currencies,
        days=money.by_day(session, period, currencies),
        ageing=money.ageing(session, period.ends),
        disputes=operations.disputes(session, period),
        jobs=operations.jobs(session, period),
        alerts=operations.alerts(session, period),
        reconciliation=operations.reconciliation(session, period),
        audit=operations.audit_heads(session),
    )
