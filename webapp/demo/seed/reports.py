"""The reports that the demo's past would have left, and who is sent them."""

from datetime import UTC, datetime, timedelta

from webapp.demo.seed.context import SeedContext
from webapp.domain.actors import job_actor
from webapp.domain.reports.periods import ReportKind, ReportPeriod, last_complete
from webapp.services.ledger.daily_totals import settle_figures
from webapp.services.reports import reports, subscriptions
from webapp.services.reports.alerts import JOBS
from webapp.services.users.users import actor_of

_WEEKS = 3
_AT = timedelta(hours=6)
"""After the midnight with which a period ends: when its job is planned."""


def add_reports(context: SeedContext) -> None:
    """The last weeks' and the last month's, made when they would have been; two people are sent them."""
    settle_figures(context.session)  # What was posted waits for the commit otherwise, and is in no report.
    _add(context, ReportKind.MONTHLY, context.now)
    for weeks in reversed(range(_WEEKS)):
        _add(context, ReportKind.WEEKLY, context.ago(days=7 * weeks))
    for role, kinds in (("approver", ("weekly", "monthly")), ("admin", ("monthly",))):
        for kind in kinds:
            who = actor_of(context.staff[role])
            subscriptions.subscribe(context.session, kind, at=context.ago(days=30), actor=who)


def _add(context: SeedContext, kind: ReportKind, at: datetime) -> None:
    period, session = last_complete(kind, at), context.session
    actor = job_actor(JOBS[kind])
    if reports.find(session, kind, period) is None:  # Beside real ones only what they lack.
        made_at = min(_due(period), context.now)
        draft = reports.draft(session, kind, period, at=made_at, maker=actor.name)
        reports.keep(session, draft, actor=actor).demo = True


def _due(period: ReportPeriod) -> datetime:
    return datetime.combine(period.end, datetime.min.time(), tzinfo=UTC) + _AT
