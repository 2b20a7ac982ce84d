"""The report of the last week."""

from datetime import datetime

from webapp.domain.reports.periods import ReportKind
from webapp.jobs import job
from webapp.jobs.engine.work import Work
from webapp.jobs.steps.send_report import send_report


@job(cron="0 6 * * 1", moves_money=False)
def send_weekly_report(work: Work, at: datetime) -> None:
    """Make the report of the last week, PDF and CSV, and send it to who subscribes."""
    send_report(work, ReportKind.WEEKLY, at)
