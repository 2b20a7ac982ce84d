"""States as people see them: an icon, a word and a colour, so that colour never stands alone."""

from typing import Any, NamedTuple

from flask_babel import gettext, lazy_gettext
from markupsafe import Markup

_ = lazy_gettext


class Look(NamedTuple):
    """Tone (`good`, `bad`, `warn`, `info`, `calm`, `frozen`), icon and word."""

    tone: str
    icon: str
    word: Any


LOOKS: dict[str, Look] = {
    # escrows
    "pending_payment": Look("calm", "hourglass", _("awaiting payment")),
    "held": Look("info", "lock", _("held")),
    "released": Look("good", "check", _("released")),
    "refunded": Look("calm", "return", _("refunded")),
    "split": Look("calm", "split", _("split")),
    "voided": Look("calm", "cross", _("voided")),
    "frozen": Look("frozen", "snow", _("frozen")),
    "blocked": Look("bad", "stop", _("blocked")),
    # disputes
    "opened": Look("info", "flag", _("opened")),
    "needs_response": Look("warn", "hourglass", _("waiting for a party")),
    "under_review": Look("info", "eye", _("under review")),
    "pending_approval": Look("warn", "stamp", _("needs approval")),
    "resolved": Look("good", "check", _("resolved")),
    "withdrawn": Look("calm", "cross", _("withdrawn")),
    "expired": Look("warn", "clock", _("expired")),
    "escalated": Look("bad", "up", _("escalated")),
    # approvals
    "proposed": Look("warn", "stamp", _("waiting")),
    "approved": Look("good", "check", _("approved")),
    "executed": Look("good", "check", _("executed")),
    "rejected": Look("bad", "cross", _("rejected")),
    # runs
    "queued": Look("calm", "hourglass", _("queued")),
    "running": Look("info", "play", _("running")),
    "succeeded": Look("good", "check", _("succeeded")),
    "partial": Look("warn", "half", _("partial")),
    "failed": Look("bad", "cross", _("failed")),
    "lost": Look("bad", "question", _("lost")),
    "missed": Look("bad", "clock", _("missed")),
    "skipped": Look("calm", "skip", _("skipped")),
    # schedules
    "on_time": Look("good", "check", _("on time")),
    "late": Look("bad", "clock", _("late")),
    "paused": Look("warn", "pause", _("paused")),
    "never": Look("calm", "dot", _("not run yet")),
    # alerts
    "firing": Look("bad", "bell", _("firing")),
    "acknowledged": Look("warn", "eye", _("acknowledged")),
    "silenced": Look("calm", "mute", _("silenced")),
    # other books, and lines to providers
    "missing_here": Look("bad", "question", _("missing here")),
    "missing_there": Look("bad", "question", _("missing there")),
    "different": Look("bad", "split", _("different")),
    "accepted_as_is": Look("calm", "check", _("accepted")),
    "configured": Look("good", "check", _("configured")),
    "not_configured": Look("calm", "dot", _("not configured")),
    "circuit_closed": Look("good", "check", _("reachable")),
    "circuit_open": Look("bad", "stop", _("left alone")),
    # what goes out
    "waiting": Look("calm", "hourglass", _("waiting")),
    "delivered": Look("good", "check", _("delivered")),
    "dead": Look("bad", "cross", _("dead")),
    "missing": Look("bad", "cross", _("missing there")),
    "failing": Look("warn", "flag", _("failing")),
    "removed": Look("calm", "stop", _("removed")),
    # orders, people, tokens, processes
    "awaiting_payment": Look("calm", "hourglass", _("awaiting payment")),
    "in_progress": Look("info", "play", _("in progress")),
    "completed": Look("good", "check", _("completed")),
    "declined": Look("bad", "cross", _("declined")),
    "cancelled": Look("calm", "cross", _("cancelled")),
    "active": Look("good", "check", _("active")),
    "disabled": Look("calm", "stop", _("disabled")),
    "revoked": Look("calm", "stop", _("revoked")),
    "alive": Look("good", "check", _("alive")),
    "silent": Look("bad", "question", _("silent")),
    "on": Look("good", "check", _("on")),
    "off": Look("calm", "dot", _("off")),
    "verified": Look("good", "check", _("verified")),
    "needs_review": Look("warn", "eye", _("in review")),
    "pending": Look("calm", "hourglass", _("pending")),
    "won": Look("good", "check", _("won")),
    "accepted": Look("warn", "return", _("accepted")),
    "open": Look("warn", "flag", _("open")),
    "settled_otherwise": Look("good", "check", _("settled otherwise")),
    # payouts, refunds, deliveries, webhooks
    "sending": Look("warn", "question", _("being sent")),
    "sent": Look("info", "forward", _("sent")),
    "reversed": Look("bad", "return", _("reversed")),
    "processing": Look("info", "play", _("processing")),
    "processed": Look("good", "check", _("processed")),
    "received": Look("calm", "inbox", _("received")),
    "handled": Look("good", "check", _("handled")),
    "ignored": Look("calm", "skip", _("ignored")),
    "done": Look("good", "check", _("done")),
}


_ICON = Markup('<svg class="icon" aria-hidden="true" focusable="false"><use href="/static/icons.svg#%s"></use></svg>')
_BADGE = Markup('<span class="badge %s">%s%s</span>')


def icon(name: str) -> Markup:
    """An icon of ours; decoration only, the word beside it says the same."""
    return _ICON % name


def badge(state: Any, word: Any = None, tone: str | None = None, symbol: str | None = None) -> Markup:
    """A state as icon, word and colour; any of them may be given anew."""
    key = str(getattr(state, "value", state))
    look = LOOKS.get(key) or Look("calm", "dot", key.replace("_", " "))
    text = gettext(str(look.word)) if word is None else word
    return _BADGE % (tone or look.tone, icon(symbol or look.icon), text)
