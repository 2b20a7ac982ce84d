"""Which payouts had been paid: what comes back of those is told in other words than what never went."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.models import Audit, Event
from webapp.sql import one_of

_PAID = ("payout.succeed", "payout.mark_paid", "payout.confirm", "payout.claw_back", "payout.write_off")


def read(session: Session, events: Sequence[Event], schedules: Mapping[int, Any]) -> dict[int, datetime]:
    """Of the payouts that failed or came back by these events, since when each counted as paid, if it did.

    `schedules` are those of the events, by number: a schedule fails by its present payout.
    """
    ids = {event.subject_id for event in events if event.type in ("payout.failed", "payout.reversed")}
    ids |= {row.payout_id for row in schedules.values() if row.payout_id is not None}
    if not ids:
        return {}
    mine = (Audit.subject_kind == "payout", one_of(session, Audit.subject_id, sorted(ids)), Audit.action.in_(_PAID))
    rows = select(Audit.subject_id, func.min(Audit.at).label("at")).where(*mine).group_by(Audit.subject_id)
    return {row.subject_id: row.at for row in session.execute(rows)}
