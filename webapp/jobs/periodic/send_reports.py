"""The reports of the last week and of the last month, and of the days that somebody asked for."""

from datetime import datetime

from webapp.domain.reports.periods import ReportKind
from webapp.jobs import job
from webapp.jobs.engine.work import Work
from webapp.jobs.steps.send_report import make_asked, send_report


@job(title="Send the weekly report", cron="0 6 * * 1", moves_money=False)
def send_weekly_report(work: Work, at: datetime) -> None:
    """Make the report of the last week, PDF and CSV, and send it to who subscribes."""
    send_report(work, ReportKind.WEEKLY, at)


@job(title="Send the monthly report", cron="0 6 1 * *", moves_money=False)
def send_monthly_report(work: Work, at: datetime) -> None:
    """Make the report of the last month, PDF and CSV, and send it to who subscribes; or one of days asked for."""
    if work.parameters:
        make_asked(work)
    else:
        send_report(work, ReportKind.MONTHLY, at)
