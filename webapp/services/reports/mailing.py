"""Letters with a report: one to each subscriber, in their zone, with its files attached when it is sent."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from webapp.domain.instants import format_instant
from webapp.domain.money.formatting import localized
from webapp.domain.words import phrase
from webapp.errors import Unavailable
from webapp.models import Report, ReportRecipient, User
from webapp.services.common import lookup
from webapp.services.notifications.messages import context, recipients, templates
from webapp.services.notifications.messages.outgoing import Message, write_all
from webapp.services.reports import reports, subscriptions
from webapp.settings import Settings
from webapp.sql import insert_new

KIND = "staff.report"
_LOCALE = "en"


def write(session: Session, report_id: int, user_id: int, *, at: datetime, settings: Settings) -> bool:
    """Write the letter to one person; False when it was written before, to whatever address.

    Raises Unavailable where no letter can be sent.
    """
    person = lookup.by_id(session, User, user_id, "user")
    to = recipients.of_person(person.email, settings)
    if to is None:
        raise Unavailable(phrase("No mail server is set, so the report can't be sent: set SMTP_URL."))
    # The row, and not the letter's key, says that it was: letters go to the archive, and addresses change.
    row = insert_new(session, ReportRecipient).values(report_id=report_id, user_id=user_id, at=at)
    if session.scalars(row.on_conflict_do_nothing().returning(ReportRecipient.user_id)).one_or_none() is None:
        return False
    report = reports.get(session, report_id)
    text = templates.write(KIND, _fields(report, person, settings))
    write_all(
        session,
        [Message(subscriptions.letter_key(report_id, user_id), to, KIND, (subscriptions.SUBJECT, report_id), text)],
        at,
    )
    return True


def _fields(report: Report, person: User, settings: Settings) -> dict[str, Any]:
    return {
        "name": person.name,
        "report": reports.heading_of(report).title,
        "made": format_instant(report.made_at, ZoneInfo(person.zone)),
        "figures": "\n".join(_lines(report)) or "No money was held or moved.",
        "link": context.link(settings, f"/reports/{report.id}"),
        "end": context.link(settings, "/reports/"),
    }


def _lines(report: Report) -> list[str]:
    lines = []
    for each in reports.figures_of(report).currencies:
        held, moved = localized(each.held_at_end, each.currency, _LOCALE), each.moved
        out = [localized(amount, each.currency, _LOCALE) for amount in (moved.released, moved.refunded, moved.fees)]
        lines.append(f"{held} held at the end; {out[0]} released, {out[1]} refunded, {out[2]} of fees.")
    return lines
