"""States as people see them: an icon, a word and a colour, so that colour never stands alone."""

from typing import Any, NamedTuple

from flask_babel import gettext, lazy_gettext
from markupsafe import Markup

from webapp.static_files import static_address

_ = lazy_gettext


class BadgeStyle(NamedTuple):
    """Tone (`good`, `bad`, `warn`, `info`, `calm`, `frozen`), icon and word."""

    tone: str
    icon: str
    word: Any


BADGES: dict[str, BadgeStyle] = {
    # escrows
    "pending_payment": BadgeStyle("calm", "hourglass", _("awaiting payment")),
    "held": BadgeStyle("info", "lock", _("held")),
    "released": BadgeStyle("good", "check", _("released")),
    "refunded": BadgeStyle("calm", "return", _("refunded")),
    "split": BadgeStyle("calm", "split", _("split")),
    "voided": BadgeStyle("calm", "cross", _("voided")),
    "frozen": BadgeStyle("frozen", "snow", _("frozen")),
    "blocked": BadgeStyle("bad", "stop", _("blocked")),
    # disputes
    "opened": BadgeStyle("info", "flag", _("opened")),
    "needs_response": BadgeStyle("warn", "hourglass", _("waiting for a party")),
    "under_review": BadgeStyle("info", "eye", _("under review")),
    "pending_approval": BadgeStyle("warn", "stamp", _("needs approval")),
    "resolved": BadgeStyle("good", "check", _("resolved")),
    "withdrawn": BadgeStyle("calm", "cross", _("withdrawn")),
    "expired": BadgeStyle("warn", "clock", _("expired")),
    "escalated": BadgeStyle("bad", "up", _("escalated")),
    # approvals
    "proposed": BadgeStyle("warn", "stamp", _("waiting")),
    "approved": BadgeStyle("good", "check", _("approved")),
    "executed": BadgeStyle("good", "check", _("executed")),
    "rejected": BadgeStyle("bad", "cross", _("rejected")),
    # runs
    "queued": BadgeStyle("calm", "hourglass", _("queued")),
    "running": BadgeStyle("info", "play", _("running")),
    "succeeded": BadgeStyle("good", "check", _("succeeded")),
    "partial": BadgeStyle("warn", "half", _("partial")),
    "failed": BadgeStyle("bad", "cross", _("failed")),
    "lost": BadgeStyle("bad", "question", _("lost")),
    "missed": BadgeStyle("bad", "clock", _("missed")),
    "skipped": BadgeStyle("calm", "skip", _("skipped")),
    # schedules
    "on_time": BadgeStyle("good", "check", _("on time")),
    "late": BadgeStyle("bad", "clock", _("late")),
    "paused": BadgeStyle("warn", "pause", _("paused")),
    "never": BadgeStyle("calm", "dot", _("not run yet")),
    # alerts
    "firing": BadgeStyle("bad", "bell", _("firing")),
    "acknowledged": BadgeStyle("warn", "eye", _("acknowledged")),
    "silenced": BadgeStyle("calm", "mute", _("silenced")),
    # other books, and lines to providers
    "missing_here": BadgeStyle("bad", "question", _("missing here")),
    "missing_there": BadgeStyle("bad", "question", _("missing there")),
    "different": BadgeStyle("bad", "split", _("different")),
    "accepted_as_is": BadgeStyle("calm", "check", _("accepted")),
    "configured": BadgeStyle("good", "check", _("configured")),
    "not_configured": BadgeStyle("calm", "dot", _("not configured")),
    "circuit_closed": BadgeStyle("good", "check", _("reachable")),
    "circuit_open": BadgeStyle("bad", "stop", _("left alone")),
    # what goes out
    "waiting": BadgeStyle("calm", "hourglass", _("waiting")),
    "delivered": BadgeStyle("good", "check", _("delivered")),
    "dead": BadgeStyle("bad", "cross", _("dead")),
    "missing": BadgeStyle("bad", "cross", _("missing there")),
    "failing": BadgeStyle("warn", "flag", _("failing")),
    "removed": BadgeStyle("calm", "stop", _("removed")),
    # backups
    "making": BadgeStyle("info", "play", _("being made")),
    "kept": BadgeStyle("calm", "file", _("kept")),
    "proven": BadgeStyle("good", "check", _("proven")),
    "not_proven": BadgeStyle("warn", "question", _("not proven")),
    "not_whole": BadgeStyle("bad", "cross", _("not whole")),
    # orders, people, tokens, processes
    "awaiting_payment": BadgeStyle("calm", "hourglass", _("awaiting payment")),
    "in_progress": BadgeStyle("info", "play", _("in progress")),
    "completed": BadgeStyle("good", "check", _("completed")),
    "declined": BadgeStyle("bad", "cross", _("declined")),
    "cancelled": BadgeStyle("calm", "cross", _("cancelled")),
    "active": BadgeStyle("good", "check", _("active")),
    "checking": BadgeStyle("info", "play", _("being checked")),
    "checked": BadgeStyle("warn", "eye", _("waits for you")),
    "unusable": BadgeStyle("bad", "cross", _("can't be used")),
    "loading": BadgeStyle("info", "play", _("being imported")),
    "loaded": BadgeStyle("good", "check", _("imported")),
    "stopped": BadgeStyle("bad", "stop", _("stopped")),
    "discarded": BadgeStyle("calm", "cross", _("discarded")),
    "came": BadgeStyle("good", "check", _("accepted")),
    "disabled": BadgeStyle("calm", "stop", _("disabled")),
    "revoked": BadgeStyle("calm", "stop", _("revoked")),
    "alive": BadgeStyle("good", "check", _("alive")),
    "silent": BadgeStyle("bad", "question", _("silent")),
    "on": BadgeStyle("good", "check", _("on")),
    "off": BadgeStyle("calm", "dot", _("off")),
    "verified": BadgeStyle("good", "check", _("verified")),
    "needs_review": BadgeStyle("warn", "eye", _("in review")),
    "suspended": BadgeStyle("bad", "stop", _("suspended")),
    "pending": BadgeStyle("calm", "hourglass", _("pending")),
    "won": BadgeStyle("good", "check", _("won")),
    "accepted": BadgeStyle("warn", "return", _("accepted")),
    "open": BadgeStyle("warn", "flag", _("open")),
    "settled_otherwise": BadgeStyle("good", "check", _("settled otherwise")),
    # payouts, refunds, deliveries, webhooks
    "sending": BadgeStyle("warn", "question", _("being sent")),
    "sent": BadgeStyle("info", "forward", _("sent")),
    "reversed": BadgeStyle("bad", "return", _("reversed")),
    "processing": BadgeStyle("info", "play", _("processing")),
    "processed": BadgeStyle("good", "check", _("processed")),
    "received": BadgeStyle("calm", "inbox", _("received")),
    "handled": BadgeStyle("good", "check", _("handled")),
    "ignored": BadgeStyle("calm", "skip", _("ignored")),
    "done": BadgeStyle("good", "check", _("done")),
    # canned replies
    "shared": BadgeStyle("info", "people", _("shared")),
    "own": BadgeStyle("calm", "lock", _("own")),
}


_ICON = Markup('<svg class="icon" aria-hidden="true"><use href="%s#%s"/></svg>')
_BADGE = Markup('<span class="badge %s">%s%s</span>')


def icon(name: str) -> Markup:
    """An icon of ours; decoration only, the word beside it says the same."""
    return _ICON % (static_address("icons.svg"), name)


def badge(state: Any, word: Any = None, tone: str | None = None, symbol: str | None = None) -> Markup:
    """A state as icon, word and colour; any of them may be given anew."""
    key = str(getattr(state, "value", state))
    look = BADGES.get(key) or BadgeStyle("calm", "dot", key.replace("_", " "))
    text = gettext(str(look.word)) if word is None else word
    return _BADGE % (tone or look.tone, icon(symbol or look.icon), text)
