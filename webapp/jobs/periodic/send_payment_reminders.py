"""Letters to tenants whose subscription ends soon, or is overdue."""

from datetime import datetime
from functools import partial

from webapp.domain.subscriptions import ReminderKind
from webapp.domain.words import phrase
from webapp.jobs import job
from webapp.jobs.engine.work import NotConfigured, Work
from webapp.services.subscriptions import reminders

CHUNK = 500


@job(title="Remind tenants to pay", cron="0 9 * * *", moves_money=False)
def send_payment_reminders(work: Work, at: datetime) -> None:
    """Remind tenants whose subscription expires within seven days, and those that are overdue, once each."""
    if not work.settings.smtp_url:
        raise NotConfigured(phrase("No SMTP_URL is set, so that no tenant can be reminded."))
    for kind in ReminderKind:
        remind = partial(reminders.remind_all, kind=kind, by=at, settings=work.settings)
        work.in_chunks(reminders.due(kind, at), remind, dry=reminders.preview, size=CHUNK)
