"""A dispute's deadline in words: the clock pauses while a party must answer."""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import format_timedelta
from flask_babel import gettext as _

from webapp import clock
from webapp.admin.ui.badges import badge

SOON = timedelta(hours=12)


def due_badge(status: str, due_at: datetime, paused_at: datetime | None) -> Any:
    """`due in 3 hours`, `2 days overdue`, or that the clock stands still."""
    if status in ("resolved", "withdrawn"):
        return ""
    if paused_at is not None and status != "needs_response":
        return badge("paused", _("paused, %(left)s left", left=_length(due_at - paused_at)))
    left = due_at - clock.now()
    if left < timedelta(0):
        return badge("late", _("%(time)s overdue", time=_length(-left)), "bad", "clock")
    if status == "needs_response":
        return badge("waiting", _("answer due in %(time)s", time=_length(left)), "calm", "hourglass")
    return badge("due", _("due in %(time)s", time=_length(left)), "warn" if left < SOON else "calm", "clock")


def _length(time: timedelta) -> str:
    return format_timedelta(time, threshold=1.2)
